"""Dataset stores and their import from several source layouts, which this module registers."""

from ecgapp.datasets.first_codes import first_codes, has_first_codes
from ecgapp.datasets.folds import check_patient_folds, stable_fold
from ecgapp.datasets.importing.importer import ImportReport, import_dataset
from ecgapp.datasets.importing.unfinished import Unfinished, discard, unfinished_imports
from ecgapp.datasets.installed import delete_store, open_store, store_names, store_path
from ecgapp.datasets.label_counts import LabelCount, label_counts, store_tasks
from ecgapp.datasets.layouts import (
    challenge,
    cinc2017,
    cpsc2018,
    ecg_arrhythmia,
    folder,
    ludb,
    ptbxl,
    shaoxing,
)
from ecgapp.datasets.layouts.layout import LAYOUTS, ImportOptions
from ecgapp.datasets.manifest import StoreManifest
from ecgapp.datasets.store import DatasetStore

__all__ = [
    "LAYOUTS",
    "DatasetStore",
    "ImportOptions",
    "ImportReport",
    "LabelCount",
    "StoreManifest",
    "Unfinished",
    "challenge",
    "check_patient_folds",
    "cinc2017",
    "cpsc2018",
    "delete_store",
    "discard",
    "ecg_arrhythmia",
    "first_codes",
    "folder",
    "has_first_codes",
    "import_dataset",
    "label_counts",
    "ludb",
    "open_store",
    "ptbxl",
    "shaoxing",
    "stable_fold",
    "store_names",
    "store_path",
    "store_tasks",
    "unfinished_imports",
]
