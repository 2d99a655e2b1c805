"""Attribution maps of a model's answer to an ECG window, and their reliability."""

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
from ecgapp.explain.reliability import Examination, MapReliability, ReliabilityCheck, examine

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
    "Deletion",
    "Examination",
    "Grade",
    "MapReliability",
    "Recipe",
    "ReliabilityCheck",
    "attribute",
    "examine",
    "lead_mean",
    "median_beat",
    "methods_of",
    "rank_correlation",
    "zero",
]
