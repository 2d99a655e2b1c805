"""Fitting the gate of the second question: how similar a record is to those that models learnt from.

No network is trained. The latent's mean and covariance (Ledoit and Wolf 2004, doi
10.1016/S0047-259X(03)00096-4) come from good records of the training folds; the weights are those of a
logistic regression on good and spoiled records of these folds, none below 0; the threshold lets the wanted
share of good records of the validation folds fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import optimize
from sklearn.covariance import LedoitWolf

from ecgapp.errors import ConfigError, ModelError
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.detectors.refusals import BAD, GOOD
from ecgapp.models import Autoencoder, Gate, GateConfig, TrainedModel, build
from ecgapp.models.networks.gate_network import PARTS
from ecgapp.signals import PreprocessingConfig

READABLE, SIMILAR = "readable", "similar"  # the two questions
USUAL, RARE = 0.5, 0.95  # quantiles of the good records between which a part counts one unit
LEAST = {"contradiction": 1.0}  # of a unit, for rounding contradicts too
RIDGE = 1e-3
SMALLEST = 1e-6  # of the largest variance: a direction in which nothing varies says nothing


@dataclass(frozen=True)
class GateFitConfig:
    """All that a gate depends on besides the records; the same on both gives the same gate.

    ``question`` is "similar" (to the training data of the models; needs the autoencoder ``pretrained``) or
    "readable" (an ECG at all). ``sources`` name folders of layouts, ``rhythm_sources`` those of windows with
    a known rhythm, ``synthetic`` rhythms of the synthetic ECG: of both, records are good ones for "readable".
    Of ``spoiled_source``'s training folds ``spoiled_records`` are spoiled, and as many of its test folds.
    ``allowance`` is the share of good records of the validation folds that may be refused; for "readable" of
    single windows of their leads.

    Raises:
        ConfigError: a setting makes no sense.
    """

    name: str
    title: str
    preprocessing: PreprocessingConfig
    question: str = SIMILAR
    pretrained: str = ""
    sources: tuple[str, ...] = ("ptb-xl", "ptb-xl-zscored", "challenge", "ludb")
    rhythm_sources: tuple[str, ...] = ()
    synthetic: tuple[str, ...] = ()
    spoiled_source: str = "ptb-xl"
    spoiled_records: int = 80
    train_folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    validation_folds: tuple[int, ...] = (8, 10)
    test_folds: tuple[int, ...] = (9,)
    allowance: float = 0.01
    seed: int = 0
    licence: str = "CC BY 4.0"

    def __post_init__(self) -> None:
        if self.question not in (READABLE, SIMILAR) or (self.question == SIMILAR) != bool(self.pretrained):
            raise ConfigError('The question is "readable", or "similar" with a pretrained autoencoder.')
        folds = (*self.train_folds, *self.validation_folds, *self.test_folds)
        if len(set(folds)) != len(folds) or not (self.train_folds and self.validation_folds):
            raise ConfigError("A fold is for training, for the threshold or for testing, each needs one.")
        if not 0 < self.allowance < 0.5 or min(self.spoiled_records, self.seed + 1) < 1:
            raise ConfigError("The allowance must lie between 0 and 0.5, and some records must be spoiled.")
        if self.spoiled_source not in self.sources:
            raise ConfigError("The records that are spoiled must come from one of the sources.")


@dataclass(frozen=True)
class Judged:
    """One record, good or spoiled: what it is, whose fold it lies in, and the parts of its score."""

    kind: str
    role: str
    fold: int
    parts: tuple[float, ...]
    labels: tuple[str, ...] = ()


def empty_gate(pretrained: TrainedModel) -> Gate:
    """A gate around the autoencoder, with neither latents nor weights yet.

    Raises:
        ModelError: the model is no autoencoder with a latent.
    """
    network = pretrained.network
    if not isinstance(network, Autoencoder):
        raise ModelError(f"{pretrained.card.name} is no autoencoder. Choose one for the gate.")
    gate = build(GateConfig(network.config))
    if not isinstance(gate, Gate):
        raise ModelError("A gate cannot be built around this network.")
    gate.autoencoder.load_state_dict(network.state_dict())
    return gate.eval().requires_grad_(False)


def fit_latent(gate: Gate, latents: Floats) -> None:
    """Set the latent's mean and whitening from those of usual windows, (n, latent)."""
    shape = LedoitWolf().fit(latents)
    values, vectors = np.linalg.eigh(shape.covariance_)
    values = np.maximum(values, SMALLEST * values.max())
    gate.latent_mean.copy_(torch.from_numpy(shape.location_))
    gate.whitening.copy_(torch.from_numpy(vectors / np.sqrt(values)))


def fit_score(gate: Gate, judged: Sequence[Judged], config: GateFitConfig) -> float:
    """Set what the parts weigh from the training folds; the threshold that the validation folds give.

    Raises:
        ConfigError: either has no good or no spoiled records.
    """
    learnt = [one for one in judged if one.fold in config.train_folds and one.role in (GOOD, BAD)]
    good = np.array([one.parts for one in learnt if one.role == GOOD])
    if not len(good) or len(good) == len(learnt):
        raise ConfigError("The training folds need good and spoiled records. Choose more folds.")
    centre, rare = np.quantile(good, [USUAL, RARE], axis=0)
    scale = np.maximum(rare - centre, [LEAST.get(part, 0.01) for part in PARTS])
    hinged = np.maximum((np.array([one.parts for one in learnt]) - centre) / scale, 0)
    weights, bias = _logistic(hinged, np.array([one.role == BAD for one in learnt]), _shares(learnt))
    for name, value in {"centre": centre, "scale": scale, "weights": weights, "bias": bias}.items():
        gate.get_buffer(name).copy_(torch.as_tensor(value))
    return _threshold(gate, judged, config)


def scores(gate: Gate, judged: Sequence[Judged]) -> Floats:
    """Each record's score."""
    parts = np.array([one.parts for one in judged]).reshape(-1, len(PARTS))
    return np.asarray(gate.score(torch.from_numpy(parts).float()).double().numpy())


def _shares(judged: Sequence[Judged]) -> Floats:
    """Good records weigh half together, and each kind of the others the same."""
    kinds = np.array([GOOD if one.role == GOOD else one.kind for one in judged])
    names, rows, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    share = np.where(names == GOOD, 0.5, 0.5 / (len(names) - 1)) / counts
    return np.asarray(share[rows])


def _logistic(hinged: Floats, bad: Floats, shares: Floats) -> tuple[Floats, float]:
    """Weights, none below 0, and bias of a logistic regression."""
    signs = np.where(bad, 1.0, -1.0)

    def loss(values: Floats) -> tuple[float, Floats]:
        margin = signs * (hinged @ values[:-1] + values[-1])
        total = shares @ np.logaddexp(0, -margin) + RIDGE * values[:-1] @ values[:-1]
        slope = -shares * signs / (1 + np.exp(np.minimum(margin, 500)))
        return total, np.append(hinged.T @ slope + 2 * RIDGE * values[:-1], slope.sum())

    n = hinged.shape[1]
    bounds = [(0.0, None)] * n + [(None, None)]
    fitted = optimize.minimize(loss, np.append(np.ones(n), -3.0), jac=True, method="L-BFGS-B", bounds=bounds)
    return fitted.x[:-1], float(fitted.x[-1])


def _threshold(gate: Gate, judged: Sequence[Judged], config: GateFitConfig) -> float:
    """The lowest at which no larger share of good validation records than allowed is refused."""
    good = [one for one in judged if one.role == GOOD and one.fold in config.validation_folds]
    if not good:
        raise ConfigError("The validation folds hold no good records. Choose more folds.")
    ranked = np.sort(scores(gate, good))[::-1]
    allowed = int(config.allowance * len(ranked))
    return float((ranked[allowed] + ranked[max(allowed - 1, 0)]) / 2 if allowed else (ranked[0] + 1) / 2)
