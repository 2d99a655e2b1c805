"""The ST level against the PR segment, and its change by a filter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord

AFTER_R, BEFORE_R = 0.11, 0.08  # s: J + 60 ms, with J 50 ms behind the R peak; and the PR segment
AROUND = 0.01  # s on either side over which a level is averaged
MILLIMETRES = 10.0  # per mV, the unit of ST in sentences
MOST_SHIFT = 0.05  # mV, 0.5 mm: a larger change in ST gives a warning


@dataclass(frozen=True)
class StChange:
    """The ST level of one lead in mV, as recorded and as filtered."""

    lead: str
    recorded: float
    filtered: float

    @property
    def large(self) -> bool:
        """Whether the change is large enough for a warning."""
        return abs(self.filtered - self.recorded) > MOST_SHIFT


def st_changes(record: ECGRecord, filtered: ECGRecord, beats: Sequence[float]) -> tuple[StChange, ...]:
    """The ST levels of each lead of ``filtered`` and of ``record``; ``beats`` are R peaks in seconds."""
    levels = (dict(zip(one.leads, st_levels(one, beats), strict=True)) for one in (record, filtered))
    before, after = levels
    pairs = [(lead, before[lead], after[lead]) for lead in filtered.leads]
    return tuple(StChange(*pair) for pair in pairs if np.isfinite(pair[1:]).all())


def st_warning(moved: Sequence[StChange]) -> str:
    """The sentence on the leads in which a filter moves ST."""
    leads = "; ".join(
        f"{change.lead} {MILLIMETRES * change.recorded:.1f} mm as recorded, "
        f"{MILLIMETRES * change.filtered:.1f} mm filtered"
        for change in moved
    )
    return f"This filter moves ST by more than 0.5 mm: {leads}. Judge ST on the tracing as recorded."


def st_levels(record: ECGRecord, beats: Sequence[float]) -> NDArray[np.float64]:
    """ST 60 ms behind J against the PR segment, mV, the median over ``beats`` (s): (n_leads,).

    J is assumed 50 ms behind each R peak, which fits narrow complexes. NaN without a whole beat.
    """
    rises = [_level(record, beat + AFTER_R) - _level(record, beat - BEFORE_R) for beat in beats]
    leads = np.array(rises).reshape(-1, record.n_leads).T
    known = [lead[np.isfinite(lead)] for lead in leads]
    return np.array([np.median(lead) if lead.size else np.nan for lead in known])


def _level(record: ECGRecord, time: float) -> NDArray[np.float64]:
    """Each lead's mean around ``time`` (s): (n_leads,), NaN outside the record."""
    first = round((time - AROUND) * record.sampling_rate)
    last = round((time + AROUND) * record.sampling_rate) + 1
    if first < 0 or last > record.n_samples:
        return np.full(record.n_leads, np.nan)
    return np.asarray(record.signal[:, first:last].mean(axis=1, dtype=np.float64))
