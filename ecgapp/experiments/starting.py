"""Opening an experiment: its config and data are checked, and its folder is made or read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import ExperimentConfig, data_digest
from ecgapp.experiments.experiment_folder import ExperimentFolder, ExperimentRecord
from ecgapp.experiments.study_protocol import DataReport, protocol_named

Stores = tuple[DatasetStore, ...]
_CHANGED = (
    "A data set or a model has changed since this experiment began. Start the experiment again: "
    "the changed data make another one."
)


@dataclass(frozen=True, eq=False)
class CheckedExperiment:
    """An experiment that can be run: its data sets have what the protocol needs. Nothing is written yet."""

    record: ExperimentRecord
    stores: Stores
    data: DataReport


def check_experiment(config: ExperimentConfig, settings: Settings) -> CheckedExperiment:
    """The experiment of this config, with its open data sets. Columns are read, no signals.

    Raises:
        ExperimentError: the data lack what the protocol needs; the sentence names class and count.
        DatasetError: a store is missing or damaged.
        ModelNotFoundError: a model that the protocol transfers is not installed.
    """
    stores = tuple(open_store(name, settings) for name in config.stores)
    names = [store.name for store in stores]
    if len(set(names)) != len(names):
        raise ExperimentError("Two of the data sets have the same name. Leave one out.")
    protocol = protocol_named(config.protocol)
    _check_leads(protocol.leads(config, settings), stores)
    config = protocol.fitted(config, stores)
    data = protocol.data_report(config, stores)
    digest = data_digest(stores, protocol.inputs(config, settings))
    return CheckedExperiment(ExperimentRecord(config, config.digest, digest), stores, data)


def _check_leads(leads: Sequence[str], stores: Stores) -> None:
    """See that each data set has all ``leads``.

    Raises:
        ExperimentError: one has not; the sentence names it and the leads.
    """
    for store in stores:
        missing = [lead for lead in leads if lead not in store.manifest.leads]
        if missing:
            raise ExperimentError(
                f"The data set {store.name} has no lead {', '.join(missing)}; the study reads {len(leads)} "
                f"{'lead' if len(leads) == 1 else 'leads'}. Leave this data set out."
            )


def open_experiment(
    config: ExperimentConfig, settings: Settings, path: Path | None = None
) -> tuple[ExperimentFolder, Stores]:
    """The experiment's folder, made if it is new, and its stores; ``path`` is another folder than the usual.

    Raises:
        ExperimentError: the data lack what the protocol needs, or the folder holds another experiment.
        DatasetError: a store is missing or damaged.
        ModelNotFoundError: a model that the protocol transfers is not installed.
    """
    checked = check_experiment(config, settings)
    folder = ExperimentFolder(path or settings.experiments / checked.record.id)
    folder.write_record(checked.record)
    return folder, checked.stores


def reopen_stores(folder: ExperimentFolder, settings: Settings) -> Stores:
    """The data sets of an experiment that has begun.

    Raises:
        ExperimentError: a data set or a model is another one than at the beginning.
        DatasetError: a store is missing or damaged.
        ModelNotFoundError: a model that the protocol transfers is not installed any more.
    """
    record = folder.record()
    stores = tuple(open_store(name, settings) for name in record.config.stores)
    inputs = protocol_named(record.config.protocol).inputs(record.config, settings)
    if data_digest(stores, inputs) != record.data_digest:
        raise ExperimentError(_CHANGED)
    return stores
