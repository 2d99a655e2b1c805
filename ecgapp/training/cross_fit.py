"""Ensembles whose members each leave one group of folds out, so that every record is judged unseen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecgapp.errors import ConfigError
from ecgapp.models import ECGClassifierConfig, Ensemble, EnsembleConfig, Network
from ecgapp.training.reporting import EpochReport, Reporter, StepReport


def deal_folds(folds: Sequence[int], n_groups: int) -> tuple[tuple[int, ...], ...]:
    """The folds in ``n_groups`` groups whose sizes differ by at most one."""
    return tuple(tuple(sorted(folds)[group::n_groups]) for group in range(n_groups))


def assemble(members: Sequence[Network]) -> Ensemble:
    """One network of trained members, in eval mode and without gradients.

    Raises:
        ConfigError: they are not classifiers made of an encoder and a head.
    """
    config = members[0].config
    if not isinstance(config, ECGClassifierConfig):
        raise ConfigError("Only classifiers made of an encoder and a head can be members of an ensemble.")
    ensemble = Ensemble(EnsembleConfig(config, len(members)))
    for place, member in zip(ensemble.members, members, strict=True):
        place.load_state_dict(member.state_dict())
    return ensemble.eval().requires_grad_(False)


@dataclass(frozen=True)
class MemberReporter:
    """Tells one member's steps and epochs as part of the whole ensemble's.

    ``member`` counts from 0; each member runs ``epochs`` epochs.
    """

    reporter: Reporter
    member: int
    members: int
    epochs: int

    def step(self, report: StepReport) -> None:
        """A step of the ensemble: those of the members before are counted."""
        self.reporter.step(
            replace(
                report,
                step=report.step + self.member * report.total_steps,
                epoch=report.epoch + self.member * self.epochs,
                total_steps=report.total_steps * self.members,
            )
        )

    def epoch(self, report: EpochReport) -> None:
        """An epoch of the ensemble; members still to come are counted into the time left."""
        to_come = (self.members - self.member - 1) * self.epochs
        left = report.epochs - report.epoch
        pace = report.seconds_left / left if left else report.seconds
        self.reporter.epoch(
            replace(
                report,
                epoch=report.epoch + self.member * self.epochs,
                epochs=self.epochs * self.members,
                seconds_left=pace * (left + to_come),
            )
        )

    def log(self, text: str) -> None:
        """One sentence, with the member's number before it."""
        self.reporter.log(f"Member {self.member + 1} of {self.members}: {text}")

    def should_stop(self) -> bool:
        """As the whole training is asked."""
        return self.reporter.should_stop()
