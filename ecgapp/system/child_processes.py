"""Child processes of a pool: clean ones that end with the process that they work for."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.context import BaseContext
from typing import Any


def clean_context(preload: Sequence[str]) -> BaseContext:
    """The way to start processes without the threads of this one.

    On systems with fork servers each process is a copy of one that has imported the modules ``preload``.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def begin_child(*ends: Any) -> None:  # noqa: ANN401 - connections of the system's own kind
    """Let this process end with its parent, or when one of the pipes ``ends`` is closed; ignore Ctrl-C.

    A terminal sends Ctrl-C to all processes; the parent decides what it means.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(ends,), daemon=True).start()


def _end_with(ends: Sequence[Any]) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel, *ends])
        os._exit(1)
