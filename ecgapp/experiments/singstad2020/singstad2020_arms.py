"""The arms of the protocol singstad2020."""

from dataclasses import dataclass

from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config
from ecgapp.experiments.study_protocol import Arm


@dataclass(frozen=True)
class Singstad2020Arm(Arm):
    """An arm with its loss; the control, which sees the record's length alone, has none."""

    loss: str = ""


def planned_arms(settings: Singstad2020Config) -> tuple[Singstad2020Arm, ...]:
    """An arm for each loss, and the control that sees the record's length; each fold is a trial."""
    n = settings.n_folds
    return (
        Singstad2020Arm("categorical", "Categorical cross-entropy, as published", n, loss="categorical"),
        Singstad2020Arm("binary", "Binary cross-entropy", n, loss="binary"),
        Singstad2020Arm("length", "Control: the record's length alone", n),
    )
