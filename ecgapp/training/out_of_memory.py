"""Memory: what a training frees stays with its process, and a lack of it has one name on every device."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc
_EVERYTHING, _AT_A_TIME = 1 << 30, 64 << 20  # bytes
_FULL = "DefaultCPUAllocator"  # in what torch says of a main memory that is full
NO_MEMORY = "The device has too little memory. Choose a smaller batch size."


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed; whether it does.

    glibc hands large tensors back to the system as soon as they are freed, and gets fresh pages for the
    next, each zeroed on its first touch: ten thousand page faults in a step of the shipped autoencoders,
    a tenth to a third of its time. Kept memory costs none; its peak is the same. Other
    C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    options = ((_MMAP_THRESHOLD, _EVERYTHING), (_TRIM_THRESHOLD, _EVERYTHING), (_TOP_PAD, _AT_A_TIME))
    return all([mallopt(option, value) for option, value in options])


@contextmanager
def memory_named_alike() -> Iterator[None]:
    """What Python, and torch on a CPU, raise for too little memory becomes what torch raises on a GPU.

    Raises:
        torch.OutOfMemoryError: there was too little memory.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or _FULL in str(error):
            raise torch.OutOfMemoryError(str(error)) from error
        raise
