"""A prepared training: its data, its ensemble members, and what else is needed before the first step."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.errors import TrainingError
from ecgapp.models import Network, TrainedModel
from ecgapp.training.data.in_memory import Loading, choose_records, data_digest, load_signals, open_stores
from ecgapp.training.data.sharding import Lanes, shared_out
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.devices import resolve_device
from ecgapp.training.ensembles import MemberRecords, records_of_members
from ecgapp.training.inference import Inference
from ecgapp.training.parallel.process_group import ProcessGroup
from ecgapp.training.reporting import Reporter
from ecgapp.training.training_config import TrainingConfig
from ecgapp.training.transfer import initial_network, load_pretrained


@dataclass(frozen=True, eq=False)
class EnsembleMember:
    """One network of a training: its training records, its validation records and its seed.

    A single network is an ensemble of one.
    """

    lanes: Lanes
    validation: Rows
    seed: int

    @property
    def train(self) -> Rows:
        """The training records of this member."""
        return np.concatenate(self.lanes.rows)


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """All inputs of a training except its networks.

    ``members`` are trained together: all of them, or one group of an ensemble (``for_group``), which has its
    own ``checkpoints`` folder. ``folder`` is that of the whole training. ``digest`` is of the
    data and the pretrained weights.
    """

    config: TrainingConfig
    stores: tuple[DatasetStore, ...]
    records: RecordSet
    members: tuple[EnsembleMember, ...]
    pretrained: TrainedModel | None
    digest: str
    reporter: Reporter
    folder: Path
    checkpoints: Path
    processes: ProcessGroup
    group: str = ""  # which members of an ensemble these are
    watched: Rows | None = None  # records whose scores are reported after each epoch and used for nothing

    @property
    def device(self) -> torch.device:
        """This process's own device."""
        return resolve_device(self.config.device, self.processes.rank)

    @property
    def identity(self) -> str:
        """The sha256 of config, data and group. A checkpoint with another identity is not loaded."""
        marks = (self.config.digest, self.digest, self.group)
        return hashlib.sha256(" ".join(marks).encode()).hexdigest()

    @property
    def keeps_best(self) -> bool:
        """Whether the epoch with the best validation result is kept.

        Ensemble members keep their last epoch, so that their validation predictions are not selected on the
        records they are evaluated on.
        """
        return not self.group

    @property
    def n_train(self) -> int:
        """The number of distinct training records."""
        return len(np.unique(np.concatenate([member.train for member in self.members])))

    def for_group(self, chosen: slice, reporter: Reporter, folder_name: str) -> "PreparedTraining":
        """The training of one group of ensemble members, without early stopping."""
        return replace(
            self,
            config=replace(self.config, patience=0),
            members=self.members[chosen],
            reporter=reporter,
            checkpoints=self.folder / folder_name,
            group=str(chosen),
        )

    def networks(self) -> list[Network]:
        """The members' networks before their first step."""
        return [initial_network(self.config, member.seed, self.pretrained) for member in self.members]

    def inference(self, network: Network) -> Inference:
        """The network on this process's device, in float32, as at inference in the app."""
        stop = self.reporter.should_stop
        return Inference(network.to(self.device), self.device, torch.float32, self.processes, stop)


def prepare(
    config: TrainingConfig, reporter: Reporter, folder: Path, settings: Settings, processes: ProcessGroup
) -> PreparedTraining:
    """Open the data sets and the pretrained model, and load the signals that this process needs.

    Raises:
        EcgAppError: the data, the pretrained model or the device is not what the config needs.
        Stopped: the reporter asked for it.
    """
    if config.compiled and processes.size > 1:
        raise TrainingError("A compiled network learns in one process only. Train without compiling it.")

    def open_all() -> tuple[
        tuple[DatasetStore, ...], TrainedModel | None, RecordSet, tuple[EnsembleMember, ...], Rows
    ]:
        stores = open_stores(config, settings)
        pretrained = load_pretrained(config, settings)
        records = choose_records(config, stores)
        members = _members(config, records, processes)
        resolve_device(config.device, processes.rank)
        needed = [member.lanes.own_rows(processes) for member in members]
        needed += [member.validation[processes.part(len(member.validation))] for member in members]
        return stores, pretrained, records, members, np.unique(np.concatenate(needed))

    stores, pretrained, records, members, needed = processes.run_or_raise_all(open_all)
    loading = Loading(config.augmentation.shift, reporter, folder, processes)
    records = load_signals(records, needed, stores, loading)
    digest = data_digest(stores, records) + (pretrained.card.sha256 if pretrained else "")
    return PreparedTraining(
        config, stores, records, members, pretrained, digest, reporter, folder, folder, processes
    )


def _members(
    config: TrainingConfig, records: RecordSet, processes: ProcessGroup
) -> tuple[EnsembleMember, ...]:
    """The members, all with the same batch size, so that they can be trained together."""
    dealt: tuple[MemberRecords, ...] = records_of_members(config, records)
    rows = [one.train for one in dealt]
    lanes = shared_out(records, rows, config.batch_size, config.lanes, processes.size)
    return tuple(EnsembleMember(own, one.validation, one.seed) for own, one in zip(lanes, dealt, strict=True))
