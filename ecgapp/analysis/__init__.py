"""Use cases: a record through preprocessing and models to findings, reconstruction, explanation."""

from ecgapp.analysis.admission import Admission, GateAnswer, Judges, admit, judge_cards
from ecgapp.analysis.explanation import ExaminedMaps, Explanation, SaliencyQuestion, examine, explain, fits
from ecgapp.analysis.findings import Finding, Findings, find, find_many
from ecgapp.analysis.installed_models import (
    InstalledModels,
    available_models,
    damaged_models,
    open_model,
    open_version,
    version_predictions,
)
from ecgapp.analysis.judgement import Judgement, JudgementLine, KnownFacts, Severity, beside_critical, judge
from ecgapp.analysis.measurement.measured_rows import Measurement
from ecgapp.analysis.measurement.measurements import Measurements, measure
from ecgapp.analysis.measurement.typical_beat import TypicalBeat
from ecgapp.analysis.opened_ecg import OpenedECG
from ecgapp.analysis.reconstruction import WindowReconstruction, reconstruct
from ecgapp.analysis.store_evaluation import (
    ClassifierEvaluation,
    evaluate_classifier,
    evaluate_store,
    familiarity,
    predict_store,
)
from ecgapp.analysis.support import Support
from ecgapp.analysis.validation_record import answering_member, missing_stores, validated_record
from ecgapp.analysis.window_preparation import Prepared, prepare

__all__ = [
    "Admission",
    "ClassifierEvaluation",
    "ExaminedMaps",
    "Explanation",
    "Finding",
    "Findings",
    "GateAnswer",
    "InstalledModels",
    "Judgement",
    "JudgementLine",
    "Judges",
    "KnownFacts",
    "Measurement",
    "Measurements",
    "OpenedECG",
    "Prepared",
    "SaliencyQuestion",
    "Severity",
    "Support",
    "TypicalBeat",
    "WindowReconstruction",
    "admit",
    "answering_member",
    "available_models",
    "beside_critical",
    "damaged_models",
    "evaluate_classifier",
    "evaluate_store",
    "examine",
    "explain",
    "familiarity",
    "find",
    "find_many",
    "fits",
    "judge",
    "judge_cards",
    "measure",
    "missing_stores",
    "open_model",
    "open_version",
    "predict_store",
    "prepare",
    "reconstruct",
    "validated_record",
    "version_predictions",
]
