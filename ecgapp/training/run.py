"""``train``: from a config and imported stores to a trained model with its card."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ecgapp import documents
from ecgapp.config import Settings
from ecgapp.errors import TrainingError
from ecgapp.files import write_atomically
from ecgapp.models import Network, TrainedModel, load_model
from ecgapp.training.config import TrainingConfig
from ecgapp.training.cross_fit import MemberReporter, assemble, deal_folds
from ecgapp.training.devices import resolve_device
from ecgapp.training.inference import Inference
from ecgapp.training.loop import Job, Outcome, run
from ecgapp.training.objective import objective_for
from ecgapp.training.reporting import Reporter
from ecgapp.training.resident import data_digest, load_records, open_stores
from ecgapp.training.result import (
    RESULT,
    Source,
    classification_result,
    reconstruction_result,
    save_result,
    window_logits,
)
from ecgapp.training.transfer import initial_network, load_pretrained
from ecgapp.training.windows import RecordSet, Rows

CONFIG = "training.json"


@dataclass(frozen=True, eq=False)
class _Setting:
    """What all parts of one training share."""

    config: TrainingConfig
    records: RecordSet
    pretrained: TrainedModel | None
    store_names: tuple[str, ...]
    digest: str  # of the data and the pretrained weights
    reporter: Reporter
    folder: Path

    def source(self, epochs: int) -> Source:
        card = self.pretrained.card if self.pretrained else None
        name = f"{card.name} (sha256 {card.sha256})" if card else None
        return Source(self.config, self.store_names, name, epochs)

    def inference(self, network: Network) -> Inference:
        """In float32, whatever the training ran in: the app answers so too."""
        device = resolve_device(self.config.device)
        return Inference(network.to(device), device, torch.float32)


def train(config: TrainingConfig, reporter: Reporter, folder: Path, settings: Settings) -> TrainedModel:
    """Train as ``config`` says, and save the model in ``folder / "result"`` under the config's name.

    The folder is this training's own. Where it holds a checkpoint of the same config and data the
    training goes on from it, to the same weights; where it holds the result, that is returned.

    Raises:
        Stopped: the reporter asked for it; call again to go on.
        TrainingError: it cannot start or go on; the message says why.
        DatasetError: a store is missing, damaged, or shares patients between folds.
        ModelNotFoundError: the pretrained model is not installed.
    """
    _claim_folder(folder, config)
    if (folder / RESULT / f"{config.name}.json").is_file():
        return load_model((folder / RESULT,), config.name)
    stores = open_stores(config, settings)
    pretrained = load_pretrained(config, settings)
    records = load_records(config, stores, reporter)
    digest = data_digest(stores, records) + (pretrained.card.sha256 if pretrained else "")
    names = tuple(store.name for store in stores)
    setting = _Setting(config, records, pretrained, names, digest, reporter, folder)
    model = _train_members(setting) if config.members > 1 else _train_one(setting)
    reporter.log("The model and its card are written.")
    return model


def _train_one(setting: _Setting) -> TrainedModel:
    config, records = setting.config, setting.records
    train, validation = records.rows(config.train_folds), records.rows(config.validation_folds)
    outcome = _run(setting, train, validation)
    network, source = outcome.network, setting.source(outcome.epochs)
    inference = setting.inference(network)
    if config.pretraining:
        return save_result(setting.folder, reconstruction_result(network, source, records, inference))
    answers = window_logits(inference, records, validation)
    return save_result(setting.folder, *classification_result(network, source, records, answers))


def _train_members(setting: _Setting) -> TrainedModel:
    """Each member without one group of folds, which it then answers; finished members are kept."""
    config, records = setting.config, setting.records
    networks, answers = [], []
    for member, group in enumerate(
        deal_folds((*config.train_folds, *config.validation_folds), config.members)
    ):
        left_out = records.rows(group)
        if len(left_out) in (0, len(records)):
            raise TrainingError("A member's folds hold no labelled record, or all. Choose fewer members.")
        kept = np.setdiff1d(np.arange(len(records), dtype=np.int64), left_out)
        networks.append(_run(setting, kept, left_out, member).network)
        answers.append(window_logits(setting.inference(networks[-1]), records, left_out))
    network = assemble([network.cpu() for network in networks])
    logits, owners = zip(*answers, strict=True)
    joined = np.concatenate(logits), np.concatenate(owners)
    source = setting.source(config.epochs)
    return save_result(
        setting.folder, *classification_result(network, source, records, joined, out_of_fold=True)
    )


def _run(setting: _Setting, train: Rows, validation: Rows, member: int | None = None) -> Outcome:
    """One network; a member of an ensemble keeps its last epoch, so that its judges did not choose it."""
    config, records, reporter, folder = setting.config, setting.records, setting.reporter, setting.folder
    seed = config.seed
    if member is not None:
        seed += member + 1
        config = replace(config, patience=0)
        reporter = MemberReporter(reporter, member, config.members, config.epochs)
        folder = folder / f"member-{member + 1}"
    targets = records.targets[train]
    objective = objective_for(config.labels(), targets, config.class_weighting, config.aggregation)
    reporter.log(f"{len(train):,} records for training, {len(validation):,} for validation.")
    network = initial_network(config, seed, setting.pretrained)
    identity = hashlib.sha256(f"{config.digest} {setting.digest} {member}".encode()).hexdigest()
    job = Job(config, records, train, validation, objective, folder, identity, seed, member is None)
    return run(job, network, reporter)


def _claim_folder(folder: Path, config: TrainingConfig) -> None:
    """Keep the config beside its training, and refuse a folder that belongs to another.

    Raises:
        TrainingError: it does, or it cannot be written to.
    """
    document = documents.dump(config)
    try:
        if (folder / CONFIG).is_file():
            if (folder / CONFIG).read_text("utf-8") != document:
                raise TrainingError(
                    "This training began with other settings. Start a new training for the new ones."
                )
        else:
            write_atomically(folder / CONFIG, document.encode())
    except OSError as error:
        raise TrainingError("The training cannot write to its folder. Check the disk.") from error
