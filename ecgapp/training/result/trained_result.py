"""What a finished training leaves: the network, its thresholds, its figures, and its card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp import __version__
from ecgapp.datasets import DatasetStore
from ecgapp.evaluate import best_thresholds, evaluate_predictions, fit_temperature, reconstruction_metrics
from ecgapp.models import ModelCard, Network, Predictions, Provenance, TrainedModel, save_model
from ecgapp.models.answers import ProbabilityRule
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.inference import Inference
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.result.naming import named
from ecgapp.training.training_config import RESULT, Resampling, TrainingConfig

_CLOSEST = 1e-6  # how near to 0 or 1 a probability may come before its logit is taken


@dataclass(frozen=True, eq=False)
class Source:
    """Where a result comes from: the config, the data sets, and the pretrained weights used."""

    config: TrainingConfig
    stores: tuple[DatasetStore, ...]
    pretrained: str | None  # name and sha256
    epochs: int  # that were run
    n_train: int  # records that were learnt from

    @property
    def store_names(self) -> tuple[str, ...]:
        return tuple(store.name for store in self.stores)


@dataclass(frozen=True, eq=False)
class ValidationLogits:
    """A classifier's logits of all validation windows, (n_windows, n_labels).

    ``owners`` (n_windows,) holds the record of each; ``members`` (n_windows,) the member of a cross-fitted
    ensemble that answered, or None where the whole model did.
    """

    logits: FloatArray
    owners: Rows
    members: Rows | None = None


def reconstruction_result(
    network: Network, source: Source, records: RecordSet, inference: Inference
) -> TrainedModel:
    """An autoencoder with its error on the validation windows."""
    config = source.config
    rows = records.rows(config.validation_folds)
    errors, owners = inference.errors(records, rows)
    dataset = _dataset(source, config.validation_folds)
    metrics = reconstruction_metrics(errors, owners, config.preprocessing.window, dataset)
    card = ModelCard(
        config.name,
        config.title or config.name,
        network.config,
        config.preprocessing,
        _provenance(source, len(rows)),
        reconstruction=metrics,
    )
    return TrainedModel(network, card)


def classification_result(
    network: Network, source: Source, records: RecordSet, answers: ValidationLogits
) -> tuple[TrainedModel, Predictions]:
    """A classifier, its temperature, thresholds and figures from ``answers``, and its predictions."""
    config, task = source.config, source.config.labels()
    if task is None:
        raise TypeError("A classifier needs a task.")
    logits, owners = answers.logits, answers.owners
    rows, first_windows = np.unique(owners, return_index=True)
    targets = records.targets[rows]
    rule = ProbabilityRule(task.multilabel, aggregation=config.aggregation)
    plain = rule.records(logits, owners, rows)
    temperature = fit_temperature(_logits_of(plain, task.multilabel), targets, task.multilabel)
    found = replace(rule, temperature=temperature).records(logits, owners, rows)
    thresholds = best_thresholds(found, targets, config.threshold_beta)
    folds = sorted({int(fold) for fold in records.folds[rows]})
    dataset = _dataset(source, folds) + (", out-of-fold" if _cross_fitted(config) else "")
    card = ModelCard(
        config.name,
        config.title or task.title,
        network.config,
        config.preprocessing,
        _provenance(source, len(rows)),
        task,
        tuple(float(threshold) for threshold in thresholds),
        temperature,
        config.aggregation,
        evaluate_predictions(task, found, targets, thresholds, dataset, seed=config.seed),
    )
    names = named(records, rows, source.stores)
    members = None if answers.members is None else answers.members[first_windows]
    return TrainedModel(network, card), Predictions(found, targets, records.folds[rows], names, members)


def save_result(
    folder: Path, model: TrainedModel, predictions: Predictions | None = None, processes: ProcessGroup = ALONE
) -> TrainedModel:
    """Write weights, predictions and card, once for all processes; the model comes back with its sha256."""
    card = save_model(folder / RESULT, model, predictions) if processes.is_leader else model.card
    return TrainedModel(model.network, processes.broadcast(card))


def _logits_of(answers: FloatArray, multilabel: bool) -> NDArray[np.float64]:
    """One logit for each record and label: those of its windows' combined probabilities."""
    bounded = np.clip(answers.astype(np.float64), _CLOSEST, 1 - _CLOSEST)
    return np.asarray(np.log(bounded / (1 - bounded)) if multilabel else np.log(bounded))


def _dataset(source: Source, folds: Sequence[int]) -> str:
    return f"{', '.join(source.store_names)}, {_folds(folds)}"


def _folds(folds: Sequence[int]) -> str:
    """``fold 9``, ``folds 1-8``, ``folds 1, 3``."""
    ordered = sorted(folds)
    if len(ordered) == 1:
        return f"fold {ordered[0]}"
    if ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"folds {ordered[0]}-{ordered[-1]}"
    return f"folds {', '.join(map(str, ordered))}"


def _cross_fitted(config: TrainingConfig) -> bool:
    return config.members > 1 and config.resampling == Resampling.CROSS_FIT


def _provenance(source: Source, n_validation: int) -> Provenance:
    config = source.config
    train, validation = _folds(config.train_folds), _folds(config.validation_folds)
    if _cross_fitted(config):
        train = _folds((*config.train_folds, *config.validation_folds))
        validation = f"{train}, each by members trained without it"
    return Provenance(
        datasets=source.store_names,
        train_folds=train,
        validation_folds=validation,
        n_train=source.n_train,
        n_validation=n_validation,
        seed=config.seed,
        epochs=source.epochs,
        initialisation=config.initialisation,
        pretrained=source.pretrained,
        command=f"python -m ecgapp train {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=_note(config),
    )


def _note(config: TrainingConfig) -> str:
    """What a reader of the figures must know about how they came about."""
    chosen = (
        "" if config.pretraining else "Temperature and thresholds were fitted on the validation records. "
    )
    averaged = "the average of the weights over the last steps" if config.ema_decay else "the last weights"
    if config.members == 1 and config.resampling == Resampling.BOOTSTRAP:
        chosen += "The network learnt from a bootstrap sample of the training records. "
    if config.members == 1:
        return f"{chosen}The epoch with the best validation was kept ({averaged})."
    kept = f"Each of {config.members} members is {averaged}; no epoch was chosen by validation. "
    answers = "the ensemble answers the mean of all members' logits."
    if _cross_fitted(config):
        figures = "The figures are those of single members on records that they did not see; "
        return f"{chosen}{kept}{figures}{answers}"
    learnt = (
        "Each learnt from its own bootstrap sample of the training records. The figures are the ensemble's: "
    )
    return f"{chosen}{kept}{learnt}{answers}"
