"""The record's median beat, and the onsets and offsets of its waves over all leads together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.measurement.delineation import Delineation
from ecgapp.models import SEGMENTS
from ecgapp.records import WAVES, ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.median_beat import BEFORE, CommonBeats, aligned, common_beats

ALIKE_IN_A_LEAD = 0.70  # mean correlation with the median beat below which a lead is too noisy
P_SHARE = 0.75  # of the beats, which a P wave must precede
PR_RANGE = 0.42  # s before QRS that may contain a P wave
ST_T_RANGE = 0.60  # s behind QRS that may contain T
INWARD = 0.25  # samples: marks at 500 Hz were learnt at 250 Hz, from the first sample on or behind them
CONFIRMING = 3  # more leads that begin as early, or end as late
LEVEL = (0.020, 0.004)  # s before QRS: the level of 0 mV

Span = tuple[float, float]  # onset and offset, s after R


@dataclass(frozen=True, eq=False)
class TypicalBeat:
    """The median of ``n_beats`` similar beats, in the units of the record, with 0 before QRS.

    ``signal`` is (n_leads, n_samples); sample k lies ``k / sampling_rate - before`` s after R. ``spans``
    are the waves over all leads, ``by_lead`` those of each of ``leads``. Leads in ``noisy`` were left out.
    ``n_others`` beats look different, ``n_cut`` reach beyond the record's ends.
    """

    leads: tuple[str, ...]
    signal: FloatArray
    sampling_rate: float
    before: float
    spans: dict[str, Span]
    by_lead: dict[str, dict[str, Span]]
    n_beats: int
    n_others: int
    noisy: tuple[str, ...]
    p_share: float  # of beats with a P wave before them
    n_cut: int = 0
    certainty: float = 1.0  # mean probability of QRS between its onset and offset, over the leads
    clearest: float = 1.0  # the highest probability of QRS, in the lead where that is lowest

    @property
    def n_all(self) -> int:
        """The number of all beats of the record or stretch."""
        return self.n_beats + self.n_others + self.n_cut

    def between(self, lead: str, start: float, stop: float) -> FloatArray:
        """The samples of ``lead`` from ``start`` to ``stop`` s after R, one at least."""
        first = round((start + self.before) * self.sampling_rate)
        behind = max(first + 1, round((stop + self.before) * self.sampling_rate) + 1)
        return self.signal[self.leads.index(lead), max(0, first) : behind]


def typical_beat(record: ECGRecord, delineation: Delineation, peaks: NDArray[np.int64]) -> TypicalBeat | None:
    """The typical beat around these R ``peaks`` (samples of the record).

    None if fewer than two beats are similar, or no QRS complex is detected in them.
    """
    rate = delineation.sampling_rate
    here = np.rint(peaks * rate / record.sampling_rate).astype(np.int64)
    beats = common_beats(delineation.signal, here, rate)
    good = np.flatnonzero(beats.alike >= ALIKE_IN_A_LEAD)
    if not good.size:
        return None
    probabilities = delineation.probabilities[good]
    leads = tuple(delineation.leads[row] for row in good)
    typical = aligned(probabilities, beats.peaks, rate).mean(axis=0)
    by_lead = {lead: _spans(answer, rate) for lead, answer in zip(leads, typical, strict=True)}
    spans = _over_leads(list(by_lead.values()))
    if "QRS" not in spans:
        return None
    share = _p_share(probabilities, beats, rate)
    if share < P_SHARE:
        spans.pop("P", None)
    rows = np.asarray(beats.peaks * (record.sampling_rate / rate), np.float64)
    return TypicalBeat(
        leads=leads,
        signal=_median(record, leads, rows, spans["QRS"][0]),
        sampling_rate=record.sampling_rate,
        before=round(BEFORE * record.sampling_rate) / record.sampling_rate,
        spans=spans,
        by_lead=by_lead,
        n_beats=len(beats.peaks),
        n_others=beats.n_others,
        noisy=tuple(lead for lead in delineation.leads if lead not in leads),
        p_share=share,
        n_cut=beats.n_cut,
        **_certainty(typical, spans["QRS"], rate),
    )


def _certainty(typical: FloatArray, qrs: Span, rate: float) -> dict[str, float]:
    """The delineator's certainty of QRS; ``typical`` is (n_leads, 4, n_samples)."""
    first, behind = (round((BEFORE + edge) * rate) for edge in qrs)
    chances = typical[:, SEGMENTS.index("QRS")]
    inside = chances[:, max(0, first) : max(behind, first + 1)]
    return {"certainty": float(inside.mean()), "clearest": float(chances.max(axis=1).min())}


def _median(
    record: ECGRecord, leads: Sequence[str], peaks: NDArray[np.float64], qrs_onset: float
) -> FloatArray:
    """The median beat; each beat is first set to 0 mV before its QRS because of baseline wander."""
    rate = record.sampling_rate
    cut = aligned(record.select(leads), np.rint(peaks).astype(np.int64), rate)
    first, last = (round((qrs_onset - seconds + BEFORE) * rate) for seconds in LEVEL)
    level = cut[..., max(0, first) : max(last, first) + 1].mean(axis=-1, keepdims=True)
    return np.asarray(np.median(cut - level, axis=0), np.float32)


def _spans(probabilities: FloatArray, rate: float) -> dict[str, Span]:
    """P, QRS and T of one lead's typical beat, if present."""
    centre = round(BEFORE * rate)
    qrs = _nearest(_runs(probabilities, "QRS"), centre, 0.1 * rate)
    if qrs is None:
        return {}
    before = [run for run in _runs(probabilities, "P") if qrs[0] - PR_RANGE * rate < run[1] < qrs[0] + 2]
    behind = [run for run in _runs(probabilities, "T") if qrs[1] - 2 < run[0] < qrs[1] + ST_T_RANGE * rate]
    detected = {"P": before[-1:], "QRS": [qrs], "T": behind[:1]}
    return {
        kind: ((runs[0][0] - centre) / rate, (runs[0][1] - centre) / rate)
        for kind, runs in detected.items()
        if runs
    }


def _runs(probabilities: FloatArray, kind: str) -> list[tuple[float, float]]:
    """The intervals, in samples, in which the class is the likeliest."""
    number = SEGMENTS.index(kind)
    lead = probabilities[number] - np.delete(probabilities, number, axis=0).max(axis=0)
    ahead = np.concatenate([[False], lead > 0, [False]])
    changes = np.diff(ahead.astype(np.int8))
    runs = zip(np.flatnonzero(changes == 1).tolist(), np.flatnonzero(changes == -1).tolist(), strict=True)
    return [
        (_crossing(lead, first - 1) + INWARD, _crossing(lead, behind - 1) - INWARD) for first, behind in runs
    ]


def _crossing(lead: FloatArray, left: int) -> float:
    """The zero of ``lead`` between samples ``left`` and ``left + 1``; at the edges, the last sample."""
    if left < 0 or left + 1 >= len(lead):
        return float(min(max(left, 0), len(lead) - 1))
    return float(left + lead[left] / (lead[left] - lead[left + 1]))


def _nearest(runs: list[tuple[float, float]], centre: int, reach: float) -> tuple[float, float] | None:
    """The run that contains ``centre``, or the nearest one within ``reach``."""
    distances = [max(first - centre, centre - last, 0) for first, last in runs]
    if not distances or min(distances) > reach:
        return None
    return runs[int(np.argmin(distances))]


def _over_leads(leads: list[dict[str, Span]]) -> dict[str, Span]:
    """The earliest onset and latest offset that three more leads confirm, of waves in half of the leads.

    The idea is that of Laguna et al. 1994 (doi 10.1006/cbmr.1994.1006), whose rule also limits their
    distance. With few leads fewer must confirm; a single lead needs no confirmation.
    """
    spans = {}
    for kind in WAVES:
        detected = [lead[kind] for lead in leads if kind in lead]
        if detected and 2 * len(detected) >= len(leads):
            rank = min(CONFIRMING, (len(detected) - 1) // 2)
            onsets, offsets = sorted(span[0] for span in detected), sorted(span[1] for span in detected)
            spans[kind] = (onsets[rank], offsets[-1 - rank])
    return spans


def _p_share(probabilities: FloatArray, beats: CommonBeats, rate: float) -> float:
    """The share of beats before which P is the likeliest class for a while, in half of the leads or more."""
    around = aligned(probabilities.argmax(axis=1), beats.peaks, rate, (PR_RANGE, 0.0))
    lasting = (around == SEGMENTS.index("P")).sum(axis=-1) >= 0.03 * rate  # (n_beats, n_leads)
    return float((lasting.mean(axis=1) >= 0.5).mean())
