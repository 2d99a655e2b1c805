"""Runs the arms of one part of an experiment in this process, beside the processes of other parts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgapp.errors import ConfigError, EcgAppError, LockedError
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.study_protocol import Arm, ArmContext, StudyProtocol

LOOK_SECONDS = 1.0  # between two looks at an arm that another process runs


@dataclass(frozen=True)
class Part:
    """The part ``number`` (from 1) of ``n`` parts.

    Raises:
        ConfigError: there is no such part.
    """

    number: int = 1
    n: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.n:
            raise ConfigError("A part is written I/N, e.g. 2/8 for the second of eight.")

    def arms(self, arms: Sequence[Arm]) -> tuple[Arm, ...]:
        """Every n-th arm, and all arms that others build on, which the first free part runs."""
        needed = {key for arm in arms for key in arm.needs}
        return tuple(
            arm for place, arm in enumerate(arms) if arm.key in needed or place % self.n == self.number - 1
        )


def part_of(text: str) -> Part:
    """The part that is written ``I/N``.

    Raises:
        ConfigError: it is not such a part.
    """
    first, _, n = text.partition("/")
    if not (first.isdecimal() and n.isdecimal()):
        raise ConfigError("A part is written I/N, e.g. 2/8 for the second of eight.")
    return Part(int(first), int(n))


@dataclass(eq=False)
class PartRun:
    """The run of a part; ``failed`` arms are left out. The reporter gets a line on each that ends."""

    protocol: StudyProtocol
    context: ArmContext
    failed: set[str] = field(default_factory=set)

    def run(self, arms: Sequence[Arm]) -> bool:
        """Run ``arms``, which are in the order of the protocol, until each has finished here or elsewhere.

        An arm that another process runs is left to it while others can run. An arm that fails, and those
        that build on it, are left out.

        Returns:
            Whether all of them have finished.

        Raises:
            Stopped: the reporter asked for it.
        """
        while left := [arm for arm in arms if self._is_left(arm)]:
            if not any([self._attempt(arm) for arm in left if self._is_ready(arm)]):
                time.sleep(LOOK_SECONDS)
        return all(self.context.folder.is_finished(arm.key) for arm in arms)

    def _is_left(self, arm: Arm) -> bool:
        if not self.failed.isdisjoint(arm.needs):
            self.failed.add(arm.key)
        return arm.key not in self.failed and not self.context.folder.is_finished(arm.key)

    def _is_ready(self, arm: Arm) -> bool:
        return all(self.context.folder.is_finished(key) for key in arm.needs)

    def _attempt(self, arm: Arm) -> bool:
        """Run the arm; whether it has ended here, false if another process runs it."""
        try:
            run_arm(self.protocol, arm, self.context)
        except LockedError:
            return False
        except EcgAppError as error:
            self.failed.add(arm.key)
            self.context.reporter.log(f"Failed: {arm.title}. {error}")
        else:
            self.context.reporter.log(f"Finished: {arm.title}.")
        return True
