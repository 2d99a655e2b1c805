"""``train``: from a config and imported stores to a trained model with its card."""

import shutil
from pathlib import Path
from typing import Any

import torch

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, InterruptedTrainingError, TrainingError
from ecgapp.models import Network, TrainedModel, load_model
from ecgapp.storage import documents
from ecgapp.storage.files import remove_unfinished, write_atomically
from ecgapp.system.memory import keep_freed_memory
from ecgapp.training.ensembles import GroupReporter, assemble, at_once, member_words
from ecgapp.training.loop.checkpoint import load_checkpoint
from ecgapp.training.loop.training_loop import Loop
from ecgapp.training.out_of_memory import NO_MEMORY, NO_MEMORY_TOGETHER, memory_named_alike
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.preparation import PreparedTraining, prepare
from ecgapp.training.reporting import Reporter
from ecgapp.training.result.trained_result import save_autoencoder, save_classifier, validation_logits
from ecgapp.training.training_config import RESULT, TrainingConfig

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
        model: Any = load_model((folder / RESULT,), config.name) if processes.is_leader else None
        return processes.broadcast(model)
    training = prepare(config, reporter, folder, settings, processes)
    try:
        trained = _train_ensemble(training) if config.members > 1 else _train_one(training)
    except torch.OutOfMemoryError as error:
        raise TrainingError(NO_MEMORY) from error
    shutil.rmtree(folder / _BEFORE, ignore_errors=True)
    reporter.log("The model and its card are written.")
    return trained


def run(training: PreparedTraining) -> tuple[list[Network], int]:
    """Train the members to the end, from their checkpoint if there is one.

    Returns:
        The networks that are kept, in eval mode and without gradients, and how many epochs were run.

    Raises:
        Stopped: the reporter asked for it; the checkpoint is written.
        TrainingError: a member has no positive answer to learn from, the loss is no longer a number, the
            checkpoint is of no use, or one of several processes has too little memory.
        torch.OutOfMemoryError: this single process has too little memory.
    """
    processes, state = training.processes, None
    n_train, n_validation = len(training.members[0].train), len(training.members[0].validation)
    training.reporter.log(f"{n_train:,} records for training, {n_validation:,} for validation.")
    networks = training.networks()
    if processes.is_leader:
        state = load_checkpoint(training.checkpoints, training.identity, training.reporter.log)
    state = processes.broadcast(state)
    try:
        with memory_named_alike():
            return Loop(training, networks).run(state)
    except torch.OutOfMemoryError as error:
        if processes.size == 1:
            raise
        # the other processes wait for this one's gradients, so they cannot begin anew with a smaller group
        raise TrainingError(NO_MEMORY_TOGETHER if len(networks) > 1 else NO_MEMORY) from error


def _train_one(training: PreparedTraining) -> TrainedModel:
    (network,), epochs = run(training)
    if training.config.pretraining:
        return save_autoencoder(training, network, epochs)
    return save_classifier(training, network, epochs, validation_logits(training, [network]))


def _train_ensemble(training: PreparedTraining) -> TrainedModel:
    networks = _train_groups(training, _group_size(training))
    answers = validation_logits(training, networks)
    ensemble = assemble([network.cpu() for network in networks])
    return save_classifier(training, ensemble, training.config.all_epochs, answers)


def _group_size(training: PreparedTraining) -> int:
    """The number of members that learn together: what fitted before a stop, else ``at_once``."""
    path, size = training.folder / _GROUP, training.config.members
    if training.processes.is_leader and path.is_file():
        size = int(path.read_text())
    return min(training.processes.broadcast(size), at_once(training.config, training.device))


def _train_groups(training: PreparedTraining, size: int) -> list[Network]:
    """Train group by group; finished groups are kept. If memory is short, fewer members learn together."""
    try:
        return _trained_groups(training, size)
    except torch.OutOfMemoryError:
        if size == 1:
            raise
    size = -(-size // 2)
    torch.cuda.empty_cache()
    training.reporter.log(f"The device has too little memory: now {size} members learn together.")
    write_atomically(training.folder / _GROUP, str(size).encode())
    return _train_groups(training, size)


def _trained_groups(training: PreparedTraining, size: int) -> list[Network]:
    members, networks = training.config.members, []
    firsts = range(0, members, size)
    for group, first in enumerate(firsts):
        chosen = slice(first, min(first + size, members))
        words = member_words(first, chosen.stop - first, members)
        reporter = GroupReporter(training.reporter, group, len(firsts), words)
        last = "" if chosen.stop == first + 1 else f"-{chosen.stop}"
        networks += run(training.for_group(chosen, reporter, f"member-{first + 1}{last}"))[0]
    return networks


def _claim_folder(folder: Path, config: TrainingConfig) -> bool:
    """Write the config beside its training, and refuse a folder that belongs to another.

    More epochs may be asked for than before: the model so far is set aside.

    Returns:
        Whether the training is finished.

    Raises:
        TrainingError: the folder belongs to another training, or cannot be written to.
    """
    document = documents.dump(config)
    try:
        remove_unfinished(folder)
        if (folder / CONFIG).is_file():
            before = documents.load(TrainingConfig, (folder / CONFIG).read_text("utf-8"))
            more = config.further_epochs[: len(before.further_epochs)] == before.further_epochs
            if before.digest != config.digest or not more:
                raise TrainingError("This training began with other settings.")
            if config.all_epochs > before.all_epochs and (folder / RESULT).is_dir():
                shutil.rmtree(folder / _BEFORE, ignore_errors=True)
                (folder / RESULT).rename(folder / _BEFORE)
        write_atomically(folder / CONFIG, document.encode())
    except (UnicodeDecodeError, ConfigError) as error:
        raise TrainingError("The settings that the training keeps in its folder are damaged.") from error
    except OSError as error:
        raise InterruptedTrainingError("The training cannot use its folder. Check the disk.") from error
    return (folder / RESULT / f"{config.name}.json").is_file()
