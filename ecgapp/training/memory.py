"""Memory that a training frees stays with its process, for the next step needs the same again."""

import ctypes
import platform

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc
_EVERYTHING, _AT_A_TIME = 1 << 30, 64 << 20  # bytes


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
