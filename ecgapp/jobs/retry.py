"""Trying again to write while the database is locked or the disk is full."""

import time
from collections.abc import Callable
from typing import TypeVar

from ecgapp.errors import StorageError
from ecgapp.jobs.time_limits import Timing

T = TypeVar("T")


def retried(act: Callable[[], T], timing: Timing) -> T:
    """The result of ``act``, which is called again after a ``StorageError``.

    Raises:
        StorageError: it failed for ``timing.storage`` seconds.
    """
    limit = time.monotonic() + timing.storage
    while True:
        try:
            return act()
        except StorageError:
            if time.monotonic() > limit:
                raise
        time.sleep(timing.retry)
