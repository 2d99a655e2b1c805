"""Why a model said so, and whether that explanation deserves trust."""

from ecgapp.explain.attribution import Attribution, Recipe, attribute, methods_of
from ecgapp.explain.baselines import (
    BASELINES,
    LEAD_MEAN,
    MEDIAN_BEAT,
    RECONSTRUCTION,
    ZERO,
    Baseline,
    lead_mean,
    median_beat,
    zero,
)
from ecgapp.explain.deletion import FRACTIONS, Deletion
from ecgapp.explain.limits import Grade
from ecgapp.explain.maps import rank_correlation
from ecgapp.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS, METHODS, OCCLUSION, SMOOTHGRAD
from ecgapp.explain.reliability import Card, Check, Examination, examine

__all__ = [
    "BASELINES",
    "FRACTIONS",
    "GRAD_CAM",
    "INTEGRATED_GRADIENTS",
    "LEAD_MEAN",
    "MEDIAN_BEAT",
    "METHODS",
    "OCCLUSION",
    "RECONSTRUCTION",
    "SMOOTHGRAD",
    "ZERO",
    "Attribution",
    "Baseline",
    "Card",
    "Check",
    "Deletion",
    "Examination",
    "Grade",
    "Recipe",
    "attribute",
    "examine",
    "lead_mean",
    "median_beat",
    "methods_of",
    "rank_correlation",
    "zero",
]
