"""The sentences on the data of ansari2020, and on what differs from the study."""

from collections.abc import Sequence

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config
from ecgapp.experiments.study_protocol import DataReport
from ecgapp.experiments.trials.trial_data import FOLDS
from ecgapp.tasks import task


def data_report(settings: Ansari2020Config, stores: Sequence[DatasetStore]) -> DataReport:
    """Records and positives of each data set, and the differences from the study.

    Raises:
        ExperimentError: the first data set has too few records of a class.
    """
    labelled = task(settings.task)
    rows = [np.asarray(store.rows(FOLDS)) for store in stores]
    counts = [store.targets(labelled, own) for store, own in zip(stores, rows, strict=True)]
    _refuse_too_few(stores[0], labelled.label_names, (counts[0] == 1).sum(0), settings.fewest_positives)
    data = []
    for store, targets in zip(stores, counts, strict=True):
        answered = int((~np.isnan(targets)).any(axis=1).sum())
        parts = zip(labelled.label_names, (targets == 1).sum(0).tolist(), strict=True)
        positives = ", ".join(f"{name} {n:,}" for name, n in parts)
        data.append(f"{store.name}: {answered:,} records; positives: {positives}.")
    return DataReport(tuple(data), _differences(settings))


def _refuse_too_few(
    store: DatasetStore, labels: Sequence[str], positives: Sequence[int], fewest: int
) -> None:
    """See that the first data set has ``fewest`` records of each label.

    Raises:
        ExperimentError: it has not; the sentence names the label and the count.
    """
    for label, n in zip(labels, positives, strict=True):
        if n < fewest:
            raise ExperimentError(
                f"The data set {store.name} has {n:,} records with {label}, and the study needs at least "
                f"{fewest}. Name a data set first that has every class."
            )


def _differences(settings: Ansari2020Config) -> tuple[str, ...]:
    """Sentences on what differs from the study."""
    return (
        f"The autoencoder is the installed {settings.autoencoder}; the study's learnt from about 2 million "
        "ECGs, which are not public. Records that it did not learn from have tables and differences of their "
        "own.",
        "The abstract names no learner, network or setting; all of them are our choice. Strengths of the "
        "learners and F1 thresholds are chosen inside the training part, in the same way for both encoders.",
        "The pooled maps of all stages were added after short trials on folds 1 to 5 of PTB-XL and of the "
        "challenge of 2021, so figures on those data are slightly optimistic for these features.",
        f"The simple split of the study is one fold of {settings.folds}; the cross-validation beside it, "
        "which judges every record, is ours.",
        "Records whose patients are unknown and may be in another data set are left out (fold 0).",
        "Accuracy is the mean over classes of the share of right answers.",
    )
