"""Which items are shown, and in which order: by urgency, by uncertainty, or by number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecgapp.worklist.item import REFUSED, WITHHELD, Item
from ecgapp.worklist.urgency import NOW, level, uncertainty, urgency

BY_URGENCY, BY_UNCERTAINTY, BY_NUMBER = "urgency", "uncertainty", "number"
SORTS = (BY_URGENCY, BY_UNCERTAINTY, BY_NUMBER)
CRITICAL_FIRST = "critical first"  # the order of those who read first: nothing else may be told by it


@dataclass(frozen=True)
class Wish:
    """What the reader asked for; an empty choice lets everything through."""

    sort: str = BY_URGENCY
    labels: tuple[str, ...] = ()  # one of them above its threshold
    states: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    batch: int | None = None
    unopened: bool = False


def arranged(items: Iterable[Item], wish: Wish) -> tuple[Item, ...]:
    """The items that ``wish`` asks for, in its order; the lower number first where two are equal."""
    return tuple(sorted((item for item in items if _fits(item, wish)), key=_KEYS[wish.sort]))


def _fits(item: Item, wish: Wish) -> bool:
    above = {score.label for score in item.above}
    return (
        (not wish.labels or not above.isdisjoint(wish.labels))
        and (not wish.states or item.state in wish.states)
        and (not wish.levels or level(item) in wish.levels)
        and (wish.batch is None or item.batch == wish.batch)
        and not (wish.unopened and item.opened is not None)
    )


def _highest_first(figure: float | None, item: Item) -> tuple[float, int]:
    """What waits stands last."""
    return (1.0 if figure is None else -figure, item.number)


def _by_uncertainty(item: Item) -> tuple[float, int]:
    """What no network could judge is the least certain of all."""
    return _highest_first(2.0 if item.state in (REFUSED, WITHHELD) else uncertainty(item), item)


def _critical_first(item: Item) -> tuple[float, int]:
    """Critical findings and what may be a standstill first, the most dangerous first; others by number."""
    return _highest_first(urgency(item) if level(item) == NOW else None, item)


_KEYS: dict[str, Callable[[Item], tuple[float, int]]] = {
    BY_URGENCY: lambda item: _highest_first(urgency(item), item),
    BY_UNCERTAINTY: _by_uncertainty,
    BY_NUMBER: lambda item: (0.0, item.number),
    CRITICAL_FIRST: _critical_first,
}
