"""Shares the error that ended one process of a team with the others.

Otherwise they would only notice that it is gone, and start again what fails again. Those that wait for it
within a GPU's library do not even notice that, so a thread reads the shared error beside them.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ecgapp.errors import EcgAppError, TrainingError, training_error

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

_KEY = "why it ended"
_HELPS, _FAILS = "+", "-"  # before the sentence: what a resume would do
_LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 10.0  # what a process may take to see by itself that another has left


class ErrorBoard:
    """The error of one process, which every process of a team can read in torch's key-value ``store``."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def write(self, error: EcgAppError) -> None:
        """Share the error's sentence, before this process ends; the first that is shared stays."""
        with suppress(RuntimeError):  # the store is gone with its process
            self._store.compare_set(_KEY, "", f"{_HELPS if error.resume_helps else _FAILS}{error}")

    def read(self) -> TrainingError | None:
        """The shared error; None if there is none, or if the store is gone."""
        try:
            text = self._store.get(_KEY).decode() if self._store.check([_KEY]) else ""
        except RuntimeError:  # torch's own kinds of it
            return None
        return training_error(text[1:], text[0] == _HELPS) if text else None

    def watch(self, give_up: Callable[[TrainingError], None], over: threading.Event) -> None:
        """Call ``give_up``, on a thread, with a shared error if ``over`` is not set soon after it."""

        def watch() -> None:
            while not over.wait(_LOOK_SECONDS):
                error = self.read()
                if error is not None and not over.wait(PATIENCE_SECONDS):
                    return give_up(error)

        threading.Thread(target=watch, name="board", daemon=True).start()
