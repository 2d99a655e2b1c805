"""Filters and orders of the worklist: by urgency, by uncertainty, or by number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecgapp.analysis.outcomes import REFUSED, WITHHELD
from ecgapp.worklist.item import Item
from ecgapp.worklist.urgency import NOW, level, uncertainty, urgency

BY_URGENCY, BY_UNCERTAINTY, BY_NUMBER = "urgency", "uncertainty", "number"
SORTS = (BY_URGENCY, BY_UNCERTAINTY, BY_NUMBER)
CRITICAL_FIRST = "critical first"  # the order in read-first mode, which must not reveal other findings


@dataclass(frozen=True)
class ListView:
    """The reader's filters and order; an empty filter passes all items."""

    sort: str = BY_URGENCY
    labels: tuple[str, ...] = ()  # one of them above its threshold
    states: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    batch: int | None = None
    unopened: bool = False


def arranged(items: Iterable[Item], wish: ListView) -> tuple[Item, ...]:
    """The items that pass the filters of ``wish``, in its order, then by number."""
    return tuple(sorted((item for item in items if _fits(item, wish)), key=_KEYS[wish.sort]))


def _fits(item: Item, wish: ListView) -> bool:
    above = {score.label for score in item.above}
    return (
        (not wish.labels or not above.isdisjoint(wish.labels))
        and (not wish.states or item.state in wish.states)
        and (not wish.levels or level(item) in wish.levels)
        and (wish.batch is None or item.batch == wish.batch)
        and not (wish.unopened and item.opened is not None)
    )


def _highest_first(figure: float | None, item: Item) -> tuple[float, int]:
    """The sort key that puts the highest value first and items without a value last."""
    return (1.0 if figure is None else -figure, item.number)


def _by_uncertainty(item: Item) -> tuple[float, int]:
    """The sort key by uncertainty; items that no network could judge are the most uncertain."""
    return _highest_first(2.0 if item.state in (REFUSED, WITHHELD) else uncertainty(item), item)


def _critical_first(item: Item) -> tuple[float, int]:
    """The sort key that puts critical findings first, the worst at the top, and others by number."""
    return _highest_first(urgency(item) if level(item) == NOW else None, item)


_KEYS: dict[str, Callable[[Item], tuple[float, int]]] = {
    BY_URGENCY: lambda item: _highest_first(urgency(item), item),
    BY_UNCERTAINTY: _by_uncertainty,
    BY_NUMBER: lambda item: (0.0, item.number),
    CRITICAL_FIRST: _critical_first,
}
