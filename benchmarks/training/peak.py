"""The machine's peak performance, measured, and the share of it that a training step reaches.

The peak is that of convolutions alone, forward and backward, over the shapes of ``SHAPES``: nothing
that the networks do beside them. The roofline (Williams et al. 2009, doi 10.1145/1498765.1498785) lets
each convolution run at the peak, or as fast as its inputs and outputs can be read and written once.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

_WINDOWS = 64  # in a batch of the measured convolutions
_COPIED = 256 << 20  # bytes, more than any cache holds
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)
_FORWARD, _BACKWARD = "aten::convolution", "aten::convolution_backward"


@dataclass(frozen=True)
class Shape:
    """A convolution of ``c_in`` to ``c_out`` channels, ``kernel`` wide, over ``length`` time steps."""

    c_in: int
    c_out: int
    kernel: int
    length: int

    def flops(self, batch: int) -> int:
        """The FLOPs of forward and backward pass: a multiplication and an addition count as two."""
        return 3 * 2 * batch * self.length * self.kernel * self.c_in * self.c_out


SHAPES = (
    Shape(64, 64, 9, 256),
    Shape(96, 96, 5, 128),
    Shape(128, 128, 9, 128),
    Shape(128, 128, 5, 64),
    Shape(256, 256, 5, 64),
)
FOR_GPUS = (Shape(512, 512, 9, 512), Shape(1024, 1024, 5, 256))  # large enough to fill one


@dataclass(frozen=True)
class Machine:
    """Two measured limits: FLOP/s of convolutions, and bytes/s of a copy (read and written)."""

    peak: float
    bandwidth: float

    def seconds(self, flops: float, moved: float) -> float:
        """The least time for so much arithmetic on so many bytes: the roofline."""
        return max(flops / self.peak, moved / self.bandwidth)


def now(device: torch.device) -> float:
    """The time after the device has finished all queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def fastest(action: Callable[[], object], device: torch.device, times: int) -> float:
    """Seconds of the fastest of so many calls, after one to warm up."""
    action()
    spent = []
    for _ in range(times):
        started = now(device)
        action()
        spent.append(now(device) - started)
    return min(spent)


def convolution_rate(
    shape: Shape, dtype: torch.dtype, device: torch.device, batch: int = _WINDOWS, times: int = 5
) -> float:
    """FLOP/s of one convolution in channels-last, forward and backward."""
    options = {"dtype": dtype, "device": device}
    x = torch.randn(batch, shape.c_in, 1, shape.length, **options)  # type: ignore[call-overload]
    weight = torch.randn(shape.c_out, shape.c_in, 1, shape.kernel, **options)  # type: ignore[call-overload]
    x, weight = (t.to(memory_format=torch.channels_last).requires_grad_() for t in (x, weight))

    def there_and_back() -> None:
        x.grad = weight.grad = None
        answer = F.conv2d(x, weight, padding=(0, shape.kernel // 2))
        answer.backward(torch.ones_like(answer))

    return shape.flops(batch) / fastest(there_and_back, device, times)


def copy_rate(device: torch.device, size: int = _COPIED, times: int = 5) -> float:
    """Bytes/s that a copy reads and writes together."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / fastest(lambda: target.copy_(source), device, times)


def measured(
    dtype: torch.dtype, device: torch.device, batch: int = _WINDOWS, shapes: Sequence[Shape] = SHAPES
) -> Machine:
    """This machine now: the best of the shapes, on a GPU of larger ones too, and a copy."""
    if device.type == "cuda":
        shapes = (*shapes, *FOR_GPUS)
    peak = max(convolution_rate(shape, dtype, device, batch) for shape in shapes)
    return Machine(peak, copy_rate(device))


@dataclass(frozen=True)
class Work:
    """The work of a training step of a network: FLOPs, those of convolutions, and the roofline's time."""

    flops: float
    convolution_flops: float
    least_seconds: float


def work(network: nn.Module, windows: Tensor, machine: Machine, bytes_each: int) -> Work:
    """The work of forward and backward pass over ``windows``, with ``bytes_each`` per value."""
    least: list[float] = []

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], answer: Tensor) -> None:
        swept = inputs[0] if isinstance(layer, nn.ConvTranspose2d) else answer
        size = layer.get_parameter("weight").numel()
        moved = inputs[0].numel() + answer.numel() + size
        least.append(machine.seconds(3 * 2 * size * swept.numel() / swept.shape[1], 3 * bytes_each * moved))

    hooks = [
        layer.register_forward_hook(note) for layer in network.modules() if isinstance(layer, CONVOLUTIONS)
    ]
    with FlopCounterMode(display=False) as counter:
        network(windows).square().mean().backward()
    network.zero_grad()
    for hook in hooks:
        hook.remove()
    counts = counter.get_flop_counts()["Global"]
    convolutions = sum(n for name, n in counts.items() if "convolution" in str(name))
    return Work(counter.get_total_flops(), convolutions, sum(least))


def convolution_seconds(step: Callable[[], object], device: torch.device, times: int = 5) -> float:
    """Seconds that convolutions take of one step, as the profiler sees them."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    step()
    with profile(activities=activities) as profiler:
        for _ in range(times):
            step()
    spent = [entry for entry in profiler.key_averages() if entry.key in (_FORWARD, _BACKWARD)]
    micro = sum(entry.device_time_total if on_gpu else entry.cpu_time_total for entry in spent)
    return micro * 1e-6 / times
