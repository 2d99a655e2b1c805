"""What of two recordings makes a change between their findings doubtful."""

from collections.abc import Mapping, Sequence

from ecgapp.analysis.doubts import doubts, doubts_all
from ecgapp.analysis.ecg_comparison import FindingChange
from ecgapp.signals import RecordQuality
from ecgapp.ui.compare.slots import Held


def marks(both: Mapping[str, Held], changes: Sequence[FindingChange]) -> dict[str, str]:
    """For each class that is doubtful in one ECG or in both, which ones: ``⚠ earlier and later``."""
    found = {}
    for change in changes:
        slots = [slot for slot, one in both.items() if doubts(change.label, _quality(one))]
        if slots:
            found[change.label] = f"⚠ doubtful {' and '.join(slots)}"
    return found


def sentences(both: Mapping[str, Held], changes: Sequence[FindingChange]) -> list[str]:
    """Why, for each class and ECG in which it is above its threshold, or was in the other one."""
    return [
        f"**{change.label}**, {slot} ECG: {said}"
        for change in changes
        if change.earlier.positive or change.later.positive
        for slot, one in both.items()
        if (said := doubts(change.label, _quality(one)))
    ]


def headline(both: Mapping[str, Held]) -> str:
    """What makes everything doubtful that is said of an ECG, in a sentence for each."""
    told = {slot: doubts_all(_quality(one)) for slot, one in both.items()}
    return " ".join(f"{slot.capitalize()} ECG: {said}" for slot, said in told.items() if said)


def _quality(one: Held) -> RecordQuality:
    return one.ecg.quality
