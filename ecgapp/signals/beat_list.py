"""The beats of a record, the only source of its rate, intervals and counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.quality import LeadQuality, RecordQuality, lead_quality
from ecgapp.signals.quality.pacing_spikes import pacing_spikes, without_spikes
from ecgapp.signals.quality.rails import runs
from ecgapp.signals.r_peaks import prominence, r_peaks

HARMLESS = frozenset({"wander", "clipped", "mains 50 Hz", "mains 60 Hz"})
BAND = (2.0, 40.0)  # Hz, in which the size and the slopes of a beat are judged
NEAR = 0.12  # s around an R peak that hold its complex
MINOR_FRACTION = 0.45  # a beat below this fraction of the size of the second largest may be a P wave or noise
ENOUGH_LEADS = 6  # with at least as many, a QRS complex is larger than a P wave in some lead
TALLEST_P = 0.45  # mV from top to bottom between 2 and 40 Hz
P_SLOPE = 10.0  # mV/s: a P wave of 0.25 mV is less steep, a QRS complex of 0.3 mV steeper
MIN_CORRELATION = 0.6  # least upper quartile of the correlations between the larger beats
MIN_PROMINENCE = 2.0  # times the median strength, if all leads are noisy
MIN_SOUND_LEADS = 3  # with fewer sound leads, leads with a harmless fault are used too


@dataclass(frozen=True, eq=False)
class BeatList:
    """The R ``peaks`` of a record of ``duration`` s: sample indices at ``sampling_rate`` Hz, ascending.

    ``leads`` are those in which they were detected. ``gaps`` are the (start, end) spans in s in which all
    these leads lack samples.
    """

    peaks: NDArray[np.int64] = field(repr=False)
    sampling_rate: float
    leads: tuple[str, ...]
    duration: float
    gaps: tuple[tuple[float, float], ...] = ()

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """The times of the R peaks, s from the record's beginning."""
        return np.asarray(self.peaks / self.sampling_rate, np.float64)

    @cached_property
    def intervals(self) -> NDArray[np.float64]:
        """RR intervals in s, one fewer than there are beats."""
        return np.diff(self.times)

    @property
    def rate(self) -> float | None:
        """Beats per minute from the first beat to the last; None with fewer than two beats.

        An interval with a gap in it does not count, because beats may be missing there.
        """
        if len(self.peaks) < 2:
            return None
        if not self.gaps:
            return float(60.0 * (len(self.peaks) - 1) / (self.times[-1] - self.times[0]))
        whole = np.ones(len(self.intervals), bool)
        for start, end in self.gaps:
            whole &= (self.times[1:] <= start) | (self.times[:-1] >= end)
        return float(60.0 / self.intervals[whole].mean()) if whole.any() else None

    def __len__(self) -> int:
        return len(self.peaks)

    def between(self, start: float, end: float) -> "BeatList":
        """The beats from ``start`` up to ``end`` s, with times counted from ``start``."""
        first = round(start * self.sampling_rate)
        stop = round(end * self.sampling_rate)
        inside = self.peaks[(self.peaks >= first) & (self.peaks < stop)] - first
        gaps = tuple(
            (first - start, last - start) for first, last in self.gaps if last > start and first < end
        )
        return BeatList(inside, self.sampling_rate, self.leads, end - start, gaps)


def beat_list(record: ECGRecord, quality: RecordQuality | None = None) -> BeatList:
    """The beats of ``record``, detected in its sound leads; ``quality`` is computed if not given.

    A pacemaker's spikes are removed first. A faulty lead adds false beats, so the leads are the first of
    these choices that is not empty:

    1. the sound leads, if there are at least three;
    2. those with no fault but wander, mains hum and clipping, which lie outside the detector's band;
    3. those with a steady electrode;
    4. those with a signal.

    Noise alone gives no beats: if each of these leads is noisy and the peaks hardly stand out, the list is
    empty.
    """
    judged = quality.leads if quality is not None else lead_quality(record)
    spikes = quality.pacing if quality is not None else pacing_spikes(record)
    leads, rate = leads_for_beats(judged), record.sampling_rate
    if not leads:
        return BeatList(np.zeros(0, np.int64), rate, (), record.duration)
    signal = without_spikes(record, spikes).select(leads)
    peaks = r_peaks(signal, rate)
    noisy = all(lead.noisy for lead in judged if lead.lead in leads)
    if noisy and prominence(signal, rate, peaks) < MIN_PROMINENCE:
        peaks = peaks[:0]
    beats = _without_p_waves(record, signal, peaks)
    return BeatList(beats, rate, leads, record.duration, _gaps(record, leads))


def _gaps(record: ECGRecord, leads: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
    """The spans in s in which none of ``leads`` has samples."""
    missing = np.asarray(~np.isfinite(record.select(leads)).any(axis=0), bool)
    edges = zip(*(edge.tolist() for edge in runs(missing)), strict=True)
    return tuple((first / record.sampling_rate, stop / record.sampling_rate) for first, stop in edges)


def _without_p_waves(record: ECGRecord, signal: FloatArray, peaks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop peaks that are P waves or noise during ventricular standstill.

    Such a peak is far smaller than the largest beats and, if the voltages are known, no larger or faster in
    any lead than a P wave. Peaks are left out only if the remaining beats resemble each other, which
    artefacts do not.
    """
    if len(peaks) < 3:
        return peaks
    rate = record.sampling_rate
    reach = round(NEAR * rate)
    around = np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, signal.shape[-1] - 1)
    fast = bandpass(np.nan_to_num(signal), rate, BAND[0], min(BAND[1], 0.4 * rate), 2)
    beats = np.asarray(fast[:, around], np.float64)  # (n_leads, n_beats, n_samples)
    heights = beats.max(axis=-1) - beats.min(axis=-1)  # (n_leads, n_beats)
    shares = heights / np.maximum(heights.max(axis=1, keepdims=True), 1e-9)
    sizes = np.asarray(np.median(shares, axis=0), np.float64)
    minor = np.asarray(sizes < MINOR_FRACTION * np.sort(sizes)[-2], bool)
    if record.units == "mV":
        slow = np.abs(np.diff(beats, axis=-1)).max(axis=(0, 2)) * rate < P_SLOPE
        if slow.all() and len(signal) >= ENOUGH_LEADS and heights.max() < TALLEST_P:
            return peaks[:0]
        minor &= slow & (heights.max(axis=0) < TALLEST_P)
    major = beats[:, ~minor].transpose(1, 0, 2).reshape(int((~minor).sum()), -1)
    if not minor.any() or len(major) < 2:
        return peaks
    alike = np.asarray(np.corrcoef(major))[np.triu_indices(len(major), 1)]
    return peaks[~minor] if float(np.quantile(alike, 0.75)) > MIN_CORRELATION else peaks


def leads_for_beats(leads: Sequence[LeadQuality]) -> tuple[str, ...]:
    """The leads in which beats are detected, in the record's order."""
    sound = [lead.lead for lead in leads if lead.usable]
    if len(sound) >= MIN_SOUND_LEADS:
        return tuple(sound)
    choices = (
        [lead.lead for lead in leads if HARMLESS.issuperset(lead.faults)],
        [lead.lead for lead in leads if lead.measurable],
        [lead.lead for lead in leads if not lead.flat],
    )
    return tuple(next((choice for choice in choices if choice), []))
