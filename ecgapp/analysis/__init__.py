"""Use cases: a record through preprocessing and models to findings, reconstruction, explanation."""

from ecgapp.analysis.evaluation import evaluate_store, familiarity, predict_store
from ecgapp.analysis.explanation import Asked, Examined, Explanation, examine, explain, explain_against, fits
from ecgapp.analysis.findings import Finding, Findings, find
from ecgapp.analysis.gate import Admission, Gates, admit, gate_for
from ecgapp.analysis.measurements import Measurement, Measurements, measure
from ecgapp.analysis.models import (
    available_models,
    damaged_models,
    open_model,
    open_version,
    validation_predictions,
    version_predictions,
)
from ecgapp.analysis.preparation import Prepared, prepare
from ecgapp.analysis.reconstruction import Reconstruction, reconstruct
from ecgapp.analysis.typical_beat import TypicalBeat

__all__ = [
    "Admission",
    "Asked",
    "Examined",
    "Explanation",
    "Finding",
    "Findings",
    "Gates",
    "Measurement",
    "Measurements",
    "Prepared",
    "Reconstruction",
    "TypicalBeat",
    "admit",
    "available_models",
    "damaged_models",
    "evaluate_store",
    "examine",
    "explain",
    "explain_against",
    "familiarity",
    "find",
    "fits",
    "gate_for",
    "measure",
    "open_model",
    "open_version",
    "predict_store",
    "prepare",
    "reconstruct",
    "validation_predictions",
    "version_predictions",
]
