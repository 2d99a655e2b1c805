"""Results by key, each computed once, also if several threads ask for one at the same time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import TypeVar

MOST_HEAVY = 32  # heavy results that are held: those used last
T = TypeVar("T")


class ComputedResults:
    """Computed results by key. Errors are not held: the next call computes anew.

    A thread that asks for a result while another one computes it waits for that one. Of heavy results the
    ``most_heavy`` used last are held; all others stay as long as this object.
    """

    def __init__(self, most_heavy: int = MOST_HEAVY) -> None:
        self._values: dict[Hashable, object] = {}
        self._heavy: OrderedDict[Hashable, None] = OrderedDict()  # the one used last at the end
        self._locks: dict[Hashable, RLock] = {}  # type: ignore[valid-type]  # RLock is a function
        self._most_heavy = most_heavy
        self._lock = Lock()  # of the three above, never held while something is computed

    def once(self, key: Hashable, compute: Callable[[], T], heavy: bool = False) -> T:
        """Return the result under ``key``; ``compute()`` makes it if it is not held."""
        with self._lock:
            computing = self._locks.setdefault(key, RLock())
        with computing:
            with self._lock:
                if key in self._values:
                    if key in self._heavy:
                        self._heavy.move_to_end(key)
                    held: T = self._values[key]  # type: ignore[assignment]
                    return held
            value = compute()
            self.add(key, value, heavy)
            return value

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._values

    def add(self, key: Hashable, value: object, heavy: bool = False) -> None:
        """Hold ``value`` under ``key``, unless there is a result already."""
        with self._lock:
            self._values.setdefault(key, value)
            if heavy:
                self._heavy.setdefault(key)
                while len(self._heavy) > self._most_heavy:
                    oldest, _ = self._heavy.popitem(last=False)
                    del self._values[oldest]
                    self._locks.pop(oldest, None)
