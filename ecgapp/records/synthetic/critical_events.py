"""Critical events of a synthetic ECG: their kinds, time spans, and rules that derive them from waves.

Limits: a broad QRS complex lasts 120 ms or more; a tachycardia of broad complexes is faster than
120/min over 3 beats or more; a pause is 3 s or more without a ventricular complex (2018 ACC/AHA/HRS
guideline on bradycardia, doi:10.1016/j.jacc.2018.10.044), asystole 6 s or more up to the record's end;
a ventricular rate below 40/min is a bradycardia, one above 150/min a tachycardia.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecgapp.records.waves import Wave

KINDS = (  # worst first
    "ventricular_fibrillation",
    "asystole",
    "broad_complex_tachycardia",
    "pacing_failure",
    "av_block",
    "sine_wave",
    "st_elevation",
    "pause",
    "bradycardia",
    "tachycardia",
    "long_qt",
)
BROAD = 0.12  # s, of a QRS complex
FAST_BROAD = 120.0  # per min: broad complexes faster than this are a tachycardia
RUN = 3  # beats
PAUSE, ASYSTOLE = 3.0, 6.0  # s without a ventricular complex
SLOWEST, FASTEST = 40.0, 150.0  # per min
CAPTURE = 0.1  # s: a QRS complex that begins this soon after a spike is its response

Span = tuple[float, float]


@dataclass(frozen=True)
class CriticalEvent:
    """A critical event between ``start`` and ``end``, in s; ``kind`` is one of ``KINDS``.

    - ``ventricular_fibrillation``: ventricular fibrillation or flutter, from its first to its last
      deflection in the record.
    - ``asystole``: no ventricular complex for 6 s or more up to the record's end, from the R wave
      before (or 0).
    - ``broad_complex_tachycardia``: 3 or more broad complexes in a row at more than 120/min, from the
      first one's onset to the last one's offset. It includes torsade de pointes, and sinus tachycardia
      with bundle branch block.
    - ``pacing_failure``: from the first spike without a complex behind it to 0.2 s after the last.
    - ``av_block``: complete, high-degree (3:1 and more) or 2:1 block, while it lasts.
    - ``sine_wave``: the pattern of severe hyperkalaemia, while it lasts.
    - ``st_elevation``: that of the universal definition of myocardial infarction, without bundle branch
      block, pacing and ectopic beats.
    - ``pause``: 3 s or more without a ventricular complex and not asystole, from the R wave before
      (or 0) to the R wave behind (or the record's end).
    - ``bradycardia``, ``tachycardia``: the median interval between R waves, without pauses, means less
      than 40 or more than 150/min, while the rhythm lasts; ventricular fibrillation has no such rate.
    - ``long_qt``: QTc (Fridericia) of 500 ms or more, while it lasts.
    """

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class RhythmSpan:
    """The time span of one ventricular rhythm, in s, which a network that detects it must mark.

    ``rhythm`` is "VT" (monomorphic, sustained or not, or torsade de pointes) or "VF" (fibrillation or
    flutter). Broad complexes of a sinus rhythm are neither.
    """

    rhythm: str
    start: float
    end: float


def in_order(events: Iterable[CriticalEvent]) -> tuple[CriticalEvent, ...]:
    """``events`` sorted by kind, the worst first, then by time."""
    return tuple(sorted(events, key=lambda event: (KINDS.index(event.kind), event.start)))


def broad_runs(qrs: Sequence[Wave], duration: float) -> list[CriticalEvent]:
    """Tachycardias of broad complexes among the complexes ``qrs``, cut to the record's length."""
    runs: list[list[Wave]] = [[]]
    for wave in qrs:
        if wave.offset <= 0 or wave.onset >= duration:
            continue
        if wave.offset - wave.onset < BROAD:
            runs.append([])
        else:
            runs[-1].append(wave)
    return [
        CriticalEvent("broad_complex_tachycardia", max(0.0, run[0].onset), min(duration, run[-1].offset))
        for run in runs
        if len(run) >= RUN and 60 * (len(run) - 1) / (run[-1].peak - run[0].peak) > FAST_BROAD
    ]


def gaps(r_peaks: Sequence[float], duration: float, fibrillating: Sequence[Span]) -> list[CriticalEvent]:
    """Pauses and asystole between ``r_peaks`` (s), outside of the spans with fibrillation."""
    events = []
    for start, end in pairwise((0.0, *r_peaks, duration)):
        if end - start < PAUSE or any(first < end and start < last for first, last in fibrillating):
            continue
        asystole = end == duration and end - start >= ASYSTOLE
        events.append(CriticalEvent("asystole" if asystole else "pause", start, end))
    return events


def rate_events(r_peaks: Sequence[float], span: Span) -> list[CriticalEvent]:
    """A ventricular rate below 40 or above 150/min within ``span`` (s), pauses left out."""
    inside = [time for time in r_peaks if span[0] <= time <= span[1]]
    if len(inside) < RUN:
        return []
    intervals = np.diff(inside)
    rate = 60 / float(np.median(intervals[intervals < PAUSE]))
    if SLOWEST <= rate <= FASTEST:
        return []
    return [CriticalEvent("bradycardia" if rate < SLOWEST else "tachycardia", *span)]


def pacing_failures(spikes: Sequence[float], qrs: Sequence[Wave], duration: float) -> list[CriticalEvent]:
    """The span from the first to the last of ``spikes`` (s) in the record without a QRS complex behind it."""
    lost = [
        spike
        for spike in spikes
        if 0 <= spike < duration and not any(0 <= wave.onset - spike <= CAPTURE for wave in qrs)
    ]
    return [CriticalEvent("pacing_failure", lost[0], min(duration, lost[-1] + 0.2))] if lost else []
