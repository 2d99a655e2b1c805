"""Main memory: how much is free, what is done with freed memory, and how a lack of it is recognised.

A page returns freed memory to the system, a training keeps it. Each run of a page is a thread, and glibc
keeps what a thread has freed for the next one: after a few records that was 200 MB of nothing. Giving it back
takes a few milliseconds.
"""

import ctypes
import platform
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psutil

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc
_EVERYTHING, _AT_A_TIME = 1 << 30, 64 << 20  # bytes
_TORCH_ON_CPU = "DefaultCPUAllocator"  # in the message of torch's RuntimeError when main memory is full


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, or torch on a device or on the CPU, had too little memory."""
    named = type(error).__name__ == "OutOfMemoryError"  # by name, as torch may not be imported yet
    return isinstance(error, MemoryError) or named or _TORCH_ON_CPU in str(error)


_GROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def free_memory(groups: Path = _GROUPS, own: Path = _OWN_GROUPS) -> int:
    """The bytes that this process and its children may still take: of the machine, and of its limits.

    Containers and Slurm set limits by control groups of version 1 or 2, which the machine's figure ignores.
    """
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups(groups, own)]))


def _left_in_groups(groups: Path, own: Path) -> Iterator[int]:
    """Yields what is left of the limit of each control group that this process is in."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, controllers, place in (line.split(":", 2) for line in lines):
        if controllers == "":
            top, limit, usage = groups, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            top, limit, usage = groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        folder = top / place.strip("/")
        for each in (folder, *folder.parents):
            if each.is_relative_to(top):
                yield from _left(each / limit, each / usage, each / "memory.stat")


def _left(limit: Path, usage: Path, numbers: Path) -> Iterator[int]:
    """Yields the limit minus the usage; nothing if there is no limit.

    Pages of files that were not used for a while count as free: the system drops them when it must.
    """
    try:
        stat = dict(line.split() for line in numbers.read_text().splitlines())
        cached = int(stat.get("total_inactive_file", stat.get("inactive_file", 0)))
        yield int(limit.read_text()) - int(usage.read_text()) + cached
    except (OSError, ValueError):  # there is no such group, or its limit is "max"
        return


def give_back_freed() -> None:
    """Return freed memory to the system, where the C library can."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """The function ``malloc_trim`` of glibc, or None on Windows, macOS and musl."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return trim


def keep_freed_memory() -> bool:
    """Let the C library keep what this process frees. Returns whether it does.

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
