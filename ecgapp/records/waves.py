"""One wave of a heartbeat, as it is known, marked by hand, or found."""

from dataclasses import dataclass

WAVES = ("P", "QRS", "T")


@dataclass(frozen=True)
class Wave:
    """``kind`` is one of ``WAVES``, times in s from the record's start."""

    kind: str
    onset: float
    peak: float
    offset: float
