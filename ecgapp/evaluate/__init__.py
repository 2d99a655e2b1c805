"""Evaluation of models with confidence intervals: metrics, thresholds, calibration, learning curves."""

from ecgapp.evaluate.alerts import Alerts, alerts_by_threshold, share_of
from ecgapp.evaluate.bootstrap import bootstrap_interval
from ecgapp.evaluate.calibration import fit_temperature
from ecgapp.evaluate.challenge_scores import challenge_weights, f_beta_g_beta
from ecgapp.evaluate.classification import evaluate_predictions, f1_by_label, macro_f1, metrics_at
from ecgapp.evaluate.confusion import ConfusionMatrix, confusion_matrix
from ecgapp.evaluate.learning_curve import LearningCurveIndex, indices_by_epoch, learning_curve_index
from ecgapp.evaluate.mistakes import Mistake, mistakes
from ecgapp.evaluate.prevalence import PostTestProbability, meaning_at, shifted, validation_prevalence
from ecgapp.evaluate.ranking import PrecisionRecallCurve, macro_auroc, precision_recall_points
from ecgapp.evaluate.reconstruction_metrics import reconstruction_metrics, window_errors
from ecgapp.evaluate.reliability_diagram import Reliability, reliability, wilson
from ecgapp.evaluate.subgroups import Subgroup, by_origin
from ecgapp.evaluate.thresholds import best_thresholds, nelder_mead_thresholds

__all__ = [
    "Alerts",
    "ConfusionMatrix",
    "LearningCurveIndex",
    "Mistake",
    "PostTestProbability",
    "PrecisionRecallCurve",
    "Reliability",
    "Subgroup",
    "alerts_by_threshold",
    "best_thresholds",
    "bootstrap_interval",
    "by_origin",
    "challenge_weights",
    "confusion_matrix",
    "evaluate_predictions",
    "f1_by_label",
    "f_beta_g_beta",
    "fit_temperature",
    "indices_by_epoch",
    "learning_curve_index",
    "macro_auroc",
    "macro_f1",
    "meaning_at",
    "metrics_at",
    "mistakes",
    "nelder_mead_thresholds",
    "precision_recall_points",
    "reconstruction_metrics",
    "reliability",
    "share_of",
    "shifted",
    "validation_prevalence",
    "wilson",
    "window_errors",
]
