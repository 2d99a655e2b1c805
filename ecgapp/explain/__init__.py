"""Why a model said so, and whether that explanation deserves trust."""

from ecgapp.explain.attribution import METHODS, Attribution, attribute
from ecgapp.explain.randomised import (
    RandomisedWeights,
    check_against_randomised,
    randomised,
    rank_correlation,
)

__all__ = [
    "METHODS",
    "Attribution",
    "RandomisedWeights",
    "attribute",
    "check_against_randomised",
    "randomised",
    "rank_correlation",
]
