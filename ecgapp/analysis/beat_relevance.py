"""A map read as a cardiologist reads a tracing: over the beats, aligned at R, and by wave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.explanation import Explanation
from ecgapp.records import ECGRecord
from ecgapp.signals import BeatList

BEAT = (-0.35, 0.55)  # s about R that are shown
BEFORE_R = 0.4  # of each beat-to-beat interval belongs to the beat that follows
PER = 0.02  # s: relevance is given for stretches of this length, as in the picture
FEWEST_BEATS = 2
WAVES = (("P", -0.28, -0.06), ("QRS", -0.06, 0.08), ("ST", 0.08, 0.16), ("T", 0.16, 0.44))  # s about R
BETWEEN = "between"


@dataclass(frozen=True, eq=False)
class BeatRelevance:
    """A map over ``n_beats`` beats laid over each other at R; arrays are (n_times,).

    ``times`` are seconds from R; ``mean`` and ``spread`` (standard deviation over beats) are in the map's
    unit in 20 ms, summed over leads; ``beat`` is the median beat of ``lead`` as recorded, in its own unit.
    """

    times: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    n_beats: int
    lead: str
    beat: NDArray[np.float64]


@dataclass(frozen=True)
class WaveShare:
    """One wave's share of the map's absolute relevance, beside its share of the time; sums over waves are 1.

    ``start`` and ``stop`` are seconds from R, None for what lies between waves.
    """

    wave: str
    start: float | None
    stop: float | None
    relevance: float
    time: float


def by_beat(record: ECGRecord, beats: BeatList, explanation: Explanation) -> BeatRelevance | None:
    """The map's mean beat, with the lead that holds most of it; None with too few whole ``beats``."""
    rate = explanation.sampling_rate
    offsets = np.arange(round(BEAT[0] * rate), round(BEAT[1] * rate) + 1)
    places = np.round((_inside(beats, explanation) - explanation.start) * rate).astype(np.int64)
    whole = places[(places + offsets[0] >= 0) & (places + offsets[-1] < explanation.values.shape[1])]
    if len(whole) < FEWEST_BEATS:
        return None
    summed = explanation.values.sum(axis=0, dtype=np.float64)[whole[:, None] + offsets] * PER * rate
    lead = explanation.leads[int(explanation.lead_shares.argmax())]
    recorded = record.signal[record.leads.index(lead)].astype(np.float64)
    times = np.arange(record.n_samples) / record.sampling_rate
    around = (explanation.start + whole / rate)[:, None] + offsets / rate  # s of the recording
    beat = np.median(np.interp(around, times, recorded), axis=0)
    beat = np.asarray(beat - np.median(beat))  # about its middle
    return BeatRelevance(offsets / rate, summed.mean(0), summed.std(0), len(whole), lead, beat)


def by_wave(beat_list: BeatList, explanation: Explanation) -> tuple[WaveShare, ...]:
    """Shares of P, QRS, ST, T and what lies between, by their usual places about R; empty without beats.

    A beat reaches from ``BEFORE_R`` of the interval before it to the same place before the next one.
    """
    beats = _inside(beat_list, explanation)
    amounts = np.abs(explanation.values).sum(axis=0, dtype=np.float64)
    total = float(amounts.sum())
    if len(beats) < FEWEST_BEATS or not total:
        return ()
    ends = beats[:-1] + (1 - BEFORE_R) * np.diff(beats)
    offset = explanation.times - beats[np.searchsorted(ends, explanation.times, side="right")]
    inside = {wave: (offset >= start) & (offset < stop) for wave, start, stop in WAVES}
    inside[BETWEEN] = ~np.logical_or.reduce(list(inside.values()))
    spans: dict[str, tuple[float | None, float | None]] = {name: (start, stop) for name, start, stop in WAVES}
    shares = []
    for wave, there in inside.items():
        start, stop = spans.get(wave, (None, None))
        shares.append(WaveShare(wave, start, stop, float(amounts[there].sum()) / total, float(there.mean())))
    return tuple(shares)


def _inside(beats: BeatList, explanation: Explanation) -> NDArray[np.float64]:
    """The R peaks within the explained window, in s of the recording."""
    times = beats.times
    return np.asarray(times[(times >= explanation.start) & (times < explanation.stop)])
