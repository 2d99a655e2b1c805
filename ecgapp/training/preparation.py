"""What a training has before its first step: the data, the members, and where it all goes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.errors import TrainingError
from ecgapp.models import Network, TrainedModel
from ecgapp.training.data.in_memory import Loading, choose_records, data_digest, load_signals, open_stores
from ecgapp.training.data.sharding import shared_out
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.devices import resolve_device
from ecgapp.training.ensembles import parts
from ecgapp.training.inference import Inference
from ecgapp.training.loop.job import Member
from ecgapp.training.parallel.process_group import ProcessGroup
from ecgapp.training.reporting import Reporter
from ecgapp.training.result.trained_result import Source
from ecgapp.training.training_config import TrainingConfig
from ecgapp.training.transfer import load_pretrained


@dataclass(frozen=True, eq=False)
class Setting:
    """What all parts of one training share."""

    config: TrainingConfig
    records: RecordSet
    members: tuple[Member, ...]
    pretrained: TrainedModel | None
    stores: tuple[DatasetStore, ...]
    digest: str  # of the data and the pretrained weights
    reporter: Reporter
    folder: Path
    processes: ProcessGroup

    @property
    def device(self) -> torch.device:
        """This process's own."""
        return resolve_device(self.config.device, self.processes.rank)

    def source(self, epochs: int) -> Source:
        card = self.pretrained.card if self.pretrained else None
        name = f"{card.name} (sha256 {card.sha256})" if card else None
        learnt = np.unique(np.concatenate([np.concatenate(member.lanes.rows) for member in self.members]))
        return Source(self.config, self.stores, name, epochs, len(learnt))

    def inference(self, network: Network) -> Inference:
        """In float32, whatever the training ran in: the app answers so too."""
        device = self.device
        stop = self.reporter.should_stop
        return Inference(network.to(device), device, torch.float32, self.processes, stop)


def prepare(
    config: TrainingConfig, reporter: Reporter, folder: Path, settings: Settings, processes: ProcessGroup
) -> Setting:
    """Open what is needed, and bring this process's signals into memory.

    Raises:
        EcgAppError: the data, the pretrained model or the device is not what the config needs.
        Stopped: the reporter asked for it.
    """
    if config.compiled and processes.size > 1:
        raise TrainingError("A compiled network learns in one process only. Train without compiling it.")

    def chosen() -> tuple[tuple[DatasetStore, ...], TrainedModel | None, RecordSet, tuple[Member, ...], Rows]:
        stores = open_stores(config, settings)
        pretrained = load_pretrained(config, settings)
        records = choose_records(config, stores)
        members = _members(config, records, processes)
        resolve_device(config.device, processes.rank)
        return stores, pretrained, records, members, _needed(members, processes)

    stores, pretrained, records, members, needed = processes.run_or_raise_all(chosen)
    records = load_signals(
        records, needed, stores, Loading(config.augmentation.shift, reporter, folder, processes)
    )
    digest = data_digest(stores, records) + (pretrained.card.sha256 if pretrained else "")
    return Setting(config, records, members, pretrained, stores, digest, reporter, folder, processes)


def _members(config: TrainingConfig, records: RecordSet, processes: ProcessGroup) -> tuple[Member, ...]:
    """With batches of one size for all, so that members may learn together."""
    dealt = parts(config, records)
    networks = [part.train for part in dealt]
    lanes = shared_out(records, networks, config.batch_size, config.lanes, processes.size)
    return tuple(Member(own, part.validation, part.seed) for own, part in zip(lanes, dealt, strict=True))


def _needed(members: tuple[Member, ...], processes: ProcessGroup) -> Rows:
    """The records that this process learns from or judges with."""
    needed = [member.lanes.own_rows(processes) for member in members]
    needed += [member.validation[processes.part(len(member.validation))] for member in members]
    return np.unique(np.concatenate(needed))
