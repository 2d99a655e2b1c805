"""Ventricular runs of a record, from the outputs of the ventricular network on its leads."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from ecgapp.errors import ModelError, SignalError
from ecgapp.models import VENTRICULAR_CLASSES, TrainedModel, VentricularConfig
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals import cut_windows, preprocess
from ecgapp.signals.normalise import FLAT
from ecgapp.signals.quality.rails import runs

CERTAIN = 0.5  # mean probability of a ventricular rhythm
SMOOTHING = 0.5  # s over which probabilities are averaged
SHORTEST = 1.0  # s of a run: three beats at 150 per minute from the first onset to the last offset
GAP = 0.6  # s; two runs that are closer are one
SETTLED = 2.0  # s over which tachycardia and fibrillation are distinguished
LONG = 120.0  # s of a record; in longer ones only ``FEW`` leads are used
FOLLOWING = frozenset({"III", "aVR", "aVL", "aVF"})
FEW = ("II", "V1", "V5")
RAMP = 64  # frames at a window's edge that count less, because the network sees only one side there
MOST_RECORDED = 0.5  # of a lead's samples, at least
BATCH = 64  # windows in one forward pass
TACHYCARDIA, FIBRILLATION, NOISE = (
    VENTRICULAR_CLASSES.index(n) for n in ("tachycardia", "fibrillation", "noise")
)

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class VentricularRun:
    """A ventricular rhythm from ``start`` to ``end``, in s of the record.

    ``fibrillation``: whether it is fibrillation or flutter rather than a tachycardia. ``probability`` is
    the mean over the run; ``leads`` are those with a probability above one half.
    """

    start: float
    end: float
    fibrillation: bool
    probability: float
    leads: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class VentricularRhythm:
    """The probabilities of the ventricular network for each lead of a record.

    ``probabilities`` is (n_leads, 4, n_frames) in the order of ``VENTRICULAR_CLASSES``.
    """

    leads: tuple[str, ...]
    probabilities: FloatArray
    frame_rate: float  # Hz

    @cached_property
    def pooled(self) -> Numbers:
        """The mean over the leads, weighted by the absence of noise: (4, n_frames)."""
        weights = np.maximum(1.0 - self.probabilities[:, NOISE].mean(axis=-1), 0.05).astype(np.float64)
        return np.asarray(np.average(self.probabilities, axis=0, weights=weights), np.float64)

    @property
    def ventricular(self) -> Numbers:
        """The probability of a ventricular rhythm in each frame, smoothed: (n_frames,)."""
        return self._smooth(self.pooled[TACHYCARDIA] + self.pooled[FIBRILLATION], SMOOTHING)

    @property
    def noise(self) -> float:
        """The mean probability of noise without a heart rhythm."""
        return float(self.pooled[NOISE].mean())

    def share(self, start: float, end: float) -> float:
        """The share of the frames from ``start`` to ``end`` s with a probability above one half."""
        first, behind = (round(second * self.frame_rate) for second in (start, end))
        inside = self.ventricular[first:behind]
        return float((inside > CERTAIN).mean()) if inside.size else 0.0

    @cached_property
    def runs(self) -> tuple[VentricularRun, ...]:
        """All ventricular runs, in order of time; tachycardia that turns into fibrillation gives two."""
        runs_in_order = []
        for first, behind in self._stretches():
            chaotic = (
                self._smooth(self.pooled[FIBRILLATION] - self.pooled[TACHYCARDIA], SETTLED)[first:behind] > 0
            )
            edges = [0, *self._turns(chaotic), behind - first]
            for begin, end in pairwise(edges):
                runs_in_order.append(
                    self._run(first + begin, first + end, bool(chaotic[begin:end].mean() > 0.5))
                )
        return tuple(runs_in_order)

    def _stretches(self) -> list[tuple[int, int]]:
        """The frames of each stretch that is long enough, after closing short gaps."""
        first, behind = runs(self.ventricular > CERTAIN)
        joined: list[tuple[int, int]] = []
        for begin, end in zip(first.tolist(), behind.tolist(), strict=True):
            if joined and begin - joined[-1][1] < GAP * self.frame_rate:
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((begin, end))
        return [span for span in joined if span[1] - span[0] >= SHORTEST * self.frame_rate]

    def _turns(self, chaotic: NDArray[np.bool_]) -> list[int]:
        """The frames at which tachycardia and fibrillation alternate, if both last long enough."""
        turns = (np.flatnonzero(np.diff(chaotic.astype(np.int8))) + 1).tolist()
        edges = [0, *turns, len(chaotic)]
        least = SETTLED * self.frame_rate
        lasting: list[int] = []
        for turn, before, after in zip(turns, edges[:-2], edges[2:], strict=True):
            if turn - (lasting[-1] if lasting else before) >= least and after - turn >= least:
                lasting.append(turn)
        return lasting

    def _run(self, first: int, behind: int, fibrillation: bool) -> VentricularRun:
        inside = self.probabilities[:, [TACHYCARDIA, FIBRILLATION], first:behind].sum(axis=1).mean(axis=-1)
        showing = tuple(lead for lead, p in zip(self.leads, inside.tolist(), strict=True) if p > CERTAIN)
        return VentricularRun(
            first / self.frame_rate,
            behind / self.frame_rate,
            fibrillation,
            float(self.ventricular[first:behind].mean()),
            showing or self.leads,
        )

    def _smooth(self, values: Numbers, seconds: float) -> Numbers:
        return np.asarray(
            ndimage.uniform_filter1d(values, max(1, round(seconds * self.frame_rate)), mode="nearest")
        )


def ventricular_rhythm(record: ECGRecord, model: TrainedModel) -> VentricularRhythm:
    """The network's probabilities for each lead of ``record`` with a signal, under any name.

    Gaps count as noise. III, aVR, aVL and aVF follow from I and II and are not used. Of records longer
    than ``LONG`` s only three leads are used.

    Raises:
        ModelError: the model is no ventricular network.
        SignalError: no lead has a signal for half of the time, or the record is shorter than a second.
    """
    config = model.network.config
    if not isinstance(config, VentricularConfig):
        raise ModelError(
            f"{model.card.name} does not recognise ventricular rhythms. Choose the ventricular network."
        )
    leads = _readable(record)
    if not leads:
        raise SignalError("No lead has a signal, so ventricular rhythms cannot be looked for.")
    recorded = record.select(leads)
    missing = ~np.isfinite(recorded)
    signal = preprocess(_bridged(recorded)[:, None], record.sampling_rate, model.card.preprocessing)[:, 0]
    probabilities = _answers(signal, model, config.patch)
    for lead, gaps in zip(probabilities, missing, strict=True):
        _mark_gaps(lead, gaps)
    return VentricularRhythm(leads, probabilities, model.card.preprocessing.sampling_rate / config.patch)


def _readable(record: ECGRecord) -> tuple[str, ...]:
    """The leads with a signal for most of the time, without those that follow from I and II if present."""
    able = [
        lead
        for lead, signal in zip(record.leads, record.signal, strict=True)
        if np.isfinite(signal).mean() > MOST_RECORDED and float(np.nanstd(signal)) > FLAT
    ]
    if {"I", "II"} <= set(able):
        able = [lead for lead in able if lead not in FOLLOWING]
    if record.duration <= LONG:
        return tuple(able)
    chosen = [lead for lead in FEW if lead in able]
    return tuple((chosen + [lead for lead in able if lead not in chosen])[: len(FEW)])


def _bridged(signal: FloatArray) -> FloatArray:
    """``signal`` (n_leads, n_samples) with a straight line over each gap."""
    bridged = signal.copy()
    places = np.arange(signal.shape[-1])
    for lead in bridged:
        there = np.isfinite(lead)
        lead[~there] = np.interp(places[~there], places[there], lead[there])
    return bridged


def _mark_gaps(probabilities: FloatArray, gaps: NDArray[np.bool_]) -> None:
    """Set frames (4, n_frames) to noise where samples (n_samples,) are missing."""
    if gaps.any():
        frames = np.linspace(0, gaps.size - 1, probabilities.shape[-1]).round().astype(int)
        lost = gaps[frames]
        probabilities[:, lost] = 0.0
        probabilities[NOISE, lost] = 1.0


def _answers(signal: FloatArray, model: TrainedModel, patch: int) -> FloatArray:
    """Probabilities (n_leads, 4, n_frames) of leads: the mean of their overlapping windows."""
    config = model.card.preprocessing
    cut = [cut_windows(lead[None], config) for lead in signal]
    windows = np.ascontiguousarray(np.concatenate([each.windows for each in cut]))
    with torch.inference_mode():
        batches = torch.split(torch.from_numpy(windows), BATCH)
        answers = torch.cat([model.network(batch).float().softmax(dim=1) for batch in batches]).numpy()
    starts, n_frames = cut[0].starts // patch, answers.shape[-1]
    of_leads = answers.reshape(len(signal), len(starts), *answers.shape[1:])
    places = np.arange(n_frames)
    weights = np.minimum(1.0, (1 + np.minimum(places, places[::-1])) / RAMP)
    sums = np.zeros((len(signal), answers.shape[1], int(starts[-1]) + n_frames))
    total = np.zeros(sums.shape[-1])
    for number, start in enumerate(starts.tolist()):
        sums[..., start : start + n_frames] += weights * of_leads[:, number]
        total[start : start + n_frames] += weights
    recorded = max(1, signal.shape[-1] // patch)
    return np.asarray((sums / total)[..., :recorded], np.float32)
