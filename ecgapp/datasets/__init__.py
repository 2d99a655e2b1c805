"""The dataset store, and one importer for each layout. Importing it registers the layouts."""

from ecgapp.datasets import challenge, cinc2017, folder, ludb, ptbxl
from ecgapp.datasets.folds import check_patient_folds, stable_fold
from ecgapp.datasets.importing import ImportReport, import_dataset
from ecgapp.datasets.labels import LabelCount, label_counts, store_tasks
from ecgapp.datasets.layout import LAYOUTS, ImportOptions
from ecgapp.datasets.manifest import StoreManifest
from ecgapp.datasets.shelf import delete_store, open_store, store_names, store_path
from ecgapp.datasets.store import DatasetStore
from ecgapp.datasets.unfinished import Unfinished, discard, unfinished_imports

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
    "delete_store",
    "discard",
    "folder",
    "import_dataset",
    "label_counts",
    "ludb",
    "open_store",
    "ptbxl",
    "stable_fold",
    "store_names",
    "store_path",
    "store_tasks",
    "unfinished_imports",
]
