"""The metric of the PhysioNet/CinC Challenge 2021: rewards for right and for similar diagnoses.

Reyna et al. (2021), doi:10.23919/cinc53138.2021.9662687; the rewards are those of the organisers
(``challenge2021_weights.csv``, its licence beside it). Codes that they score alike are one class: 30 codes
are 26 classes. A record with the classes T that is predicted as P adds, for each j in T and k in P, the
reward W[j, k] / max(1, |T or P|). The sum is rescaled, so that right predictions have 1 and a model that
always predicts sinus rhythm has 0.
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Bools, Floats

WEIGHTS = Path(__file__).with_name("challenge2021_weights.csv")
SINUS_RHYTHM = "426783006"


@dataclass(frozen=True, eq=False)
class RewardMatrix:
    """The classes of a challenge, each the SNOMED CT codes it merges, and rewards (n_classes, n_classes)."""

    classes: tuple[tuple[str, ...], ...]
    rewards: Floats

    def __post_init__(self) -> None:
        if self.rewards.shape != (len(self.classes), len(self.classes)):
            raise ConfigError("A reward matrix needs one row and one column for each class.")
        if sum(SINUS_RHYTHM in codes for codes in self.classes) != 1:
            raise ConfigError("A reward matrix needs sinus rhythm as one of its classes.")

    @property
    def sinus_rhythm(self) -> int:
        """The column of sinus rhythm."""
        return next(place for place, codes in enumerate(self.classes) if SINUS_RHYTHM in codes)

    def column(self, code: str) -> int | None:
        """The column of the class with the SNOMED CT ``code``; None if the challenge does not score it."""
        return next((place for place, codes in enumerate(self.classes) if code in codes), None)


@functools.cache
def challenge_2021() -> RewardMatrix:
    """The 26 classes and the published rewards of the Challenge 2021."""
    with WEIGHTS.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))
    rewards = np.array([row[1:] for row in rows], dtype=np.float64)
    rewards.setflags(write=False)
    return RewardMatrix(tuple(tuple(names.split("|")) for names in head[1:]), rewards)


def challenge_parts(decisions: Bools, targets: Bools, matrix: RewardMatrix) -> Floats:
    """The rewards of each record: of its predictions, of right ones, and of sinus rhythm: (3, n_records).

    ``decisions`` and ``targets`` are flags (n_records, n_classes). The score of records is a ratio of sums
    over them, ``score_of_parts``, also with weights.
    """
    inactive = np.zeros_like(targets)
    inactive[:, matrix.sinus_rhythm] = True
    return np.stack([_rewards(outputs, targets, matrix) for outputs in (decisions, targets, inactive)])


def score_of_parts(sums: Floats) -> Floats:
    """The score of sums of the three parts, (3, ...); 0 if right predictions get what sinus rhythm gets."""
    observed, correct, inactive = sums
    scores = np.zeros_like(observed)
    np.divide(observed - inactive, correct - inactive, out=scores, where=correct != inactive)
    return scores


def _rewards(outputs: Bools, targets: Bools, matrix: RewardMatrix) -> Floats:
    either = np.maximum(1, (outputs | targets).sum(axis=1))
    return np.asarray(((targets @ matrix.rewards) * outputs).sum(axis=1) / either)
