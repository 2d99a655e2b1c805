"""Devices and precisions of a training, and which of them ``auto`` chooses."""

from contextlib import AbstractContextManager

import torch

from ecgapp.errors import InterruptedTrainingError


def devices() -> tuple[str, ...]:
    """Every device of this machine, the fastest first: ``cuda:0``, ..., ``cpu``."""
    return (*(f"cuda:{index}" for index in range(torch.cuda.device_count())), "cpu")


def resolve_device(name: str, rank: int = 0) -> torch.device:
    """The device of this name; ``auto`` is the fastest. Of several joined by ``+`` each process has its own.

    Raises:
        InterruptedTrainingError: this machine has no such device; a training may go on where there is one.
    """
    if name == "auto":
        name = "+".join(gpus()) or "cpu"
    parts = name.split("+")
    part = parts[rank % len(parts)]
    if part not in devices():
        raise InterruptedTrainingError(f"This machine has no device {part}; it has {', '.join(devices())}.")
    return torch.device(part)


def gpus() -> tuple[str, ...]:
    """Every GPU of this machine."""
    return tuple(device for device in devices() if device != "cpu")


def device_choices() -> tuple[str, ...]:
    """The choices of one training: each device, and all GPUs together if there are several."""
    together = ("+".join(gpus()),) if len(gpus()) > 1 else ()
    return (*together, *devices())


def n_devices(name: str) -> int:
    """The number of processes that train on the device of this name: one on each of those joined by ``+``."""
    return name.count("+") + 1


def resolve_precision(name: str, device: torch.device) -> torch.dtype:
    """The dtype of this precision; ``auto`` is bfloat16 if the processor multiplies in it, else float32."""
    if name == "auto":
        return torch.bfloat16 if _multiplies_bfloat16(device) else torch.float32
    return torch.bfloat16 if name == "bf16" else torch.float32


def autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager[None]:
    """Forward passes inside run in ``precision``; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == torch.bfloat16)


def _multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies in bfloat16; otherwise it is emulated, and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
