"""Imports as jobs: each in a process of its own, which goes on when the page or the server is closed."""

from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets.importing.importer import ImportReport
from ecgapp.datasets.importing.unfinished import Unfinished
from ecgapp.datasets.installed import store_names, store_path
from ecgapp.datasets.layouts.layout import ImportOptions
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.jobs import IMPORT, NewRun, Run, RunStore
from ecgapp.storage import documents

REPORT = "report.json"  # in the job's folder
CANCELLED = "The import was cancelled; no data set was made."
_RESUME = "Import again: it goes on with what was read."


@dataclass(frozen=True)
class ImportConfig:
    """The folder to import, by its path, and the path of the store; with the user's choices."""

    layout: str
    source: str
    destination: str
    sampling_rate: float | None = None
    leads: tuple[str, ...] | None = None
    workers: int = 0  # processes; 0: as many as pay

    @property
    def options(self) -> ImportOptions:
        """The choices in place of the layout's defaults.

        Raises:
            ConfigError: they make no sense.
        """
        return ImportOptions(self.sampling_rate, self.leads, self.workers)

    @property
    def name(self) -> str:
        """The name of the data set."""
        return Path(self.destination).name


def new_import(runs: RunStore, config: ImportConfig, *, here: bool = False) -> Run:
    """Add an import to the list of jobs; those that ended before are deleted from it.

    Where it is to be executed ``here``, in this process, no other process can start it.

    Raises:
        StorageError: the list cannot be written.
    """
    for run in runs.refresh(IMPORT):
        if runs.is_over(run):
            runs.delete(run.id)
    new = NewRun(IMPORT, config.name, "", "", documents.dump(config), _RESUME)
    return runs.add(new, claimed=here)


def start_import(layout: str, source: str, name: str, settings: Settings) -> Run:
    """Begin to import the folder ``source`` into the data set ``name``.

    Raises:
        DatasetError: one is under way, the name is taken or not allowed, or there is no folder.
        StorageError: the list of jobs cannot be written.
    """
    destination = store_path(name, settings)
    folder = Path(source.strip()).expanduser()
    if not source.strip() or not folder.is_dir():
        raise DatasetError("There is no such folder on the app's machine. Check the path.")
    return _launch(ImportConfig(layout, str(folder.resolve()), str(destination.absolute())), settings)


def resume_import(unfinished: Unfinished, settings: Settings) -> Run:
    """Go on with an import that was interrupted, with the choices that it was begun with.

    Raises:
        DatasetError: one is under way, the name was taken meanwhile, or the folder is gone.
        StorageError: the list of jobs cannot be written.
    """
    plan = unfinished.plan
    if not Path(plan.source).is_dir():
        raise DatasetError("The folder of this import is gone. Bring it back, or discard the import.")
    destination = str((settings.stores / plan.name).absolute())
    config = ImportConfig(plan.layout, plan.source, destination, plan.sampling_rate, plan.leads)
    return _launch(config, settings)


def latest_import(runs: RunStore) -> Run | None:
    """The import under way, or else the last one; None if there was none."""
    return next(iter(runs.refresh(IMPORT)), None)


def import_report(runs: RunStore, run: Run) -> ImportReport | None:
    """The report of a finished import; None if it has none."""
    try:
        return documents.load(ImportReport, (runs.folder(run.id) / REPORT).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ConfigError):
        return None


def _launch(config: ImportConfig, settings: Settings) -> Run:
    if config.name in store_names(settings):
        raise DatasetError("There is a data set of this name. Choose another name, or delete it first.")
    runs = RunStore(settings.runs)
    if any(not runs.is_over(run) for run in runs.refresh(IMPORT)):
        raise DatasetError("Another import is under way. Wait until it is done.")
    return runs.launch(new_import(runs, config).id)
