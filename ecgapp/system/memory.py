"""Memory that a network's run has freed, given back to the system.

Each run of a page is a thread, and glibc keeps what a thread has freed for the next one: after a few
records that was 200 MB of nothing. Giving it back takes a few milliseconds.
"""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back_freed() -> None:
    """Return freed memory to the system, where the C library can."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's ``malloc_trim``, or None on Windows, macOS and musl."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return found
