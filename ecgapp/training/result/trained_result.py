"""The result of a training: the network with its thresholds, figures and card, saved once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from ecgapp import __version__
from ecgapp.datasets import DatasetStore
from ecgapp.errors import DatasetError
from ecgapp.evaluate import best_thresholds, evaluate_predictions, fit_temperature, reconstruction_metrics
from ecgapp.models import (
    ModelCard,
    Network,
    Origin,
    Predictions,
    Provenance,
    RecordNames,
    TrainedModel,
    save_model,
)
from ecgapp.models.answers import ProbabilityRule, logits_of, mean_logits
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.preparation import PreparedTraining
from ecgapp.training.result.example_writer import ExampleWriter, add_kept_answers
from ecgapp.training.training_config import RESULT, Resampling, TrainingConfig


@dataclass(frozen=True, eq=False)
class ValidationLogits:
    """A classifier's logits of all validation windows, (n_windows, n_labels).

    ``owners`` (n_windows,) holds the record of each; ``members`` (n_windows,) the member of a cross-fitted
    ensemble that answered, or None where the whole model did.
    """

    logits: FloatArray
    owners: Rows
    members: Rows | None = None


def validation_logits(training: PreparedTraining, networks: Sequence[Network]) -> ValidationLogits:
    """Logits by the members that have not seen the record; in a bootstrap the mean of all members' logits."""
    answers = [
        training.inference(network).logits(training.records, member.validation)
        for network, member in zip(networks, training.members, strict=True)
    ]
    logits, owners = [logits for logits, _ in answers], [owners for _, owners in answers]
    if len(networks) == 1:
        return ValidationLogits(logits[0], owners[0])
    if training.config.resampling == Resampling.BOOTSTRAP:
        return ValidationLogits(mean_logits(np.stack(logits)), owners[0])
    members = np.repeat(np.arange(len(owners), dtype=np.int64), [len(each) for each in owners])
    return ValidationLogits(np.concatenate(logits), np.concatenate(owners), members)


def save_autoencoder(training: PreparedTraining, network: Network, epochs: int) -> TrainedModel:
    """Save the autoencoder with its error on the validation windows, as trained for ``epochs`` epochs."""
    config, records = training.config, training.records
    rows = records.rows(config.validation_folds)
    errors, owners = training.inference(network).errors(records, rows)
    dataset = _dataset(training, config.validation_folds)
    metrics = reconstruction_metrics(errors, owners, config.preprocessing.window, dataset)
    card = ModelCard(
        config.name,
        config.title or config.name,
        network.config,
        config.preprocessing,
        _provenance(training, epochs, len(rows)),
        reconstruction=metrics,
    )
    return _save(training, TrainedModel(network, card))


def save_classifier(
    training: PreparedTraining, network: Network, epochs: int, answers: ValidationLogits
) -> TrainedModel:
    """Save the classifier with temperature, thresholds, figures and predictions, all from ``answers``."""
    config, records, task = training.config, training.records, training.config.labels()
    if task is None:
        raise TypeError("A classifier needs a task.")
    rows, first_windows = np.unique(answers.owners, return_index=True)
    targets, folds = records.targets[rows], records.folds[rows]
    rule, probabilities = _calibrated(task, config.aggregation, answers, targets, rows)
    thresholds = best_thresholds(probabilities, targets, config.threshold_beta)
    validated = sorted({int(fold) for fold in folds})
    dataset = _dataset(training, validated) + (", out-of-fold" if _cross_fitted(config) else "")
    card = ModelCard(
        config.name,
        config.title or task.title,
        network.config,
        config.preprocessing,
        _provenance(training, epochs, len(rows)),
        task,
        tuple(float(threshold) for threshold in thresholds),
        rule.temperature,
        config.aggregation,
        evaluate_predictions(task, probabilities, targets, thresholds, dataset, seed=config.seed),
    )
    members = None if answers.members is None else answers.members[first_windows]
    names = _record_names(records, rows, training.stores)
    predictions = Predictions(probabilities, targets, folds, names, members)
    if training.processes.is_leader:
        writer = ExampleWriter(training.folder, training.stores)
        add_kept_answers(writer, records, rows, card, predictions)
    return _save(training, TrainedModel(network, card), predictions)


def _calibrated(
    task: Task, aggregation: str, answers: ValidationLogits, targets: FloatArray, rows: Rows
) -> tuple[ProbabilityRule, FloatArray]:
    """The rule with the temperature that fits ``targets`` best, and the records' probabilities by it."""
    rule = ProbabilityRule(task.multilabel, aggregation=aggregation)
    plain = rule.records(answers.logits, answers.owners, rows)
    temperature = fit_temperature(logits_of(plain, task.multilabel), targets, task.multilabel)
    rule = replace(rule, temperature=temperature)
    return rule, rule.records(answers.logits, answers.owners, rows)


def _save(
    training: PreparedTraining, model: TrainedModel, predictions: Predictions | None = None
) -> TrainedModel:
    """Write weights, predictions and card, once for all processes; returns the model with its sha256."""
    card = model.card
    if training.processes.is_leader:
        card = save_model(training.folder / RESULT, model, predictions)
    return TrainedModel(model.network, training.processes.broadcast(card))


def _record_names(records: RecordSet, rows: Rows, stores: Sequence[DatasetStore]) -> RecordNames | None:
    """The ids and origins of ``rows`` of ``records``, from ``stores``, in the order of ``records.stores``.

    None if a data set was removed meanwhile: a training has its signals in memory, and goes on.
    """
    ids, origins = [""] * len(rows), [Origin("", "", "")] * len(rows)
    try:
        for number, store in enumerate(stores):
            places = np.flatnonzero(records.store_of[rows] == number)
            there = records.row_of[rows[places]]
            named = zip(places.tolist(), store.record_ids(there), store.sources(there), strict=True)
            for place, record_id, source in named:
                ids[place] = record_id
                origins[place] = Origin(store.name, store.manifest.digest, source)
    except DatasetError:
        return None
    distinct = tuple(dict.fromkeys(origins))
    numbers = {origin: number for number, origin in enumerate(distinct)}
    return RecordNames(tuple(ids), distinct, np.array([numbers[origin] for origin in origins], np.int64))


def _dataset(training: PreparedTraining, folds: Sequence[int]) -> str:
    return f"{', '.join(store.name for store in training.stores)}, {_folds(folds)}"


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


def _provenance(training: PreparedTraining, epochs: int, n_validation: int) -> Provenance:
    config, pretrained = training.config, training.pretrained
    train, validation = _folds(config.train_folds), _folds(config.validation_folds)
    if _cross_fitted(config):
        train = _folds((*config.train_folds, *config.validation_folds))
        validation = f"{train}, each by members trained without it"
    return Provenance(
        datasets=tuple(store.name for store in training.stores),
        train_folds=train,
        validation_folds=validation,
        n_train=training.n_train,
        n_validation=n_validation,
        seed=config.seed,
        epochs=epochs,
        initialisation=config.initialisation,
        pretrained=f"{pretrained.card.name} (sha256 {pretrained.card.sha256})" if pretrained else None,
        command=f"python -m ecgapp train {config.name}.json",
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        licence=config.licence,
        note=_note(config),
    )


def _note(config: TrainingConfig) -> str:
    """A note for the reader of the figures: how they came about."""
    chosen = (
        "" if config.pretraining else "Temperature and thresholds were fitted on the validation records. "
    )
    if substitutions := config.preprocessing.substitutions:
        chosen += f"The encoder was pretrained on other leads: it reads {', '.join(substitutions)}. "
    if polarity := config.augmentation.polarity:
        chosen += f"In training, windows were turned upside down with probability {polarity:g}. "
    averaged = "the average of the weights over the last steps" if config.ema_decay else "the last weights"
    if config.members == 1 and config.resampling == Resampling.BOOTSTRAP:
        chosen += "The network learnt from a bootstrap sample of the training records. "
    if config.members == 1:
        return f"{chosen}The epoch with the best validation was kept ({averaged})."
    members = f"Each of {config.members} members is {averaged}; no epoch was chosen by validation. "
    answers = "the ensemble answers the mean of all members' logits."
    if _cross_fitted(config):
        figures = "The figures are those of single members on records that they did not see; "
        return f"{chosen}{members}{figures}{answers}"
    learnt = (
        "Each learnt from its own bootstrap sample of the training records. The figures are the ensemble's: "
    )
    return f"{chosen}{members}{learnt}{answers}"
