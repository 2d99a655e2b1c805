"""The sentences on the data of singstad2020, and on what differs from the publication."""

from collections import Counter
from collections.abc import Sequence

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import Size
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config, preset
from ecgapp.experiments.singstad2020.singstad2020_data import TASK, record_columns
from ecgapp.experiments.study_protocol import DataReport
from ecgapp.tasks import task

_PUBLISHED_RECORDS = 6877
_EXTRA = "cpsc_2018_extra"  # records that the challenge of 2020 added


def data_report(settings: Singstad2020Config, stores: Sequence[DatasetStore]) -> DataReport:
    """Records, sources, positives and folds, and the differences from the publication.

    Raises:
        ExperimentError: a class has fewer positives than the smallest number of folds.
    """
    targets, sources, seconds = record_columns(settings, stores)
    names = task(TASK).label_names
    positives = (targets == 1).sum(axis=0).astype(int)
    if positives.min() < settings.fewest_folds:
        rarest = int(positives.argmin())
        raise ExperimentError(
            f"Each class needs {settings.fewest_folds} records of CPSC2018 at least; {names[rarest]} has "
            f"{positives[rarest]} in the chosen data sets."
        )
    by_class = ", ".join(f"{name} {n:,}" for name, n in zip(names, positives.tolist(), strict=True))
    by_source = ", ".join(f"{name} {n:,}" for name, n in sorted(Counter(sources).items()))
    data = (
        f"{len(targets):,} records ({by_source}) of {min(seconds):.0f} to {max(seconds):.0f} s; "
        f"positives: {by_class}.",
        f"{settings.n_folds} patient-wise folds with equal shares of each class (iterative "
        f"stratification); inside each, {settings.validation_share:.0%} of the training patients choose "
        "the epoch.",
    )
    differences = _differences(settings, len(targets), int(positives.min()), sources)
    return DataReport(data, differences)


def _differences(
    settings: Singstad2020Config, n_records: int, rarest: int, sources: Sequence[str]
) -> tuple[str, ...]:
    """Sentences on what differs from the publication; ``rarest`` counts the rarest class's positives."""
    published = preset(Size.FULL)
    differences = []
    if n_records != _PUBLISHED_RECORDS:
        differences.append(f"The study has {_PUBLISHED_RECORDS:,} records; here are {n_records:,}.")
    if _EXTRA in sources:
        differences.append(f"{sources.count(_EXTRA):,} records are of {_EXTRA}, which the study lacks.")
    if settings.n_folds != published.n_folds:
        cause = ", as a class has too few positives for ten" if rarest < published.n_folds else ""
        differences.append(f"{settings.n_folds} folds in place of 10{cause}.")
    if settings.filters != published.filters:
        differences.append(f"{settings.filters} filters in place of {published.filters:,}.")
    if settings.sampling_rate != published.sampling_rate:
        differences.append(
            f"{settings.sampling_rate:g} Hz in place of 500 Hz, with {settings.blocks} blocks in place of 7: "
            "all seven do not fit."
        )
    differences.append(
        f"The optimiser is {settings.optimiser} at {settings.learning_rate:g} ({settings.schedule}), in "
        f"batches of {settings.batch_size}; the public code has SGD and says no more. A training ends after "
        f"{settings.patience} epochs without a better loss; the study's patience is not published."
    )
    differences += (
        "Each lead is normalised after a band-pass; the public code feeds raw samples, and scrambles leads "
        "and time by a reshape, which is not repeated.",
        "The abstract fits thresholds on the training data; here also on the records that choose the epoch.",
    )
    return tuple(differences)
