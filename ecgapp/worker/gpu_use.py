"""The use of a training's GPUs, as far as its first process can measure it."""

import sys
from collections.abc import Sequence
from contextlib import suppress

from ecgapp.jobs import metric_names

_MEBIBYTE = 2**20


def gpu_use(devices: Sequence[str]) -> dict[str, float]:
    """Memory in MiB and load in percent; empty for a CPU, and before the training has begun.

    On one GPU the memory is what this training has reserved on it. What the other processes have reserved on
    theirs only the driver knows, and only for a whole GPU: on several it is the memory in use by anyone,
    summed. The load is the mean over whole GPUs. Both need the driver's Python binding.
    """
    torch = sys.modules.get("torch")  # not imported for this: the training does, when it is time
    if torch is None or not devices[0].startswith("cuda") or not torch.cuda.is_initialized():
        return {}
    use = {}
    if len(devices) == 1:
        use[metric_names.GPU_MEMORY] = torch.cuda.memory_reserved(devices[0]) / _MEBIBYTE
    with suppress(Exception):  # the binding is not installed, or says no in its own way
        if len(devices) > 1:
            taken = sum(torch.cuda.device_memory_used(device) for device in devices)
            use[metric_names.GPU_MEMORY] = taken / _MEBIBYTE
        use[metric_names.GPU_PERCENT] = sum(torch.cuda.utilization(device) for device in devices) / len(
            devices
        )
    return use
