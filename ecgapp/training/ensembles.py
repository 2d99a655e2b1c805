"""Ensembles: what each member learns from, how many learn together, and how they become one network.

Cross-fitted members each leave one group of folds out, so that every record is judged unseen. Members of
a bootstrap each learn from their own sample of the training records, and are judged on the same others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ecgapp.errors import ConfigError, TrainingError
from ecgapp.models import (
    ClassifierConfig,
    EncoderClassifier,
    Ensemble,
    EnsembleConfig,
    Network,
    network_class,
)
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.reporting import EpochReport, Reporter, StepReport
from ecgapp.training.training_config import Resampling, TrainingConfig

ON_CPU = 1  # members that learn at once where nothing is gained by more


@dataclass(frozen=True, eq=False)
class MemberRecords:
    """The records that one network learns from, those that judge it, and its seed."""

    train: Rows
    validation: Rows
    seed: int


def records_of_members(config: TrainingConfig, records: RecordSet) -> tuple[MemberRecords, ...]:
    """The records and the seed of each network of this training; a single one is an ensemble of one.

    Raises:
        TrainingError: a member would have nothing to learn from, or nothing to be judged on.
    """
    if config.resampling == Resampling.CROSS_FIT and config.members > 1:
        dealt = _cross_fitted(config, records)
    else:
        train, validation = records.rows(config.train_folds), records.rows(config.validation_folds)
        first = config.seed if config.members == 1 else config.seed + 1
        dealt = tuple(MemberRecords(train, validation, first + member) for member in range(config.members))
    return tuple(replace(one, train=_drawn(one.train, config, one.seed)) for one in dealt)


def _cross_fitted(config: TrainingConfig, records: RecordSet) -> tuple[MemberRecords, ...]:
    everything = np.arange(len(records), dtype=np.int64)
    dealt = []
    groups = deal_folds((*config.train_folds, *config.validation_folds), config.members)
    for member, group in enumerate(groups):
        left_out = records.rows(group)
        if len(left_out) in (0, len(records)):
            raise TrainingError("A member's folds hold no labelled record, or all. Choose fewer members.")
        dealt.append(MemberRecords(np.setdiff1d(everything, left_out), left_out, config.seed + member + 1))
    return tuple(dealt)


def _drawn(rows: Rows, config: TrainingConfig, seed: int) -> Rows:
    """The share of ``rows`` that is asked for; in a bootstrap with replacement."""
    bootstrap = config.resampling == Resampling.BOOTSTRAP
    if config.fraction == 1 and not bootstrap:
        return rows
    n_drawn = max(1, round(config.fraction * len(rows)))
    return np.sort(np.random.default_rng([seed, _SAMPLE]).choice(rows, n_drawn, replace=bootstrap))


_SAMPLE = 0x5A  # a stream of its own beside those of the epochs


def at_once(config: TrainingConfig, device: torch.device) -> int:
    """The number of members that learn together: the config's, else all on a GPU, which one leaves idle.

    Networks that cannot be stacked learn one after another.
    """
    network = network_class(config.network.architecture)
    if issubclass(network, EncoderClassifier) and not network.stackable:
        return 1
    usual = ON_CPU if device.type == "cpu" else config.members
    return min(config.members, config.members_at_once or usual)


def deal_folds(folds: Sequence[int], n_groups: int) -> tuple[tuple[int, ...], ...]:
    """The folds in ``n_groups`` groups whose sizes differ by at most one."""
    return tuple(tuple(sorted(folds)[group::n_groups]) for group in range(n_groups))


def assemble(members: Sequence[Network]) -> Ensemble:
    """One network of trained members, in eval mode and without gradients.

    Raises:
        ConfigError: they are not classifiers made of an encoder and a head.
    """
    config = members[0].config
    if not isinstance(config, ClassifierConfig):
        raise ConfigError("Only classifiers made of an encoder and a head can be members of an ensemble.")
    ensemble = Ensemble(EnsembleConfig(config, len(members)))
    for place, member in zip(ensemble.members, members, strict=True):
        place.load_state_dict(member.state_dict())
    return ensemble.eval().requires_grad_(False)


@dataclass(frozen=True)
class GroupReporter:
    """Reports the steps and epochs of members that learn together as part of the whole ensemble's.

    ``group`` counts from 0; each of the ``groups`` runs as many epochs as any other.
    """

    reporter: Reporter
    group: int
    groups: int
    members: str  # their numbers, e.g. ``Members 1-4 of 8``

    def step(self, report: StepReport) -> None:
        """A step of the ensemble: those of the groups before are counted."""
        epochs = report.epochs
        self.reporter.step(
            replace(
                report,
                step=report.step + self.group * report.total_steps,
                epoch=report.epoch + self.group * epochs,
                epochs=epochs * self.groups,
                total_steps=report.total_steps * self.groups,
            )
        )

    def epoch(self, report: EpochReport) -> None:
        """An epoch of the ensemble; groups still to come are counted into the time left."""
        to_come = (self.groups - self.group - 1) * report.epochs
        left = report.epochs - report.epoch
        pace = report.seconds_left / left if left else report.seconds
        self.reporter.epoch(
            replace(
                report,
                epoch=report.epoch + self.group * report.epochs,
                epochs=report.epochs * self.groups,
                seconds_left=pace * (left + to_come),
            )
        )

    def log(self, text: str) -> None:
        """One sentence, with the members' numbers before it."""
        self.reporter.log(f"{self.members}: {text}")

    def should_stop(self) -> bool:
        """Whether the whole training is asked to stop."""
        return self.reporter.should_stop()


def member_words(first: int, n: int, members: int) -> str:
    """``Member 3 of 8`` or ``Members 1-4 of 8``; ``first`` counts from 0."""
    if n == 1:
        return f"Member {first + 1} of {members}"
    return f"Members {first + 1}-{first + n} of {members}"
