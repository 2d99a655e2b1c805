"""The atrial rhythm beside the ventricular one: P waves, their rate, and their conduction."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.analysis.measurement.delineation import Delineation
from ecgapp.models import SEGMENTS
from ecgapp.signals import BeatList
from ecgapp.signals.diastolic_p import diastolic_p_waves
from ecgapp.signals.p_waves import p_period
from ecgapp.signals.quality.rails import runs

SLOW_HEART = 60.0  # beats per minute, below which P waves are also searched outside QRS
LIKE_QRS = 54.0  # beats per minute times the P waves' period in s: above it, there is one P wave per beat
MORE_P = 1.15  # P waves for each QRS complex, at least, for the result of that search
MOST_MISSED = 3.2  # periods since the last detected P wave
SEEN = 0.8  # P waves outside QRS for each QRS complex, at least
MOST_OUTSIDE = 0.6  # of the places where a P wave is expected; those in QRS cannot be detected
AGREEING = 0.4  # of the leads, in which a sample must be P
SHORTEST = 0.03  # s of a P wave
FEWEST = 3  # beats with a P wave before them
PATTERN = 3  # P waves from which the typical one is computed
SCATTERED = 0.06  # s, standard deviation of PR, from which beats and P waves are unrelated
OF_PERIOD = 0.12  # of the P waves' period, which it must reach, too
# of the median RR, within which this share of them lies; not in Wenckebach's block
REGULAR, STEADY = 0.12, 0.75
SAME = 0.15  # by which the two rates must differ, as a share
HALF = 0.06  # s on either side of a P wave's middle by which others are compared with it
ALIKE = 0.8  # correlation with the typical P wave, over all leads together
SIZES = (0.4, 2.0)  # times the typical one
FROM_QRS = 0.06  # s between another P wave's middle and a QRS complex, at least
APART = 0.3  # s between two P waves
ENOUGH, MOST = 0.5, 0.55  # of the places where P waves are expected by their period; with others added
FASTER = 0.75  # of the period without them: further P waves count if they shorten it to this


@dataclass(frozen=True)
class AtrialRhythm:
    """The rate, PR interval and dissociation of a record's P waves.

    ``times`` are their middles in s. ``rate`` (a minute) is None if they have no rhythm. ``pr`` is the
    median and ``scatter`` the standard deviation, in s, of the time from the last P wave to the R peak behind
    it; None with fewer than three. ``ratio`` is P waves for each beat by their rates, with hidden ones.
    ``dissociated``: whether they have a rhythm of their own beside regular beats, as in complete AV block and
    in ventricular tachycardia.
    """

    times: tuple[float, ...] = ()
    rate: float | None = None
    pr: float | None = None
    scatter: float | None = None
    ratio: float | None = None
    dissociated: bool = False

    def later(self, seconds: float) -> "AtrialRhythm":
        """A copy of the rhythm with all times ``seconds`` later."""
        return replace(self, times=tuple(time + seconds for time in self.times))


def atrial_rhythm(delineation: Delineation, beats: BeatList) -> AtrialRhythm:
    """The atrial rhythm from P waves in ``AGREEING`` of the leads, and ``beats`` of the same stretch.

    The delineator detects at most one P wave before each QRS complex. All waves that look like the typical
    one count instead if they recur with a shorter period, as in a block. Doubted P waves count only if they
    have a rhythm.
    """
    raw = delineation.doubted if delineation.doubted is not None else delineation.probabilities
    classes = raw.argmax(axis=1)
    times = _p_times(classes, delineation.sampling_rate)
    period = _filled(times, ENOUGH) if delineation.doubted is None else None
    more = _alike(delineation, classes, times)
    shorter = _filled(more, MOST)
    if shorter is not None and (period is None or shorter <= FASTER * period):
        times, period = more, shorter
    elif delineation.doubted is not None:
        times, period = np.zeros(0), None
    if (
        beats.rate is not None
        and beats.rate < SLOW_HEART
        and (period is None or period * beats.rate > LIKE_QRS)
    ):
        outside = diastolic_p_waves(delineation.signal, delineation.sampling_rate, beats.times)
        own = _filled(outside, MOST_OUTSIDE)
        if own is not None and own * beats.rate < 60.0 / MORE_P and outside.size >= SEEN * len(beats):
            times, period = outside, own
    if delineation.doubted is not None and period is None:
        return AtrialRhythm()
    gaps = _last_p(times, beats.times, period)
    pr = float(np.median(gaps)) if gaps.size >= FEWEST else None
    scatter = _scatter(gaps, period) if gaps.size >= FEWEST else None
    if period is None or beats.rate is None:
        return AtrialRhythm(tuple(times.tolist()), None, pr, scatter)
    rr = beats.intervals
    near = np.abs(rr - np.median(rr)) < REGULAR * np.median(rr)
    ratio = 60.0 / (beats.rate * period)
    apart = scatter is not None and scatter > max(SCATTERED, OF_PERIOD * period)
    dissociated = apart and float(near.mean()) >= STEADY and abs(ratio - 1) > SAME
    return AtrialRhythm(tuple(times.tolist()), 60.0 / period, pr, scatter, ratio, dissociated)


def _filled(times: NDArray[np.float64], share: float) -> float | None:
    """The period of waves at ``times`` in s; None unless they fill this ``share`` of the expected places."""
    period = p_period(times)
    if period is None or times.size < share * ((times[-1] - times[0]) / period + 1):
        return None
    return period


def _p_times(classes: NDArray[np.int64], rate: float) -> NDArray[np.float64]:
    """The middle of each P wave, s; ``classes`` are (n_leads, n_samples)."""
    first, behind = runs((classes == SEGMENTS.index("P")).mean(axis=0) >= AGREEING)
    lasting = behind - first >= SHORTEST * rate
    return np.asarray((first + behind - 1)[lasting] / 2 / rate, np.float64)


def _alike(
    delineation: Delineation, classes: NDArray[np.int64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The middle of each wave that looks like the typical one of the P waves at ``times``, s."""
    rate, half = delineation.sampling_rate, round(HALF * delineation.sampling_rate)
    n_samples = delineation.signal.shape[1]
    places = np.rint(times * rate).astype(np.int64)
    places = places[(places >= half) & (places < n_samples - half)]
    if places.size < PATTERN:
        return np.zeros(0)
    windows = _levelled(np.lib.stride_tricks.sliding_window_view(delineation.signal, 2 * half + 1, axis=1))
    typical = np.median(windows[:, places - half], axis=1)  # (n_leads, n_around)
    likeness = np.einsum("ijk,ik->j", windows, typical)
    power = max(float(np.square(typical).sum()), 1e-9)
    alike = likeness / np.sqrt(power * np.maximum(np.einsum("ijk,ijk->j", windows, windows), 1e-9))
    alike[(likeness < SIZES[0] * power) | (likeness > SIZES[1] * power)] = 0.0
    alike[_in_other_waves(classes, rate)[half : n_samples - half]] = 0.0
    peaks, _ = scipy_signal.find_peaks(alike, height=ALIKE, distance=max(1, round(APART * rate)))
    return np.asarray((peaks + half) / rate, np.float64)


def _levelled(windows: NDArray[np.floating]) -> NDArray[np.float64]:
    """Windows (n_leads, n_windows, n_around) minus their mean and their slope."""
    line = np.linspace(-1.0, 1.0, windows.shape[-1])
    centred = windows - windows.mean(axis=-1, keepdims=True)
    slope = centred @ line / np.square(line).sum()
    return np.asarray(centred - slope[..., None] * line, np.float64)


def _in_other_waves(classes: NDArray[np.int64], rate: float) -> NDArray[np.bool_]:
    """Flags of the samples in QRS or just beside it, or in the first T behind a QRS."""
    reach = np.ones(2 * round(FROM_QRS * rate) + 1)
    qrs = (classes == SEGMENTS.index("QRS")).mean(axis=0) >= 0.5
    inside = np.asarray(np.convolve(qrs, reach, "same") > 0)
    first, behind = runs((classes == SEGMENTS.index("T")).mean(axis=0) >= AGREEING)
    ends = runs(qrs)[1]
    for start, stop in zip(first.tolist(), behind.tolist(), strict=True):
        last = ends[ends <= start + 2]
        if last.size and not ((first >= last[-1]) & (first < start)).any():
            inside[start:stop] = True
    return inside


def _last_p(
    times: NDArray[np.float64], beats: NDArray[np.float64], period: float | None
) -> NDArray[np.float64]:
    """The times in s from the last P wave, or its expected place if P waves recur, to each beat."""
    if not times.size or not beats.size:
        return np.zeros(0)
    place = np.searchsorted(times, beats) - 1
    gaps = (beats - times[place])[place >= 0]
    if period is None:
        return np.asarray(gaps[gaps <= 0.5], np.float64)
    near = gaps[gaps <= MOST_MISSED * period]
    return np.asarray(np.where(near <= 1.1 * period, near, near % period), np.float64)


def _scatter(gaps: NDArray[np.float64], period: float | None) -> float:
    """The standard deviation of PR in s; a circular one if P waves recur, because they may be hidden."""
    if period is None:
        return float(gaps.std())
    length = float(np.abs(np.exp(2j * np.pi * gaps / period).mean()))
    return min(float(gaps.std()), period * float(np.sqrt(-2 * np.log(max(length, 1e-6)))) / (2 * np.pi))
