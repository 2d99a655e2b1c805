"""The kind of job that imports a folder of ECGs into a data set."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ecgapp.datasets.importing.background import CANCELLED, REPORT, ImportConfig
from ecgapp.datasets.importing.importer import import_dataset
from ecgapp.errors import StorageError
from ecgapp.jobs import IMPORT
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically
from ecgapp.worker.context import JobContext, JobStopped
from ecgapp.worker.kinds import job_kind


@job_kind(IMPORT, noun="import", no_resume="", private=True)
def import_folder(context: JobContext) -> str:
    """Import as the job's config says; the report is written into the job's folder.

    An import that is stopped makes no data set. What it has read is kept, for the same import to go on with.
    The path of the source is removed from the config when the import is done.
    """
    config = context.config(ImportConfig)

    def progress(done: int, total: int) -> None:
        context.progress(done, total)
        context.advance(done, total)

    def check() -> None:
        if context.should_stop():
            raise JobStopped(CANCELLED)

    context.begin("The import begins.")
    report = import_dataset(
        config.layout, Path(config.source), Path(config.destination), config.options, progress, check
    )
    write_atomically(context.folder / REPORT, documents.dump(report).encode())
    with suppress(StorageError):  # the data set is there all the same
        context.store.set_config(context.run.id, documents.dump(replace(config, source="")))
    return f"Imported {report.read:,} records as {report.name}; refused {report.n_refused:,}."
