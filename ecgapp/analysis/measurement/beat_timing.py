"""The timing and width of each beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.measurement.delineation import Delineation
from ecgapp.models import SEGMENTS
from ecgapp.signals.median_beat import aligned

AROUND = 0.20  # s on either side of R in which its QRS lies
CONFIRMING = 3  # more leads that begin as early, or end as late, as for the typical beat
NEIGHBOURS = 4  # intervals on either side with which a beat's interval is compared
FEWEST = 3  # intervals, or changes between them, for a statistic
ALTERNATING = 1 / 3  # of the change over one beat
EARLY = 0.20  # shorter than the neighbouring intervals by this share: premature


@dataclass(frozen=True)
class Beat:
    """One beat: ``time`` of R in s, ``rr`` before it in s, ``width`` of its QRS in ms, its earliness.

    ``early`` is the share by which the interval before it is shorter than those around it; None if that
    interval begins at a premature beat, so that a beat behind an interpolated one is not called early.
    Unknown values are None.
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
    """All beats of a record or stretch, in order of time."""

    beats: tuple[Beat, ...] = ()

    @cached_property
    def intervals(self) -> NDArray[np.float64]:
        """The RR intervals in s."""
        return np.array([beat.rr for beat in self.beats if beat.rr is not None])

    @property
    def irregularity(self) -> float | None:
        """The median change between RR intervals over the median interval; None with fewer than three.

        Fibrillation changes every interval; a few early beats do not change the median, and none is left
        out. The root mean square of all changes (Dash et al. 2009, doi:10.1007/s10439-009-9740-z) does not
        distinguish the two.
        """
        return self._change(1)

    @property
    def alternates(self) -> bool:
        """Whether every other interval is equal, as in bigeminy: over two beats RR changes far less."""
        over_one, over_two = self._change(1), self._change(2)
        return over_one is not None and over_two is not None and over_two < ALTERNATING * over_one

    def _change(self, lag: int) -> float | None:
        rr = self.intervals
        if rr.size < max(FEWEST, lag + 1):
            return None
        return float(np.median(np.abs(rr[lag:] - rr[:-lag])) / np.median(rr))


def rhythm_of(delineation: Delineation, times: NDArray[np.float64], start: float = 0.0) -> Rhythm:
    """The rhythm of beats at ``times``, s of the delineated stretch, which begins at ``start`` s."""
    rate = delineation.sampling_rate
    here = np.rint(times * rate).astype(np.int64)
    segments = delineation.probabilities.argmax(axis=1)  # (n_leads, n_samples)
    return rhythm_at(times + start, _widths(segments, here, rate))


def rhythm_at(times: NDArray[np.float64], widths: Sequence[float | None] = ()) -> Rhythm:
    """The rhythm of beats at these times of R, in s, with the widths of their QRS in ms if known."""
    intervals = np.diff(times)
    beats: list[Beat] = []
    for number, time in enumerate(times.tolist()):
        judged = number > 0 and not beats[-1].premature
        beats.append(
            Beat(
                time,
                float(intervals[number - 1]) if number else None,
                _early(intervals, number - 1) if judged else None,
                widths[number] if number < len(widths) else None,
            )
        )
    return Rhythm(tuple(beats))


def _early(intervals: NDArray[np.float64], number: int) -> float | None:
    """The share by which this interval is shorter than the median of its neighbours."""
    first = max(0, number - NEIGHBOURS)
    others = np.delete(intervals[first : number + NEIGHBOURS + 1], number - first)
    return float(1 - intervals[number] / np.median(others)) if others.size >= 2 else None


def _widths(segments: NDArray[np.int64], peaks: NDArray[np.int64], rate: float) -> list[float | None]:
    """The width of each QRS in ms, from the earliest onset to the latest offset that more leads confirm."""
    around = aligned(segments == SEGMENTS.index("QRS"), peaks, rate, (AROUND, AROUND)).astype(bool)
    centre = round(AROUND * rate)
    return [_width([_run(lead, centre) for lead in beat], rate) for beat in around]


def _run(inside: NDArray[np.bool_], centre: int) -> tuple[int, int] | None:
    """The run nearest to ``centre``: its first sample, and the one behind; None if it has no end."""
    places = np.flatnonzero(inside)
    if not places.size:
        return None
    start = int(places[np.abs(places - centre).argmin()])
    outside = np.flatnonzero(~inside)
    before, behind = outside[outside < start], outside[outside > start]
    return (int(before[-1]) + 1, int(behind[0])) if before.size and behind.size else None


def _width(runs: list[tuple[int, int] | None], rate: float) -> float | None:
    complete = [run for run in runs if run is not None]
    if 2 * len(complete) < len(runs) or not complete:
        return None
    rank = min(CONFIRMING, (len(complete) - 1) // 2)
    onsets, offsets = sorted(run[0] for run in complete), sorted(run[1] for run in complete)
    return 1000 * (offsets[-1 - rank] - onsets[rank]) / rate
