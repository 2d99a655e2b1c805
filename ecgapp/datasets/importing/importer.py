"""Import a folder of ECGs into a store: all that can be read, and a report of what cannot.

The records are read in parts, by one process or several side by side. A part that is complete stays
when the import is interrupted or killed, and the same import later goes on with the others. The store
is the same whatever happened on the way.

Records are named, read and written part by part. What stays of each in memory until the end is its packed
entry, its patient's key and its fold, some 20 bytes together; the checks over all records add 50 for
moments. A layout says where it holds more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ecgapp.datasets.folds import check_folds
from ecgapp.datasets.importing.assembly import assemble, merged
from ecgapp.datasets.importing.entries import PackedEntries, packed
from ecgapp.datasets.importing.part import PartNote, complete_part
from ecgapp.datasets.importing.read_part import Form, PartJob
from ecgapp.datasets.importing.unfinished import (
    PART_RECORDS,
    Plan,
    complete_or_reopen,
    import_folder,
    keep_or_remove,
    prepare,
    publish,
)
from ecgapp.datasets.importing.workers import read_parts
from ecgapp.datasets.installed import sweep
from ecgapp.datasets.label_counts import LabelCount, label_counts, store_tasks
from ecgapp.datasets.layouts.layout import LAYOUTS, ImportOptions, Scan
from ecgapp.datasets.layouts.pseudonyms import pseudonymise
from ecgapp.datasets.manifest import StoreManifest
from ecgapp.datasets.store import DatasetStore
from ecgapp.errors import DatasetError
from ecgapp.storage.lock import claimed
from ecgapp.system.processes import usable_cores

BUSY = "This data set is being imported already. Wait until that is done."
STEPS = 200  # the shortest time between two reports of progress
MANY = 2000  # records; fewer are read before further processes have started

Progress = Callable[[int, int], None]
_ReadJobs = Callable[[Sequence[PartJob], int], list[PartNote]]


@dataclass(frozen=True)
class ImportReport:
    """The result of an import: ``read`` records in the store ``name``, refused ones counted by reason."""

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
    check: Callable[[], None] | None = None,
) -> ImportReport:
    """Read ``source`` as ``layout`` into a new store at ``destination``, which gets its folder's name.

    ``progress`` is called with the number of records that are done, and of all. ``check`` is called often;
    what either raises ends the import. An import that ends early, for whatever reason, leaves no store. What
    it has read so far is kept in a hidden folder for the same import to go on with.

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
    _refuse_taken(destination)
    source = source.resolve()  # the same however it was spelt
    try:
        scan, entries = _scanned(layout, source, destination, options)
        destination.parent.mkdir(parents=True, exist_ok=True)
        plan = Plan(
            destination.name,
            layout,
            str(source),
            len(entries),
            options.sampling_rate,
            options.leads,
            entries.key,
        )
        with claimed(destination, BUSY):
            _refuse_taken(destination)
            sweep(destination.parent)
            follow = _Follower(progress or (lambda done, total: None), check or (lambda: None), len(entries))
            _collect(scan, entries, plan, destination, partial(_read, follow, options.workers))
    except OSError as error:
        raise DatasetError(
            "The import stopped: the disk is full, or a folder may not be read or written."
        ) from error
    return _report(DatasetStore.open(destination))


def _scanned(
    layout: str, source: Path, destination: Path, options: ImportOptions
) -> tuple[Scan, PackedEntries]:
    """The source with what the user chose in place of the layout's defaults, and its records."""
    scan = LAYOUTS[layout].scan(source, options)
    named = pseudonymise(scan.entries, destination.parent) if scan.private else scan.entries
    entries = packed(named, PART_RECORDS)
    if not len(entries):
        raise DatasetError("This folder holds no ECG records. Choose the folder that does.")
    check_folds([(entries.patients, entries.folds)])
    rate = options.sampling_rate or scan.sampling_rate
    return replace(scan, sampling_rate=rate, leads=options.leads or scan.leads), entries


def _refuse_taken(destination: Path) -> None:
    if destination.exists() and not (destination.is_dir() and not any(destination.iterdir())):
        raise DatasetError(
            "There is already a data set of this name. Choose another name, or delete it first."
        )


def _collect(scan: Scan, entries: PackedEntries, plan: Plan, destination: Path, read: _ReadJobs) -> None:
    """Read the parts that are not there yet, and make all of them the store."""
    form = Form(scan.leads, scan.sampling_rate, scan.units)
    folder = import_folder(destination, plan, form)
    if complete_or_reopen(folder, plan):  # killed on its very last steps
        publish(folder, destination)
        return
    try:
        prepare(folder, plan)
        jobs = [PartJob(folder, number, pack, scan.read, form) for number, pack in enumerate(entries.packs)]
        notes = _completed(jobs, read)
        if not any(note.n_read for note in notes):
            for written in folder.glob("part-*.json"):
                written.unlink()
            reasons = merged([scan.refused, *(note.refused for note in notes)])
            raise DatasetError(f"None of the {plan.n_records} records can be used. {next(iter(reasons))}")
        assemble(folder, notes, _manifest(plan, scan))
        publish(folder, destination)
    finally:
        keep_or_remove(folder)


def _completed(jobs: Sequence[PartJob], read: _ReadJobs) -> list[PartNote]:
    """The notes of all parts in order, once ``read`` has read those that are not there."""
    there = [complete_part(job.folder, job.number, job.pack.key, len(job.form.leads)) for job in jobs]
    missing = [job for job, note in zip(jobs, there, strict=True) if note is None]
    fresh = {note.number: note for note in read(missing, sum(job.pack.n for job in jobs))}
    return [note or fresh[number] for number, note in enumerate(there)]


def _read(follow: "_Follower", workers: int, jobs: Sequence[PartJob], n_records: int) -> list[PartNote]:
    """Read ``jobs``, which are what is missing of ``n_records``."""
    n_missing = sum(job.pack.n for job in jobs)
    follow.begin(n_records - n_missing)
    workers = workers or (1 if n_missing < MANY else usable_cores())
    return read_parts(jobs, max(1, min(workers, len(jobs))), follow)


def _manifest(plan: Plan, scan: Scan) -> StoreManifest:
    return StoreManifest(
        name=plan.name,
        layout=plan.layout,
        sampling_rate=scan.sampling_rate,
        leads=scan.leads,
        units=scan.units,
        licence=scan.licence,
        refused=scan.refused,
        label_columns=scan.label_columns,
        notes=scan.notes,
    )


def _report(store: DatasetStore) -> ImportReport:
    labels = tuple(count for task in store_tasks(store) for count in label_counts(store, task))
    manifest = store.manifest
    return ImportReport(manifest.name, manifest.layout, len(store), manifest.refused, labels, manifest.notes)


class _Follower:
    """Calls ``progress`` for every 200th of the records, counting those of earlier attempts."""

    def __init__(self, progress: Progress, check: Callable[[], None], total: int) -> None:
        self._progress, self._check, self._total = progress, check, total
        self._before = self._reported = 0

    def begin(self, before: int) -> None:
        self._before = before
        if before:
            self(0)

    def __call__(self, done: int) -> None:
        self._check()
        done += self._before
        if done == self._reported:
            return
        if done - self._reported >= max(1, self._total // STEPS) or done == self._total:
            self._reported = done
            self._progress(done, self._total)
