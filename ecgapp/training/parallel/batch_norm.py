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


class _GlobalBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm over all processes on CPUs, where ``SyncBatchNorm`` refuses to run.

    Every process has equally many examples.
    """

    processes: int = 1

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        n = values.numel() // values.shape[1] * self.processes
        others = (0, *range(2, values.ndim))  # all axes but that of the channels
        by_channel = (-1, *(1,) * (values.ndim - 2))
        mean = self._total(values.sum(others)) / n
        variance = self._total((values - mean.view(by_channel)).square().sum(others)) / n
        self._follow(mean.detach(), variance.detach() * n / (n - 1))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (values * scale.view(by_channel) + (self.bias - mean * scale).view(by_channel)).to(x.dtype)

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


class GlobalBatchNorm1d(_GlobalBatchNorm, nn.BatchNorm1d):
    """Batch norm of (batch, channels) or (batch, channels, time) over all processes."""


class GlobalBatchNorm2d(_GlobalBatchNorm, nn.BatchNorm2d):
    """Batch norm of (batch, channels, height, time) over all processes."""


_GLOBAL: dict[type[nn.Module], type[_GlobalBatchNorm]] = {
    nn.BatchNorm1d: GlobalBatchNorm1d,
    nn.BatchNorm2d: GlobalBatchNorm2d,
}


def synchronise(network: nn.Module, device: torch.device, processes: int) -> nn.Module:
    """The network with batch norms over so many processes; weights and their names stay the same."""
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(parent, name, _global(child, processes))
    return network


def _global(norm: nn.BatchNorm1d | nn.BatchNorm2d, processes: int) -> _GlobalBatchNorm:
    copy = _GLOBAL[type(norm)](norm.num_features, norm.eps, norm.momentum)
    copy.processes = processes
    copy.weight, copy.bias = norm.weight, norm.bias
    copy.running_mean, copy.running_var = norm.running_mean, norm.running_var
    copy.num_batches_tracked = norm.num_batches_tracked
    return copy
