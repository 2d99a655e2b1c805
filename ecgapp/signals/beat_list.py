"""The one list of a record's beats, from which rate, intervals and counts come everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord
from ecgapp.signals.beats import prominence, r_peaks
from ecgapp.signals.quality import LeadQuality, RecordQuality, lead_quality
from ecgapp.signals.quality.pacing import pacing_spikes
from ecgapp.signals.spikes import without_spikes

HARMLESS = frozenset({"wander", "clipped", "mains 50 Hz", "mains 60 Hz"})
STANDS_OUT = 2.0  # times the median strength that beats must have where all leads are noisy
FEW = 3  # sound leads; where there are fewer, those with a harmless fault help


@dataclass(frozen=True, eq=False)
class BeatList:
    """The R ``peaks`` of a record of ``duration`` s: sample indices at ``sampling_rate`` Hz, ascending.

    ``leads`` are those in which they were found.
    """

    peaks: NDArray[np.int64] = field(repr=False)
    sampling_rate: float
    leads: tuple[str, ...]
    duration: float

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """s from the record's beginning."""
        return np.asarray(self.peaks / self.sampling_rate, np.float64)

    @cached_property
    def intervals(self) -> NDArray[np.float64]:
        """RR in s, one fewer than there are beats."""
        return np.diff(self.times)

    @property
    def rate(self) -> float | None:
        """Beats per minute from the first beat to the last; None with fewer than two beats."""
        if len(self.peaks) < 2:
            return None
        return float(60.0 * (len(self.peaks) - 1) / (self.times[-1] - self.times[0]))

    def __len__(self) -> int:
        return len(self.peaks)

    def between(self, start: float, end: float) -> "BeatList":
        """The beats from ``start`` up to ``end`` s, as a list of that stretch, counted from ``start``."""
        first = round(start * self.sampling_rate)
        behind = round(end * self.sampling_rate)
        inside = self.peaks[(self.peaks >= first) & (self.peaks < behind)] - first
        return BeatList(inside, self.sampling_rate, self.leads, end - start)


def beat_list(record: ECGRecord, quality: RecordQuality | None = None) -> BeatList:
    """The beats of ``record``, from its sound leads; ``quality`` is found where it is not given.

    A faulty lead adds false beats, so it is left out while others have no fault. Wander, mains hum and
    clipping lie outside the band in which beats are looked for, so leads with nothing else help where fewer
    than three are sound. Where there are none of either, leads with a steady electrode serve, and at last
    all that have a signal. A pacemaker's spikes are taken out first. From noise alone no beat is taken:
    where each of those leads is noisy and what is found hardly stands out, the list is empty.
    """
    judged = quality.leads if quality is not None else lead_quality(record)
    spikes = quality.pacing if quality is not None else pacing_spikes(record)
    leads, rate = leads_for_beats(judged), record.sampling_rate
    if not leads:
        return BeatList(np.zeros(0, np.int64), rate, (), record.duration)
    signal = without_spikes(record, spikes).select(leads)
    peaks = r_peaks(signal, rate)
    noisy = all(lead.noisy for lead in judged if lead.lead in leads)
    if noisy and prominence(signal, rate, peaks) < STANDS_OUT:
        peaks = peaks[:0]
    return BeatList(peaks, rate, leads, record.duration)


def leads_for_beats(leads: Sequence[LeadQuality]) -> tuple[str, ...]:
    """The leads in which beats are looked for, in the record's order."""
    sound = [lead.lead for lead in leads if lead.usable]
    if len(sound) >= FEW:
        return tuple(sound)
    choices = (
        [lead.lead for lead in leads if HARMLESS.issuperset(lead.faults)],
        [lead.lead for lead in leads if lead.measurable],
        [lead.lead for lead in leads if not lead.flat],
    )
    return tuple(next((choice for choice in choices if choice), []))
