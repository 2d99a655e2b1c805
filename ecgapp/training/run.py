"""``train``: from a config and imported stores to a trained model with its card."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ecgapp import documents
from ecgapp.config import Settings
from ecgapp.errors import ConfigError, TrainingError
from ecgapp.files import remove_unfinished, write_atomically
from ecgapp.models import Network, TrainedModel, load_model
from ecgapp.records.record import FloatArray
from ecgapp.training.config import RESULT, Resampling, TrainingConfig
from ecgapp.training.devices import resolve_device
from ecgapp.training.ensembles import GroupReporter, Part, assemble, at_once, member_words, parts
from ecgapp.training.gallery import Gallery
from ecgapp.training.inference import Inference
from ecgapp.training.job import Job, Member, Outcome
from ecgapp.training.lanes import deal, lanes_for
from ecgapp.training.loop import run
from ecgapp.training.memory import keep_freed_memory
from ecgapp.training.objective import objective_for
from ecgapp.training.reporting import Reporter
from ecgapp.training.resident import Loading, choose_records, data_digest, load_signals, open_stores
from ecgapp.training.result import Source, classification_result, reconstruction_result, save_result
from ecgapp.training.transfer import initial_network, load_pretrained
from ecgapp.training.windows import RecordSet, Rows
from ecgapp.training.world import ALONE, World

CONFIG = "training.json"
_BEFORE = "result-before"  # a model that has been trained further, until the new one is there
_NO_MEMORY = "The device has too little memory. Choose a smaller batch size."


@dataclass(frozen=True, eq=False)
class _Setting:
    """What all parts of one training share."""

    config: TrainingConfig
    records: RecordSet
    members: tuple[Member, ...]
    pretrained: TrainedModel | None
    store_names: tuple[str, ...]
    digest: str  # of the data and the pretrained weights
    reporter: Reporter
    folder: Path
    world: World

    @property
    def device(self) -> torch.device:
        """This process's own."""
        return resolve_device(self.config.device, self.world.rank)

    def source(self, epochs: int) -> Source:
        card = self.pretrained.card if self.pretrained else None
        name = f"{card.name} (sha256 {card.sha256})" if card else None
        learnt = np.unique(np.concatenate([np.concatenate(member.lanes.rows) for member in self.members]))
        return Source(self.config, self.store_names, name, epochs, len(learnt))

    def inference(self, network: Network) -> Inference:
        """In float32, whatever the training ran in: the app answers so too."""
        device = self.device
        stop = self.reporter.should_stop
        return Inference(network.to(device), device, torch.float32, self.world, stop)


def train(
    config: TrainingConfig, reporter: Reporter, folder: Path, settings: Settings, world: World = ALONE
) -> TrainedModel:
    """Train as ``config`` says, and save the model in ``folder / "result"`` under the config's name.

    The folder is this training's own. Where it holds a checkpoint of the same config and data the
    training goes on from it, to the same weights; where it holds the result, that is returned. Of
    several processes in ``world`` all call this alike; only the leader writes and reports.

    Raises:
        Stopped: the reporter asked for it; call again to go on.
        TrainingError: it cannot start or go on; the message says why.
        DatasetError: a store is missing, damaged, or shares patients between folds.
        ModelNotFoundError: the pretrained model is not installed.
    """
    keep_freed_memory()
    if world.told(world.leads and _claim_folder(folder, config)):
        found: Any = load_model((folder / RESULT,), config.name) if world.leads else None
        return world.told(found)
    setting = _prepare(config, reporter, folder, settings, world)
    model = _train_members(setting) if config.members > 1 else _train_one(setting)
    shutil.rmtree(folder / _BEFORE, ignore_errors=True)
    reporter.log("The model and its card are written.")
    return model


def _prepare(
    config: TrainingConfig, reporter: Reporter, folder: Path, settings: Settings, world: World
) -> _Setting:
    """Open what is needed, and bring this process's signals into memory."""
    stores = open_stores(config, settings)
    pretrained = load_pretrained(config, settings)
    records = choose_records(config, stores)
    members = _members(config, records, parts(config, records))
    needed = [member.lanes.own_rows(world) for member in members]
    needed += [member.validation[world.part(len(member.validation))] for member in members]
    loading = Loading(config.augmentation.shift, reporter, folder)
    records = load_signals(records, np.unique(np.concatenate(needed)), stores, loading)
    digest = data_digest(stores, records) + (pretrained.card.sha256 if pretrained else "")
    names = tuple(store.name for store in stores)
    return _Setting(config, records, members, pretrained, names, digest, reporter, folder, world)


def _members(config: TrainingConfig, records: RecordSet, dealt: Sequence[Part]) -> tuple[Member, ...]:
    """With batches of one size for all, so that members may learn together."""
    fewest = min(len(part.train) for part in dealt)
    batch = min(config.batch_size, fewest)
    lanes = lanes_for(fewest, batch)
    return tuple(
        Member(deal(records, part.train, batch, lanes), part.validation, part.seed) for part in dealt
    )


def _train_one(setting: _Setting) -> TrainedModel:
    config, records = setting.config, setting.records
    outcome = _run(setting, slice(0, 1), setting.reporter, setting.folder)
    network, source = outcome.networks[0], setting.source(outcome.epochs)
    inference = setting.inference(network)
    if config.pretraining:
        result = reconstruction_result(network, source, records, inference)
        return save_result(setting.folder, result, world=setting.world)
    answers = inference.logits(records, setting.members[0].validation)
    model, predictions = classification_result(network, source, records, answers)
    return save_result(setting.folder, model, predictions, setting.world)


def _train_members(setting: _Setting) -> TrainedModel:
    """Group by group; finished ones are kept. Where memory is short, fewer learn together."""
    size = at_once(setting.config, setting.device)
    while True:
        try:
            networks = _train_groups(setting, size)
            break
        except torch.OutOfMemoryError as error:
            if size == 1:
                raise TrainingError(_NO_MEMORY) from error
            size = -(-size // 2)
            torch.cuda.empty_cache()
            setting.reporter.log(f"The device has too little memory: now {size} members learn together.")
    answers = _answers(setting, networks)
    ensemble = assemble([network.cpu() for network in networks])
    source = setting.source(setting.config.all_epochs)
    model, predictions = classification_result(ensemble, source, setting.records, answers)
    return save_result(setting.folder, model, predictions, setting.world)


def _train_groups(setting: _Setting, size: int) -> list[Network]:
    members, networks = setting.config.members, []
    firsts = range(0, members, size)
    for group, first in enumerate(firsts):
        chosen = slice(first, min(first + size, members))
        words = member_words(first, chosen.stop - first, members)
        reporter = GroupReporter(setting.reporter, group, len(firsts), words)
        last = "" if chosen.stop == first + 1 else f"-{chosen.stop}"
        networks += _run(setting, chosen, reporter, setting.folder / f"member-{first + 1}{last}").networks
    return networks


def _answers(setting: _Setting, networks: Sequence[Network]) -> tuple[FloatArray, Rows]:
    """Logits of validation windows, and whose each is: by the members that have not seen the record."""
    found = [
        setting.inference(network).logits(setting.records, member.validation)
        for network, member in zip(networks, setting.members, strict=True)
    ]
    if setting.config.resampling == Resampling.BOOTSTRAP:
        mean: FloatArray = np.mean([logits for logits, _ in found], axis=0, dtype=np.float32)
        return mean, found[0][1]
    return np.concatenate([logits for logits, _ in found]), np.concatenate([owners for _, owners in found])


def _run(setting: _Setting, chosen: slice, reporter: Reporter, folder: Path) -> Outcome:
    """Some members together; of an ensemble the last epoch is kept, so that its judges did not choose it."""
    config, records, members = setting.config, setting.records, setting.members[chosen]
    alone = config.members == 1
    if not alone:
        config = replace(config, patience=0)
    targets = [records.targets[np.concatenate(member.lanes.rows)] for member in members]
    objective = objective_for(config.labels(), targets, config.class_weighting, config.aggregation)
    learnt = sum(map(len, members[0].lanes.rows))
    reporter.log(f"{learnt:,} records for training, {len(members[0].validation):,} for validation.")
    networks = [initial_network(config, member.seed, setting.pretrained) for member in members]
    marks = [config.digest, setting.digest, setting.device.type, "" if alone else f"{chosen}"]
    identity = hashlib.sha256(" ".join(marks).encode()).hexdigest()
    job = Job(
        config,
        records,
        members,
        objective,
        folder,
        identity,
        min(member.lanes.steps for member in setting.members),
        Gallery(setting.folder),
        alone,
        setting.world,
    )
    try:
        return run(job, networks, reporter)
    except torch.OutOfMemoryError as error:
        if not alone:
            raise
        raise TrainingError(_NO_MEMORY) from error


def _claim_folder(folder: Path, config: TrainingConfig) -> bool:
    """Keep the config beside its training, and refuse a folder that belongs to another.

    More epochs may be asked for than before: the model so far is set aside. True where all is done.

    Raises:
        TrainingError: the folder belongs to another training, or cannot be written to.
    """
    document = documents.dump(config)
    try:
        remove_unfinished(folder)
        if (folder / CONFIG).is_file():
            before = documents.load(TrainingConfig, (folder / CONFIG).read_text("utf-8"))
            _refuse_other(before, config)
            if config.all_epochs > before.all_epochs and (folder / RESULT).is_dir():
                shutil.rmtree(folder / _BEFORE, ignore_errors=True)
                (folder / RESULT).rename(folder / _BEFORE)
        write_atomically(folder / CONFIG, document.encode())
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise TrainingError(
            "The training cannot use its folder. Check the disk, or start a new one."
        ) from error
    return (folder / RESULT / f"{config.name}.json").is_file()


def _refuse_other(before: TrainingConfig, config: TrainingConfig) -> None:
    more = config.further_epochs[: len(before.further_epochs)] == before.further_epochs
    if before.digest != config.digest or not more:
        raise TrainingError("This training began with other settings. Start a new training for the new ones.")
