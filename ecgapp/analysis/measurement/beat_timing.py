"""TimedBeat for beat: how long after the last one, how early, and how wide."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.measurement.delineation import Delineation
from ecgapp.models import SEGMENTS
from ecgapp.signals.median_beat import aligned

AROUND = 0.20  # s on either side of R in which its QRS lies
CONFIRMING = 3  # further leads that begin as early, or end as late, as for the typical beat
NEIGHBOURS = 4  # intervals on either side by which a beat is judged early
FEWEST = 3  # intervals, or changes between them, that a figure is drawn from
ALTERNATING = 1 / 3  # of the change over one beat
EARLY = 0.20  # shorter than the neighbouring intervals by this share: premature


@dataclass(frozen=True)
class TimedBeat:
    """One beat: ``time`` of R in s, the interval before it in s, its QRS in ms, and how early it comes.

    ``early`` is the share by which the interval before it is shorter than those around it; None where that
    interval begins at a premature beat, so that a beat behind an interpolated one is not called early. What
    was not found is None.
    """

    time: float
    rr: float | None
    early: float | None
    width: float | None

    @property
    def premature(self) -> bool:
        return self.early is not None and self.early >= EARLY


@dataclass(frozen=True)
class Rhythm:
    """All beats, in order of time."""

    beats: tuple[TimedBeat, ...] = ()

    @cached_property
    def intervals(self) -> NDArray[np.float64]:
        """RR in s."""
        return np.array([beat.rr for beat in self.beats if beat.rr is not None])

    @property
    def variation(self) -> float | None:
        """Standard deviation of RR over its mean; None with fewer than three intervals."""
        rr = self.intervals
        return float(rr.std() / rr.mean()) if rr.size >= FEWEST else None

    @property
    def irregularity(self) -> float | None:
        """Median change from one RR interval to the next over the median interval; None as above.

        Fibrillation changes every interval; a few early beats leave the median as it is, and none is set
        aside. The root mean square of all changes (Dash et al. 2009, doi:10.1007/s10439-009-9740-z) does not
        tell the two apart.
        """
        return self._change(1)

    @property
    def alternates(self) -> bool:
        """Whether every other interval is alike, as in bigeminy: over two beats RR changes far less."""
        over_one, over_two = self._change(1), self._change(2)
        return over_one is not None and over_two is not None and over_two < ALTERNATING * over_one

    def _change(self, lag: int) -> float | None:
        rr = self.intervals
        if rr.size < max(FEWEST, lag + 1):
            return None
        return float(np.median(np.abs(rr[lag:] - rr[:-lag])) / np.median(rr))


def rhythm_of(delineation: Delineation, times: NDArray[np.float64], start: float = 0.0) -> Rhythm:
    """Every beat at ``times``, s of the delineated stretch, which begins at ``start`` s of the record."""
    rate = delineation.sampling_rate
    here = np.rint(times * rate).astype(np.int64)
    segments = delineation.probabilities.argmax(axis=1)  # (n_leads, n_samples)
    return rhythm_at(times + start, _widths(segments, here, rate))


def rhythm_at(times: NDArray[np.float64], widths: Sequence[float | None] = ()) -> Rhythm:
    """Beats at these times of R, in s, with the widths of their QRS in ms as far as those are known."""
    intervals = np.diff(times)
    beats: list[TimedBeat] = []
    for number, time in enumerate(times.tolist()):
        judged = number > 0 and not beats[-1].premature
        beats.append(
            TimedBeat(
                time,
                float(intervals[number - 1]) if number else None,
                _early(intervals, number - 1) if judged else None,
                widths[number] if number < len(widths) else None,
            )
        )
    return Rhythm(tuple(beats))


def _early(intervals: NDArray[np.float64], number: int) -> float | None:
    """The share by which this interval is shorter than the median of its neighbours, as a share of that."""
    first = max(0, number - NEIGHBOURS)
    others = np.delete(intervals[first : number + NEIGHBOURS + 1], number - first)
    return float(1 - intervals[number] / np.median(others)) if others.size >= 2 else None


def _widths(segments: NDArray[np.int64], peaks: NDArray[np.int64], rate: float) -> list[float | None]:
    """Each QRS in ms, from the earliest onset to the latest offset that further leads confirm."""
    around = aligned(segments == SEGMENTS.index("QRS"), peaks, rate, (AROUND, AROUND)).astype(bool)
    centre = round(AROUND * rate)
    return [_width([_run(lead, centre) for lead in beat], rate) for beat in around]


def _run(inside: NDArray[np.bool_], centre: int) -> tuple[int, int] | None:
    """First sample of, and the one behind, the run nearest to ``centre``; None where it has no end."""
    places = np.flatnonzero(inside)
    if not places.size:
        return None
    start = int(places[np.abs(places - centre).argmin()])
    outside = np.flatnonzero(~inside)
    before, behind = outside[outside < start], outside[outside > start]
    return (int(before[-1]) + 1, int(behind[0])) if before.size and behind.size else None


def _width(runs: list[tuple[int, int] | None], rate: float) -> float | None:
    known = [run for run in runs if run is not None]
    if 2 * len(known) < len(runs) or not known:
        return None
    rank = min(CONFIRMING, (len(known) - 1) // 2)
    onsets, offsets = sorted(run[0] for run in known), sorted(run[1] for run in known)
    return 1000 * (offsets[-1 - rank] - onsets[rank]) / rate
