"""The limits of green, amber and red for all reliability checks of a map.

A map has the grade of its worst check. The reasons are in docs/decisions/saliency.md.
"""

from dataclasses import dataclass
from enum import IntEnum


class Grade(IntEnum):
    """The reliability of a map or of one of its checks; the worst check counts."""

    GREEN = 0
    AMBER = 1
    RED = 2


@dataclass(frozen=True)
class Limit:
    """The limits of one check: green up to and including ``green``, amber up to ``amber``, red beyond.

    For a ``rising`` limit they are lower limits.
    """

    green: float
    amber: float
    rising: bool = False

    def grade(self, value: float) -> Grade:
        """The grade of ``value``; NaN is red."""
        sign = -1 if self.rising else 1
        if sign * value <= sign * self.green:
            return Grade.GREEN
        return Grade.AMBER if sign * value <= sign * self.amber else Grade.RED

    @property
    def words(self) -> str:
        """The limits as text: ``green ≤ 0.05, amber ≤ 0.15``."""
        side = "≥" if self.rising else "≤"
        return f"green {side} {self.green:g}, amber {side} {self.amber:g}"


COMPLETENESS = Limit(0.05, 0.15)  # error as a share of the logit's change
DELETION = Limit(0.05, 0.2)  # share of the random orders that are as good as the map
RANDOMISED = Limit(0.2, 0.4)  # size of the rank correlation with the map of shuffled weights
AGREEMENT = Limit(0.4, 0.2, rising=True)  # median rank correlation with the other methods
STABILITY = Limit(0.5, 0.25, rising=True)  # mean rank correlation between halves of the members
