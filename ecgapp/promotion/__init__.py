"""Which models are in use on this machine: promoted, imported, rolled back; since when, by whom, why."""

from ecgapp.promotion.bundles import SUFFIX, export_bundle, read_bundle
from ecgapp.promotion.changes import (
    concerns_here,
    delete_version,
    find_version,
    install_import,
    promote_run,
    refuse_other_question,
    remove,
    roll_back,
    run_model,
)
from ecgapp.promotion.concerns import ENOUGH_RECORDS, FLAT_LINE, compared, promotion_concerns
from ecgapp.promotion.headline_figures import headline, headline_words, n_validated
from ecgapp.promotion.history import Action, Decision, History, Line
from ecgapp.promotion.versions import SHIPPED, Version, in_use, model_names, versions

__all__ = [
    "ENOUGH_RECORDS",
    "FLAT_LINE",
    "SHIPPED",
    "SUFFIX",
    "Action",
    "Decision",
    "History",
    "Line",
    "Version",
    "compared",
    "concerns_here",
    "delete_version",
    "export_bundle",
    "find_version",
    "headline",
    "headline_words",
    "in_use",
    "install_import",
    "model_names",
    "n_validated",
    "promote_run",
    "promotion_concerns",
    "read_bundle",
    "refuse_other_question",
    "remove",
    "roll_back",
    "run_model",
    "versions",
]
