"""One wave of a heartbeat: P, QRS complex or T."""

from dataclasses import dataclass

WAVES = ("P", "QRS", "T")


@dataclass(frozen=True)
class Wave:
    """A wave of a ``kind`` in ``WAVES``; times in s from the record's start."""

    kind: str
    onset: float
    peak: float
    offset: float
