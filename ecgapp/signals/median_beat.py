"""Similar beats aligned at R, so that their median can be computed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

BEFORE, AFTER = 0.45, 0.70  # s around R
CORE = (0.10, 0.40)  # s around R by which beats are compared: QRS and T
ALIKE = 0.80  # lowest correlation with the typical beat of a beat that counts
ROUNDS = 3  # of selecting the beats and computing their median again


@dataclass(frozen=True)
class CommonBeats:
    """The R peaks of the beats of the commonest kind, and how similar those beats are.

    ``n_others`` look different, ``n_cut`` reach beyond the record's ends. ``alike`` is each usable lead's
    mean correlation of those beats with their median, (n_leads,).
    """

    peaks: NDArray[np.int64]
    n_others: int
    n_cut: int
    alike: NDArray[np.float64]


def common_beats(signal: FloatArray, peaks: NDArray[np.int64], sampling_rate: float) -> CommonBeats:
    """The beats of ``signal`` (n_leads, n_samples) that look like most of them; none with fewer than two.

    Beats that do not lie completely in the record are left out, too.
    """
    whole = _whole(peaks, signal.shape[1], sampling_rate)
    if len(whole) < 2:
        return CommonBeats(whole[:0], 0, len(peaks), np.zeros(len(signal)))
    cut = _standardised(aligned(signal, whole, sampling_rate, CORE))
    chosen = np.ones(len(whole), bool)
    for _ in range(ROUNDS):
        template = _standardised(np.median(cut[chosen], axis=0)[None])[0]
        alike = (cut * template).mean(axis=2)  # (n_beats, n_leads)
        typical = np.median(alike, axis=1)
        similar = typical >= min(ALIKE, float(np.median(typical)))
        if similar.sum() < 2 or (similar == chosen).all():
            break
        chosen = similar
    n_others, n_cut = int((~chosen).sum()), len(peaks) - len(whole)
    return CommonBeats(whole[chosen], n_others, n_cut, np.asarray(alike[chosen].mean(axis=0)))


def aligned(
    values: NDArray[np.floating],
    peaks: NDArray[np.int64],
    sampling_rate: float,
    span: tuple[float, float] = (BEFORE, AFTER),
) -> NDArray[np.floating]:
    """``values`` (..., n_samples) around each peak: (n_beats, ..., n_around), R at ``round(span[0] * rate)``.

    Beyond the record's ends the first or last sample is repeated.
    """
    around = np.arange(-round(span[0] * sampling_rate), round(span[1] * sampling_rate) + 1)
    places = np.clip(peaks[:, None] + around, 0, values.shape[-1] - 1)
    return np.moveaxis(values[..., places], -2, 0)


def _whole(peaks: NDArray[np.int64], n_samples: int, sampling_rate: float) -> NDArray[np.int64]:
    first, behind = CORE[0] * sampling_rate, n_samples - CORE[1] * sampling_rate
    return peaks[(peaks >= first) & (peaks < behind)]


def _standardised(beats: NDArray[np.floating]) -> NDArray[np.float64]:
    centred = beats - beats.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(axis=-1, keepdims=True), 1e-9), np.float64)
