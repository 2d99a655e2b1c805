"""Tiny untrained models with complete cards, for tests of packages above ``models``."""

import functools

import numpy as np
import torch

from ecgapp.config import Settings
from ecgapp.evaluate import evaluate_predictions, wilson
from ecgapp.models import (
    ECGClassifierConfig,
    Interval,
    ModelCard,
    PatchAutoencoderConfig,
    Predictions,
    Provenance,
    ReconstructionMetrics,
    TrainedModel,
    VentricularConfig,
    VentricularFigures,
    VentricularMetrics,
    build,
    save_model,
)
from ecgapp.records.record import LEADS
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import task

MADE = Provenance(("made for a test",), "folds 1-8", "fold 9", 100, 200, 0, 1, "random")


def encoder(n_leads=12, n_samples=1000):
    return PatchAutoencoderConfig(
        n_leads=n_leads, n_samples=n_samples, widths=(8, 8), depths=(1, 1), squeeze=4
    )


def preprocessing(leads=LEADS, sampling_rate=100.0, window=1000, stride=500):
    return PreprocessingConfig(tuple(leads), sampling_rate, window=window, stride=stride)


def predictions(n_labels, n_records=200, seed=0):
    """Probabilities that lean towards the truth; the last label has two positives only."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n_records, n_labels)) < 0.3).astype(np.float32)
    targets[:, -1] = 0
    targets[:2, -1] = 1
    scores = np.clip(0.25 + 0.4 * targets + rng.normal(0, 0.2, targets.shape), 0.01, 0.99)
    return Predictions(scores.astype(np.float32), targets, np.full(n_records, 9, dtype=np.int64))


def classifier(name="tiny_nine", task_name="nine_class", thresholds=None, **prepared):
    """A classifier and its validation predictions."""
    torch.manual_seed(0)
    config = preprocessing(**prepared)
    chosen_task = task(task_name)
    n_labels = len(chosen_task.labels)
    lines = thresholds or (0.5,) * n_labels
    network = ECGClassifierConfig(encoder(len(config.leads), config.window), n_labels=n_labels)
    known = predictions(n_labels)
    figures = _figures(task_name, lines)
    card = ModelCard(
        name, f"Tiny {task_name}", network, config, MADE, chosen_task, thresholds=lines, validation=figures
    )
    return TrainedModel(build(network).eval().requires_grad_(False), card), known


@functools.cache
def _figures(task_name, lines):
    """The figures of ``predictions`` at these thresholds; every test with a classifier needs them."""
    chosen_task = task(task_name)
    known = predictions(len(chosen_task.labels))
    return evaluate_predictions(
        chosen_task, known.probabilities, known.targets, lines, "made, fold 9", n_bootstrap=50
    )


def autoencoder(name="tiny_cae", **prepared):
    torch.manual_seed(0)
    config = preprocessing(**prepared)
    network = encoder(len(config.leads), config.window)
    figures = ReconstructionMetrics(
        "made, fold 9", 20, 40, Interval(0.2, 0.1, 0.3), Interval(200.0, 100.0, 300.0)
    )
    card = ModelCard(name, "Tiny autoencoder", network, config, MADE, reconstruction=figures)
    return TrainedModel(build(network).eval().requires_grad_(False), card)


def ventricular(name="tiny_ventricular", found=32, patients=30, called=0):
    """A ventricular network that detects ``found`` of 40 records, with ``called`` false alarms.

    Its other records are 40 rhythms and 10 of noise, of which one is called.
    """
    torch.manual_seed(0)
    network = VentricularConfig(n_samples=256, width=8, dilations=(1, 2), members=2)
    prepared = PreprocessingConfig(("any lead",), 125.0, 0.5, 40.0, 2, 256, 128)
    kinds = (
        VentricularFigures("cudb, ventricular", True, patients, 40, found, wilson(found, 40)),
        VentricularFigures("cudb, organised", False, 12, 40, called, wilson(called, 40)),
        VentricularFigures("white noise", False, 0, 10, 1, wilson(1, 10)),
    )
    figures = VentricularMetrics("made", 90, wilson(found, 40), wilson(called + 1, 50), kinds)
    card = ModelCard(name, "Tiny ventricular", network, prepared, MADE, ventricular=figures)
    return TrainedModel(build(network).eval().requires_grad_(False), card)


def install(folder):
    """One classifier of nine classes and one 12-lead autoencoder in ``folder``."""
    model, known = classifier()
    save_model(folder, model, known)
    save_model(folder, autoencoder())


def stand_alone(monkeypatch, home):
    """Set ``home`` as the installation's home, without shipped models."""
    alone = Settings(home, home / "no shipped weights")
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: alone)
