"""The time that the arms of singstad2020 take, from probe steps of the network on the first fold."""

from collections.abc import Sequence

from ecgapp.experiments.singstad2020.singstad2020_arms import Singstad2020Arm
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config
from ecgapp.experiments.singstad2020.singstad2020_trials import FoldTrials
from ecgapp.experiments.study_protocol import ArmContext

_CONTROL = 1.0  # seconds of the control without a network


def estimated_seconds(arms: Sequence[Singstad2020Arm], context: ArmContext) -> dict[str, float]:
    """The seconds of each arm; both losses take as long."""
    settings = context.config.settings_as(Singstad2020Config)
    probe = Singstad2020Arm("binary", "Probe", 1, loss="binary")
    seconds = FoldTrials.open(settings, probe, context).seconds_a_fold()
    return {arm.key: seconds * arm.n_trials if arm.loss else _CONTROL for arm in arms}
