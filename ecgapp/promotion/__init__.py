"""The models in use on this machine: promotion, import, rollback, and the history of all changes."""

from ecgapp.promotion.benchmark_import import PREPROCESSING, BenchmarkFile, read_benchmark
from ecgapp.promotion.bundles import SUFFIX, export_bundle, read_bundle
from ecgapp.promotion.changes import (
    check_same_task,
    concerns_here,
    delete_version,
    find_version,
    install_import,
    promote_run,
    remove,
    roll_back,
    run_model,
)
from ecgapp.promotion.concerns import ENOUGH_RECORDS, FLAT_LINE, compared, promotion_concerns
from ecgapp.promotion.headline_figures import headline_words, n_validated
from ecgapp.promotion.history import Decision, History, HistoryEntry
from ecgapp.promotion.versions import Version, in_use, model_names, versions

__all__ = [
    "ENOUGH_RECORDS",
    "FLAT_LINE",
    "PREPROCESSING",
    "SUFFIX",
    "BenchmarkFile",
    "Decision",
    "History",
    "HistoryEntry",
    "Version",
    "check_same_task",
    "compared",
    "concerns_here",
    "delete_version",
    "export_bundle",
    "find_version",
    "headline_words",
    "in_use",
    "install_import",
    "model_names",
    "n_validated",
    "promote_run",
    "promotion_concerns",
    "read_benchmark",
    "read_bundle",
    "remove",
    "roll_back",
    "run_model",
    "versions",
]
