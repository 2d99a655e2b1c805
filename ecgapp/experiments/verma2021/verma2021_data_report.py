"""The sentences on the data of verma2021, on what differs from it, and on the defects of what was printed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import Size
from ecgapp.experiments.study_protocol import DataReport
from ecgapp.experiments.trials.trial_data import FOLDS
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config, preset, reads_benchmark_input
from ecgapp.experiments.verma2021.verma2021_data import target_answers
from ecgapp.experiments.verma2021.verma2021_networks import network_words
from ecgapp.models import ClassifierConfig
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task

_FEWEST_LABELS = 2  # of the target with a positive for each fold
_FEWEST_FOLDS = 3  # of the source: to learn from, to choose by, and to test on
DEFECTS = (
    "Published from scratch: raw numbers of the recorder without gain and without standardisation, leads "
    "scrambled by a reshape; fine-tuned: millivolts, standardised, leads in order. The printed gain compares "
    "a broken input with a right one. Our arm as published repeats the scrambled leads only.",
    "Published: fold 10 chooses the epoch, fits the temperature, and is the test.",
    "Published at 100 Hz: fine-tuned and from scratch are at chance (0.49 and 0.48), because records were "
    "given each other's names and labels. This says nothing about sampling rates.",
    "Published as ResNet: fastai_resnet1d101 of the benchmark, not resnet1d_wang. Published as Inception: a "
    "network of the authors whose branches are joined along time, not inception1d. Neither has an arm here.",
    "Published spectra: crops of 2.5 s are taken out of the record's spectrum, so that a crop is a band.",
)

_WORDS = {
    "source_epochs": "epochs on the source",
    "target_epochs": "epochs on the target",
    "head_epochs": "further epochs on the target",
    "batch_size": "batch on the source",
    "target_batch": "batch on the target",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "crop_seconds": "seconds of a crop",
    "n_folds": "folds of the target",
    "draws": "repeats of frozen arms",
    "trained_draws": "repeats of trained arms",
    "random_encoders": "random encoders",
    "target_shares": "shares of the target's labels",
    "source_shares": "shares of the source",
    "other_rates": "other sampling rates (Hz)",
    "benchmark_rate": "sampling rate of the benchmark's tasks (Hz)",
    "benchmark_tasks": "tasks of the benchmark",
    "compare_networks_on": "tasks of the other networks",
    "other_networks": "other networks",
    "spectra": "parts of the spectrum",
    "as_published": "arms with the published defects",
}


def data_report(settings: Verma2021Config, stores: Sequence[DatasetStore]) -> DataReport:
    """Records, sources and positives of source and target, and the differences from the publication.

    Raises:
        ExperimentError: the source has too few folds, or the target too few classes with enough positives.
    """
    n_source = _check_source(settings, stores)
    targets, sources = target_answers(settings, stores)
    _check_target(settings, targets)
    return DataReport(_data_sentences(settings, n_source, targets, sources), _differences(settings, stores))


def _check_source(settings: Verma2021Config, stores: Sequence[DatasetStore]) -> int:
    """The number of records of the source.

    Raises:
        ExperimentError: the stores hold no task of PTB-XL, or too few folds of it.
    """
    source_labels = task(f"ptbxl_{settings.source_task}")
    n_records, folds = 0, set()
    for store in stores:
        rows = store.rows(FOLDS)
        positive = (store.targets(source_labels, rows) == 1).any(axis=1)
        n_records += int(positive.sum())
        folds |= set(store.folds[rows[positive]].tolist())
    if len(folds) < _FEWEST_FOLDS:
        raise ExperimentError(
            f"The source needs PTB-XL records with a {settings.source_task} label in at least "
            f"{_FEWEST_FOLDS} folds; the chosen data sets have {n_records:,} in {len(folds)}."
        )
    return n_records


def _check_target(settings: Verma2021Config, targets: FloatArray) -> None:
    """Refuse a target with fewer than two labels that have enough positives.

    Raises:
        ExperimentError: there are fewer; the sentence names the class that has most, and its count.
    """
    names = task(settings.target_task).label_names
    positives = (targets == 1).sum(axis=0)
    if (positives >= settings.n_folds).sum() < _FEWEST_LABELS:
        best = int(positives.argmax()) if len(targets) else 0
        count = int(positives[best]) if len(targets) else 0
        raise ExperimentError(
            f"The target needs {_FEWEST_LABELS} classes with at least {settings.n_folds} positives; the "
            f"class with most, {names[best]}, has {count} in the chosen data sets."
        )


def _data_sentences(
    settings: Verma2021Config, n_source: int, targets: FloatArray, sources: Sequence[str]
) -> tuple[str, ...]:
    names = task(settings.target_task).label_names
    positives = (targets == 1).sum(axis=0)
    by_class = ", ".join(f"{name} {n:,}" for name, n in zip(names, positives.tolist(), strict=True))
    by_source = ", ".join(f"{name} {n:,}" for name, n in sorted(Counter(sources).items()))
    return (
        f"Source: {n_source:,} PTB-XL records with a {settings.source_task} label; the last fold is the "
        "test, the last but one chooses the epoch and the temperature.",
        f"Target: {len(targets):,} records ({by_source}); positives: {by_class}.",
        f"On the target every record is answered by a model that has not seen its patient, in "
        f"{settings.n_folds} stratified folds; no epoch is chosen there, and the penalty of a linear head is "
        "chosen inside the training part.",
    )


def _differences(settings: Verma2021Config, stores: Sequence[DatasetStore]) -> tuple[str, ...]:
    """Sentences on the differences from the publication and the full size, and on published defects."""
    return (
        *_data_differences(settings, stores),
        *_smaller_than_full(settings),
        *_protocol_differences(settings, stores),
        *DEFECTS,
        "All arms have one seed, and each comparison has its own p: none is corrected "
        "for the number of comparisons.",
    )


def _data_differences(settings: Verma2021Config, stores: Sequence[DatasetStore]) -> list[str]:
    published = preset(Size.FULL)
    sentences = []
    if settings.target_sources != published.target_sources:
        sentences.append(
            "The target is every source but PTB-XL; the published target is Georgia (10,344 records)."
        )
    if settings.target_task != published.target_task:
        sentences.append(
            f"The target's classes are those of {settings.target_task}; the published ones are 18."
        )
    if settings.source_task != published.source_task:
        sentences.append(
            f"The source learns the task {settings.source_task}; the published one is diagnostic."
        )
    if settings.sampling_rate != published.sampling_rate:
        sentences.append(f"The sampling rate is {settings.sampling_rate:g} Hz; the published one is 500 Hz.")
    slowest = min(store.manifest.sampling_rate for store in stores)
    if max((settings.sampling_rate, *settings.other_rates)) > slowest:
        sentences.append(
            f"A data set has {slowest:g} Hz only: above that rate its records hold nothing more."
        )
    if any(store.manifest.units != "mV" for store in stores):
        sentences.append("Some records are stored z-scored: their voltages are unknown.")
    return sentences


def _smaller_than_full(settings: Verma2021Config) -> list[str]:
    """One sentence on the network, and one that names each setting which is not that of the full size."""
    full = preset(Size.FULL)
    changed = [
        f"{_WORDS[field.name]} {_text(getattr(settings, field.name))} ({_text(getattr(full, field.name))})"
        for field in fields(settings)
        if field.name in _WORDS and getattr(settings, field.name) != getattr(full, field.name)
    ]
    sentences = []
    if settings.network != full.network:
        sentences.append(
            f"The network is {network_words(settings.network)}; the published one is "
            f"{network_words(full.network)}."
        )
    if changed:
        sentences.append(f"In parentheses as in the full size: {'; '.join(changed)}.")
    return sentences


def _protocol_differences(settings: Verma2021Config, stores: Sequence[DatasetStore]) -> list[str]:
    sentences = [
        f"All trained arms of the target have {settings.target_epochs + settings.head_epochs} epochs; with "
        f"graded rates the first {settings.head_epochs} train the head alone. Verma et al. fine-tune for "
        "10 epochs.",
        "The random control is an encoder whose blocks all answer: its last scales begin at one, not at zero "
        "as in a training, and its norms are measured on training windows of each fold.",
        "Spectra are tried on PTB-XL only: no source of spectra is transferred to the target.",
    ]
    if not reads_benchmark_input(settings, stores):
        sentences.append(
            "Each lead of each record is normalised to zero mean and unit variance after a band-pass from "
            "0.5 Hz to 0.45 of the sampling rate; the benchmark uses one mean and one standard deviation of "
            "all training samples, and no filter."
        )
    return sentences


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, ClassifierConfig):
        return network_words(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
