"""What a process says to the others before it leaves them: why there is nothing more to train.

Otherwise they would only see that it is gone, and start again what fails again. Those that wait for it
within a GPU's library do not even see that, so a thread looks beside them.
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


class Board:
    """One error that every process of a team can read, over ``store``, a key-value store of torch's."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def write(self, error: EcgAppError) -> None:
        """Leave its sentence, before this process leaves; the first that is left stays."""
        with suppress(RuntimeError):  # the store is gone with its process
            self._store.compare_set(_KEY, "", f"{_HELPS if error.resume_helps else _FAILS}{error}")

    def read(self) -> TrainingError | None:
        """What another left; None where there is nothing, or the store went with it."""
        try:
            told = self._store.get(_KEY).decode() if self._store.check([_KEY]) else ""
        except RuntimeError:  # torch's own kinds of it
            return None
        return training_error(told[1:], told[0] == _HELPS) if told else None

    def watch(self, give_up: Callable[[TrainingError], None], over: threading.Event) -> None:
        """On a thread, call ``give_up`` with what another left where ``over`` does not come soon after it."""

        def watch() -> None:
            while not over.wait(_LOOK_SECONDS):
                error = self.read()
                if error is not None and not over.wait(PATIENCE_SECONDS):
                    return give_up(error)

        threading.Thread(target=watch, name="board", daemon=True).start()
