"""What a finished training leaves: the network, its thresholds, its figures, and its card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp import __version__
from ecgapp.evaluate import best_thresholds, evaluate_predictions, fit_temperature, reconstruction_metrics
from ecgapp.models import ModelCard, Network, Predictions, Provenance, TrainedModel, save_model
from ecgapp.records.record import FloatArray
from ecgapp.training.config import TrainingConfig
from ecgapp.training.inference import Inference, combine_windows, probabilities
from ecgapp.training.windows import RecordSet, Rows, all_windows

RESULT = "result"  # the folder in a training's folder
_CLOSEST = 1e-6  # how near to 0 or 1 a probability may come before its logit is taken


@dataclass(frozen=True, eq=False)
class Source:
    """Where a result comes from: the config, the data's names, and the pretrained weights used."""

    config: TrainingConfig
    store_names: tuple[str, ...]
    pretrained: str | None  # name and sha256
    epochs: int  # that were run


def reconstruction_result(
    network: Network, source: Source, records: RecordSet, inference: Inference
) -> TrainedModel:
    """An autoencoder with its error on the validation windows."""
    config = source.config
    rows = records.rows(config.validation_folds)
    windows = all_windows(records, rows)
    errors = inference.errors(records, windows)
    dataset = _dataset(source, config.validation_folds)
    metrics = reconstruction_metrics(errors, windows.owners, config.preprocessing.window, dataset)
    train = records.rows(config.train_folds)
    card = ModelCard(
        config.name,
        config.title or config.name,
        network.config,
        config.preprocessing,
        _provenance(source, len(train), len(rows)),
        reconstruction=metrics,
    )
    return TrainedModel(network, card)


def window_logits(inference: Inference, records: RecordSet, rows: Rows) -> tuple[FloatArray, Rows]:
    """Logits of all windows of these records, (n_windows, n_labels), and whose each is."""
    windows = all_windows(records, rows)
    return inference.logits(records, windows), windows.owners


def classification_result(
    network: Network,
    source: Source,
    records: RecordSet,
    answers: tuple[FloatArray, Rows],
    *,
    out_of_fold: bool = False,
) -> tuple[TrainedModel, Predictions]:
    """A classifier with temperature, thresholds and figures, all from ``window_logits``' answers.

    ``out_of_fold``: the answers are those of ensemble members that were trained without the record.
    """
    config, task = source.config, source.config.labels()
    if task is None:
        raise TypeError("A classifier needs a task.")
    logits, owners = answers
    rows = np.unique(owners)
    targets = records.targets[rows]
    plain = combine_windows(probabilities(logits, task.multilabel), owners, rows, config.aggregation)
    temperature = fit_temperature(_logits_of(plain, task.multilabel), targets, task.multilabel)
    windows = probabilities(logits, task.multilabel, temperature)
    found = combine_windows(windows, owners, rows, config.aggregation)
    thresholds = best_thresholds(found, targets, config.threshold_beta)
    folds = sorted({int(fold) for fold in records.folds[rows]})
    dataset = _dataset(source, folds) + (", out-of-fold" if out_of_fold else "")
    n_train = len(records) if out_of_fold else len(records.rows(config.train_folds))
    card = ModelCard(
        config.name,
        config.title or task.title,
        network.config,
        config.preprocessing,
        _provenance(source, n_train, len(rows)),
        task,
        tuple(float(threshold) for threshold in thresholds),
        temperature,
        config.aggregation,
        evaluate_predictions(task, found, targets, thresholds, dataset, seed=config.seed),
    )
    return TrainedModel(network, card), Predictions(found, targets, records.folds[rows])


def save_result(folder: Path, model: TrainedModel, predictions: Predictions | None = None) -> TrainedModel:
    """Write weights, predictions and card; the model comes back with its sha256."""
    return TrainedModel(model.network, save_model(folder / RESULT, model, predictions))


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


def _provenance(source: Source, n_train: int, n_validation: int) -> Provenance:
    config = source.config
    chosen = (
        "" if config.pretraining else "Temperature and thresholds were fitted on the validation records. "
    )
    averaged = "the average of the weights over the last steps" if config.ema_decay else "the last weights"
    if config.members > 1:
        folds = (*config.train_folds, *config.validation_folds)
        train, validation = _folds(folds), f"{_folds(folds)}, each by members trained without it"
        kept = (
            f"Each of {config.members} members is {averaged}; no epoch was chosen by validation. "
            "The figures are those of single members on records that they did not see; "
            "the ensemble answers the mean of all members' logits."
        )
    else:
        train, validation = _folds(config.train_folds), _folds(config.validation_folds)
        kept = f"The epoch with the best validation was kept ({averaged})."
    return Provenance(
        datasets=source.store_names,
        train_folds=train,
        validation_folds=validation,
        n_train=n_train,
        n_validation=n_validation,
        seed=config.seed,
        epochs=source.epochs,
        initialisation=config.initialisation,
        pretrained=source.pretrained,
        command=f"python -m ecgapp train {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=chosen + kept,
    )
