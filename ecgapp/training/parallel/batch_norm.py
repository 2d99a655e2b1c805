"""Batch norms over the examples of all processes, as if one process saw the whole batch."""

from typing import Any

import torch
from torch import Tensor, distributed, nn


class _Sum(torch.autograd.Function):
    """The sum over all processes, of values forwards and of gradients backwards."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:  # noqa: ANN401 - autograd's own
        summed = value.clone()
        distributed.all_reduce(summed)
        return summed

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]  # noqa: ANN401
        summed = gradient.contiguous().clone()
        distributed.all_reduce(summed)
        return summed


class GlobalBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over all processes on CPUs, where ``SyncBatchNorm`` refuses to run.

    Every process has equally many examples.
    """

    processes: int = 1

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        n = values.numel() // values.shape[1] * self.processes
        mean = self._total(values.sum((0, 2, 3))) / n
        variance = self._total((values - mean[:, None, None]).square().sum((0, 2, 3))) / n
        self._follow(mean.detach(), variance.detach() * n / (n - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (values * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]).to(x.dtype)

    def _total(self, value: Tensor) -> Tensor:
        summed: Tensor = _Sum.apply(value)  # type: ignore[no-untyped-call]
        return summed

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is not None and self.running_var is not None:
            share = self.momentum or 0.1
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(variance, share)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)


def synchronise(network: nn.Module, device: torch.device, processes: int) -> nn.Module:
    """The network with batch norms over so many processes; weights and their names stay the same."""
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, _global(child, processes))
    return network


def _global(norm: nn.BatchNorm2d, processes: int) -> GlobalBatchNorm2d:
    copy = GlobalBatchNorm2d(norm.num_features, norm.eps, norm.momentum)
    copy.processes = processes
    copy.weight, copy.bias = norm.weight, norm.bias
    copy.running_mean, copy.running_var = norm.running_mean, norm.running_var
    copy.num_batches_tracked = norm.num_batches_tracked
    return copy
