"""The means and variances of batch norms, measured: a network of random weights needs them as a control.

A fresh batch norm assumes the mean 0 and the variance 1. Random weights do not keep them, so that the signal
dies out, or grows, from layer to layer, and such an encoder would be a weaker control than it has to be.
"""

import numpy as np
import torch
from torch import Tensor, nn

from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.devices import resolve_device

NORM_RECORDS = 128  # whose first windows are one batch


def measure_norms(network: nn.Module, windows: Tensor) -> None:
    """Give all batch norms the mean and the variance that they see in one batch of windows.

    All else stays as in inference: a dropout is off. ``windows`` are on the network's device.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all that is seen
        norm.train()
    with torch.no_grad():
        network(windows)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def measure_norms_on(network: nn.Module, records: RecordSet, train: Rows, device: str = "cpu") -> None:
    """Measure the batch norms on the first windows of up to ``NORM_RECORDS`` training records."""
    some = np.linspace(0, len(train) - 1, min(len(train), NORM_RECORDS)).round().astype(np.int64)
    place = resolve_device(device)
    windows = records.cut(records.first[train[some]].tolist()).to(place)
    measure_norms(network.to(place), windows)
