"""The sentences on the data of the study of Jang et al. (2021), and on what differs from it."""

from collections.abc import Sequence

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_data import (
    TEST_FOLDS,
    TRAIN_FOLDS,
    VALIDATION_FOLDS,
    counts_text,
    label_counts_of,
    study_lead,
    study_task,
)
from ecgapp.experiments.study_protocol import DataReport

_STUDY = "10,646 records of Shaoxing with eleven rhythms in lead II, and 2,648,100 windows for pretraining"


def data_report(config: Jang2021Config, stores: Sequence[DatasetStore]) -> DataReport:
    """The records and labels of the data sets, and the differences between experiment and published study."""
    return DataReport(_data(config, stores), _differences(config, stores))


def _data(config: Jang2021Config, stores: Sequence[DatasetStore]) -> tuple[str, ...]:
    question, counts = study_task(config, stores), label_counts_of(config, stores).usable
    train, validation, test = (sum(part) for part in zip(*counts.values(), strict=True))
    sources = ", ".join(f"{store.name} ({_used(store):,} records in folds)" for store in stores)
    return (
        f"Data: {sources}. Task: {question.title}.",
        f"Records with one of the labels: {train:,} in folds 1-8 for training, {validation:,} in fold 9 "
        f"for validation, {test:,} in fold 10 for the test. A patient lies in one fold.",
        f"Records of each label (training / validation / test): {counts_text(counts)}.",
        f"Each of the {config.repeats} repeats draws its training records with replacement, each label as "
        "often as it occurs, and takes the share of them; all trials have the same test records.",
        "Arms with the same share and repeat have the same records, batches, augmentation and seeds, and "
        "differ in the initial weights alone. Linear heads have the same standardisation and search.",
        "Frozen random networks have their batch norms measured on windows of training records, so that "
        "their signals neither fade nor grow from layer to layer.",
    )


def _differences(config: Jang2021Config, stores: Sequence[DatasetStore]) -> tuple[str, ...]:
    lead, network = study_lead(stores), config.network
    sentences = [
        f"The study has {_STUDY}; it splits records 8:2 without validation, and reports the best of 150 "
        "epochs on its test records. Here that figure stands beside that of the epoch chosen on validation.",
        "The study names neither filter nor cut-off: here a Butterworth filter of 0.5-40 Hz, then z-scores.",
    ]
    if lead != "II":
        sentences.append(f"The data have lead {lead} alone, which stands for lead II.")
    if left_out := label_counts_of(config, stores).left_out:
        sentences.append(
            f"Labels with fewer than {config.fewest_positives} records for training, or without one for "
            "validation or test, are left out with their records (training / validation / test): "
            f"{counts_text(left_out)}."
        )
    if network.architecture != "jang_autoencoder":
        sentences.append(
            f"The network is {network.architecture} instead of the published graph, which takes about 35 "
            "times as long on a CPU."
        )
    sentences += _training_differences(config)
    return tuple(sentences)


def _training_differences(config: Jang2021Config) -> list[str]:
    start = f"The encoder is that of the installed model {config.pretrained}."
    if config.pretrained is None:
        own = config.pretraining
        start = (
            f"The autoencoder learns from the training records' own windows, at most {own.epochs} epochs at "
            f"{own.learning_rate:g}, batches of {own.batch_size}, and ends after {own.patience} epochs "
            "without a lower error on validation. Its loss is the mean square, the published sum over 2,048."
        )
    plan = ", ".join(f"{s.percent} %: {s.epochs} of {s.passes}" for s in config.shares)
    image = config.spectrogram
    sentences = [start, f"Epochs by share of the labels, and the passes of each: {plan}."]
    if not config.as_published:
        sentences.append(
            f"AdamW with one cycle up to {config.learning_rate:g} and averaged weights instead of Adam at "
            f"0.005; windows are turned with probability {config.polarity:g}."
        )
    if config.judged_windows:
        sentences.append(
            f"Of validation and test records at most {config.judged_windows} windows are judged, the first."
        )
    if config.images:
        sentences.append(
            f"The study says nothing of its spectrograms: here segments of {image.segment} samples with "
            f"{image.overlap} overlapping, up to {image.highest_hz:g} Hz, {image.range_db:g} dB from black "
            f"to white, {image.pixels} pixels a side; a linear head instead of a trained dense one."
        )
    return sentences


def _used(store: DatasetStore) -> int:
    return int(np.isin(store.folds, (*TRAIN_FOLDS, *VALIDATION_FOLDS, *TEST_FOLDS)).sum())
