"""Import a folder of ECGs into a store: all that can be read, and a report of what cannot."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ecgapp.datasets.folds import check_folds
from ecgapp.datasets.labels import LabelCount, label_counts, store_tasks
from ecgapp.datasets.layout import LAYOUTS, Entry, ImportOptions, Scan
from ecgapp.datasets.manifest import StoreManifest
from ecgapp.datasets.pseudonyms import pseudonymise
from ecgapp.datasets.store import DatasetStore
from ecgapp.datasets.writer import StoreWriter
from ecgapp.errors import DatasetError, RecordError, SignalError
from ecgapp.records.record import ECGRecord
from ecgapp.signals import resample

SHORTEST = 1.0  # seconds
STEPS = 200  # how often progress is told, at most
MAX_REASONS = 20  # different reasons of refusal that are told apart
OTHER = "Another reason."

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ImportReport:
    """What became of a folder: ``read`` records are in the store ``name``; why others are not, is counted."""

    name: str
    layout: str
    read: int
    refused: dict[str, int] = field(default_factory=dict)
    labels: tuple[LabelCount, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_refused(self) -> int:
        return sum(self.refused.values())


def import_dataset(
    layout: str,
    source: Path,
    destination: Path,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Read ``source`` as ``layout`` into a new store at ``destination``, which gets its folder's name.

    ``progress`` is told how many records are done, and of how many; what it raises ends the import.
    An import that ends early, for whatever reason, leaves nothing behind.

    Raises:
        DatasetError: the folder is not of this layout, no record can be read, the destination is
            taken, or the disk is full.
        PatientLeakError: one patient lies in two folds.
    """
    options = options or ImportOptions()
    if layout not in LAYOUTS:
        raise DatasetError(f"There is no layout {layout}; there are {', '.join(sorted(LAYOUTS))}.")
    if not source.is_dir():
        raise DatasetError("There is no folder to import from. Choose the folder that holds the ECGs.")
    try:
        scan = _chosen(LAYOUTS[layout].scan(source, options), options)
        if scan.private:
            scan = replace(scan, entries=pseudonymise(scan.entries, destination.parent))
        members = [(entry.patient_id, entry.fold) for entry in scan.entries]
        check_folds([pd.DataFrame(members, columns=["patient_id", "fold"])])
        with StoreWriter(destination, scan.leads, scan.sampling_rate, scan.units) as writer:
            refused = _read_all(scan, writer, progress or _silent)
            manifest = writer.finish(_manifest(layout, destination.name, scan, refused))
    except OSError as error:
        raise DatasetError(
            "The import stopped: the disk is full, or a folder may not be read or written."
        ) from error
    store = DatasetStore.open(destination)
    labels = tuple(count for task in store_tasks(store) for count in label_counts(store, task))
    return ImportReport(manifest.name, layout, manifest.n_records, manifest.refused, labels, manifest.notes)


def _chosen(scan: Scan, options: ImportOptions) -> Scan:
    """``scan`` with what the user chose in place of the layout's defaults."""
    if not scan.entries:
        raise DatasetError("This folder holds no ECG records. Choose the folder that does.")
    rate = options.sampling_rate or scan.sampling_rate
    return replace(scan, sampling_rate=rate, leads=options.leads or scan.leads)


def _read_all(scan: Scan, writer: StoreWriter, progress: Progress) -> dict[str, int]:
    """Add every readable record to ``writer``; count the others by reason, most frequent first."""
    refused: Counter[str] = Counter(scan.refused)
    total = len(scan.entries)
    every = max(1, total // STEPS)
    first_owner: dict[bytes, Entry] = {}
    for done, entry in enumerate(scan.entries, start=1):
        try:
            record = entry.load()
            fitted = _fit(record, scan)
            writer.add(fitted, _owned(entry, fitted, first_owner).member(record))
        except (RecordError, SignalError) as error:
            reason = str(error)
            refused[reason if reason in refused or len(refused) < MAX_REASONS else OTHER] += 1
        if done % every == 0 or done == total:
            progress(done, total)
    if len(writer) == 0:
        raise DatasetError(f"None of the {total} records can be used. {refused.most_common(1)[0][0]}")
    return dict(refused.most_common())


def _owned(entry: Entry, record: ECGRecord, first_owner: dict[bytes, Entry]) -> Entry:
    """``entry``, with the patient and fold of the first one that has the very same signal.

    The challenge's sources repeat some recordings under other names and in other folds.
    """
    digest = hashlib.sha256(record.signal.tobytes()).digest()
    first = first_owner.setdefault(digest, entry)
    return replace(entry, patient_id=first.patient_id, fold=first.fold)


def _fit(record: ECGRecord, scan: Scan) -> ECGRecord:
    """``record`` with the store's leads and sampling rate.

    Raises:
        RecordError: it is in other units.
        SignalError: it is too short, lacks leads, or has gaps.
    """
    if record.units != scan.units:
        raise RecordError("The record is in other units than the rest of the data set.")
    if record.duration < SHORTEST:
        raise SignalError("The record is shorter than one second.")
    if not set(scan.leads) <= set(record.leads):
        raise SignalError(f"The record lacks some of the leads {', '.join(scan.leads)}.")
    signal = record.select(scan.leads)
    if not np.isfinite(signal).all():
        raise SignalError("The recorder marked samples of the record as missing.")
    if record.sampling_rate != scan.sampling_rate:
        signal = resample(signal, record.sampling_rate, scan.sampling_rate)
    return replace(record, signal=signal, leads=scan.leads, sampling_rate=scan.sampling_rate)


def _manifest(layout: str, name: str, scan: Scan, refused: dict[str, int]) -> StoreManifest:
    return StoreManifest(
        name=name,
        layout=layout,
        sampling_rate=scan.sampling_rate,
        leads=scan.leads,
        units=scan.units,
        licence=scan.licence,
        refused=refused,
        label_columns=scan.label_columns,
        notes=scan.notes,
    )


def _silent(done: int, total: int) -> None:
    """Progress that nobody follows."""
