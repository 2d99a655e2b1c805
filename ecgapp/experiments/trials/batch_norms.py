"""Batch norms of random networks, with the mean and variance of real windows."""

import torch
from torch import Tensor, nn


def measure_norms(network: nn.Module, windows: Tensor) -> None:
    """Give the batch norms of ``network`` the mean and variance that they have on these windows.

    Random weights need it: with mean 0 and variance 1 the signal dies out from layer to layer. Dropout stays
    off, and the network answers as in evaluation afterwards.
    """
    network.eval()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all that is seen
        norm.train()
    with torch.no_grad():
        network(windows)
    network.eval()
