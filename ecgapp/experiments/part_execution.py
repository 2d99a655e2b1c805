"""Runs the arms of one part of an experiment in this process, beside the processes of other parts."""

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecgapp.errors import EcgAppError, LockedError
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.study_protocol import Arm, ArmContext, StudyProtocol
from ecgapp.system.memory import is_out_of_memory
from ecgapp.training import Stopped

LOOK_SECONDS = 1.0  # between two looks at an arm that another process runs


def arms_of_part(arms: Sequence[Arm], number: int, n: int) -> tuple[Arm, ...]:
    """The arms of part ``number`` (from 1) of ``n``: every n-th, and all that others build on.

    Of the latter, the first part that comes to one runs it.
    """
    needed = {key for arm in arms for key in arm.needs}
    return tuple(arm for place, arm in enumerate(arms) if arm.key in needed or place % n == number - 1)


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
        """Run the arm; whether it has ended here, false if another process runs it.

        An unexpected error ends this arm alone, as it ends the arm's job alone where arms are jobs.
        """
        log = self.context.reporter.log
        try:
            run_arm(self.protocol, arm, self.context)
        except Stopped:
            raise
        except LockedError:
            return False
        except Exception as error:
            self.failed.add(arm.key)
            log(f"Failed: {arm.title}. {_cause(error)}")
            if not isinstance(error, EcgAppError):
                log(traceback.format_exc())
        else:
            log(f"Finished: {arm.title}.")
        return True


def _cause(error: Exception) -> str:
    """The sentence on the error that ended an arm."""
    if isinstance(error, EcgAppError):
        return str(error)
    if is_out_of_memory(error):
        return "The machine ran out of memory. Choose a smaller size of the experiment."
    if isinstance(error, OSError):
        return "A file could not be read or written. Check that the disk is not full."
    return "It broke down unexpectedly; the technical details follow."
