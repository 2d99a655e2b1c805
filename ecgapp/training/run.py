"""``train``: from a config and imported stores to a trained model with its card."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, InterruptedTrainingError, TrainingError
from ecgapp.models import Network, TrainedModel, load_model
from ecgapp.models.answers import mean_logits
from ecgapp.storage import documents
from ecgapp.storage.files import remove_unfinished, write_atomically
from ecgapp.training.ensembles import GroupReporter, assemble, at_once, member_words
from ecgapp.training.going_on import run
from ecgapp.training.loop.job import Job, Outcome
from ecgapp.training.objective import objective_for
from ecgapp.training.out_of_memory import NO_MEMORY, keep_freed_memory
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.preparation import Setting, prepare
from ecgapp.training.reporting import Reporter
from ecgapp.training.result.example_writer import Gallery, tell_kept
from ecgapp.training.result.trained_result import (
    Source,
    ValidationLogits,
    classification_result,
    reconstruction_result,
    save_result,
)
from ecgapp.training.training_config import RESULT, Resampling, TrainingConfig
from ecgapp.training.transfer import initial_network

CONFIG = "training.json"
_GROUP = "members-at-once"  # how many fitted on the device, where not all did
_BEFORE = "result-before"  # a model that has been trained further, until the new one is there


def train(
    config: TrainingConfig,
    reporter: Reporter,
    folder: Path,
    settings: Settings,
    processes: ProcessGroup = ALONE,
) -> TrainedModel:
    """Train as ``config`` says, and save the model in ``folder / "result"`` under the config's name.

    The folder is this training's own. Where it holds a checkpoint of the same config and data the
    training goes on from it, to the same weights; where it holds the result, that is returned. All
    ``processes`` call this alike; only the leader writes and reports.

    Raises:
        Stopped: the reporter asked for it; call again to go on.
        TrainingError: it cannot start or go on; the message says why.
        DatasetError: a store is missing, damaged, or shares patients between folds.
        ModelNotFoundError: the pretrained model is not installed.
    """
    keep_freed_memory()
    if processes.broadcast(processes.is_leader and _claim_folder(folder, config)):
        found: Any = load_model((folder / RESULT,), config.name) if processes.is_leader else None
        return processes.broadcast(found)
    setting = prepare(config, reporter, folder, settings, processes)
    try:
        model = _train_members(setting) if config.members > 1 else _train_one(setting)
    except torch.OutOfMemoryError as error:
        raise TrainingError(NO_MEMORY) from error
    shutil.rmtree(folder / _BEFORE, ignore_errors=True)
    reporter.log("The model and its card are written.")
    return model


def _train_one(setting: Setting) -> TrainedModel:
    config, records = setting.config, setting.records
    outcome = _run(setting, slice(0, 1), setting.reporter, setting.folder)
    network, source = outcome.networks[0], setting.source(outcome.epochs)
    inference = setting.inference(network)
    if config.pretraining:
        result = reconstruction_result(network, source, records, inference)
        return save_result(setting.folder, result, processes=setting.processes)
    answers = ValidationLogits(*inference.logits(records, setting.members[0].validation))
    return _save_classifier(setting, network, source, answers)


def _train_members(setting: Setting) -> TrainedModel:
    networks = _train_groups(setting, _group_size(setting))
    answers = _answers(setting, networks)
    ensemble = assemble([network.cpu() for network in networks])
    return _save_classifier(setting, ensemble, setting.source(setting.config.all_epochs), answers)


def _save_classifier(
    setting: Setting, network: Network, source: Source, answers: ValidationLogits
) -> TrainedModel:
    model, predictions = classification_result(network, source, setting.records, answers)
    if setting.processes.is_leader:
        gallery = Gallery(setting.folder, setting.stores)
        tell_kept(gallery, setting.records, np.unique(answers.owners), model.card, predictions)
    return save_result(setting.folder, model, predictions, setting.processes)


def _group_size(setting: Setting) -> int:
    """How many members learn together: what fitted before a stop, else what the config and the device say."""
    kept = setting.folder / _GROUP
    fitted = (
        int(kept.read_text()) if setting.processes.is_leader and kept.is_file() else setting.config.members
    )
    return min(setting.processes.broadcast(fitted), at_once(setting.config, setting.device))


def _train_groups(setting: Setting, size: int) -> list[Network]:
    """Group by group; finished ones are kept. Where memory is short, fewer learn together.

    Several processes find that out together, before the first step.
    """
    try:
        return _trained_groups(setting, size)
    except torch.OutOfMemoryError:
        if size == 1:
            raise
    size = -(-size // 2)
    torch.cuda.empty_cache()
    setting.reporter.log(f"The device has too little memory: now {size} members learn together.")
    if setting.processes.is_leader:
        write_atomically(setting.folder / _GROUP, str(size).encode())
    return _train_groups(setting, size)


def _trained_groups(setting: Setting, size: int) -> list[Network]:
    members, networks = setting.config.members, []
    firsts = range(0, members, size)
    for group, first in enumerate(firsts):
        chosen = slice(first, min(first + size, members))
        words = member_words(first, chosen.stop - first, members)
        reporter = GroupReporter(setting.reporter, group, len(firsts), words)
        last = "" if chosen.stop == first + 1 else f"-{chosen.stop}"
        networks += _run(setting, chosen, reporter, setting.folder / f"member-{first + 1}{last}").networks
    return networks


def _answers(setting: Setting, networks: Sequence[Network]) -> ValidationLogits:
    """Logits by the members that have not seen the record; in a bootstrap the mean of all members' logits."""
    found = [
        setting.inference(network).logits(setting.records, member.validation)
        for network, member in zip(networks, setting.members, strict=True)
    ]
    if setting.config.resampling == Resampling.BOOTSTRAP:
        return ValidationLogits(mean_logits(np.stack([logits for logits, _ in found])), found[0][1])
    owners = [owners for _, owners in found]
    members = np.repeat(np.arange(len(owners), dtype=np.int64), [len(each) for each in owners])
    return ValidationLogits(np.concatenate([logits for logits, _ in found]), np.concatenate(owners), members)


def _run(setting: Setting, chosen: slice, reporter: Reporter, folder: Path) -> Outcome:
    """Some members together; of an ensemble the last epoch is kept, so that its judges did not choose it."""
    config, records, members = setting.config, setting.records, setting.members[chosen]
    alone = config.members == 1
    if not alone:
        config = replace(config, patience=0)
    objective = objective_for(config, records.targets, [np.concatenate(each.lanes.rows) for each in members])
    learnt = sum(map(len, members[0].lanes.rows))
    reporter.log(f"{learnt:,} records for training, {len(members[0].validation):,} for validation.")
    networks = [initial_network(config, member.seed, setting.pretrained) for member in members]
    marks = [config.digest, setting.digest, "" if alone else f"{chosen}"]
    identity = hashlib.sha256(" ".join(marks).encode()).hexdigest()
    job = Job(
        config,
        records,
        members,
        objective,
        folder,
        identity,
        Gallery(setting.folder, setting.stores),
        alone,
        setting.processes,
    )
    return run(job, networks, reporter)


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
    except (UnicodeDecodeError, ConfigError) as error:
        raise TrainingError("The settings that the training keeps in its folder are damaged.") from error
    except OSError as error:
        raise InterruptedTrainingError("The training cannot use its folder. Check the disk.") from error
    return (folder / RESULT / f"{config.name}.json").is_file()


def _refuse_other(before: TrainingConfig, config: TrainingConfig) -> None:
    more = config.further_epochs[: len(before.further_epochs)] == before.further_epochs
    if before.digest != config.digest or not more:
        raise TrainingError("This training began with other settings.")
