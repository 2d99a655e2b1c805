"""The collection of an experiment's results into its report: the same results give the same bytes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError, LockedError, StorageError
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.report_cautions import report_cautions
from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.experiments.study_protocol import Arm, ArmTrials, Results, protocol_named
from ecgapp.experiments.trial_result import Array, TrialResult, read_arrays, read_trial
from ecgapp.storage import documents
from ecgapp.storage.files import remove_unfinished, write_atomically
from ecgapp.storage.lock import claimed

REPORT = "report"
RESULTS = "results.json"
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class ArmOutcome:
    """One arm in the results document: its title, and the trials that have ended.

    ``code_version`` is that of the app which finished the arm, "" before.
    """

    arm: str
    title: str
    finished: bool
    trials: tuple[TrialResult, ...]
    code_version: str = ""


@dataclass(frozen=True)
class ResultsDocument:
    """All results of an experiment with the digests that they belong to."""

    experiment: str
    config_digest: str
    data_digest: str
    arms: tuple[ArmOutcome, ...]
    report: ExperimentReport


def read_results(folder: ExperimentFolder, arms: Sequence[Arm]) -> Results:
    """The ended trials of each arm that has any, by the arm's key.

    Raises:
        StorageError: a result is damaged.
    """
    results: dict[str, ArmTrials] = {}
    for arm in arms:
        folder.check_trials(arm.key, arm.n_trials)
        read = [read_trial(folder.arm(arm.key), number) for number in range(arm.n_trials)]
        ended = [(number, trial) for number, trial in enumerate(read) if trial is not None]
        if ended:
            trials = tuple(trial for _, trial in ended)
            reader = partial(_arrays, folder, arm.key, tuple(ended))
            end = folder.result(arm.key)
            version = "" if end is None else end.code_version
            results[arm.key] = ArmTrials(arm, trials, end is not None, reader, version)
    return results


def collect(folder: ExperimentFolder, stores: Sequence[DatasetStore]) -> ExperimentReport:
    """The report of the results so far.

    Raises:
        StorageError: a result is damaged.
    """
    return collect_results(folder, stores).report


def collect_results(folder: ExperimentFolder, stores: Sequence[DatasetStore]) -> ResultsDocument:
    """The results so far and their report; both are of the same files, which are read once.

    Raises:
        StorageError: a result is damaged.
    """
    record = folder.record()
    protocol = protocol_named(record.config.protocol)
    arms = protocol.arms(record.config)
    results = read_results(folder, arms)
    report = protocol.report(record.config, stores, results)
    words = protocol.records(record.config, stores)
    tables = tuple(
        table if table.published or table.records else replace(table, records=words)
        for table in report.tables
    )
    report = replace(report, tables=tables, cautions=report_cautions(arms, results))
    outcomes = tuple(
        ArmOutcome(key, ended.arm.title, ended.finished, ended.trials, ended.code_version)
        for key, ended in results.items()
    )
    return ResultsDocument(record.id, record.config_digest, record.data_digest, outcomes, report)


def write_report(folder: ExperimentFolder, stores: Sequence[DatasetStore]) -> ResultsDocument:
    """Write the report's tables as CSV, the report as Markdown, and everything as JSON, into ``report``.

    Processes that end at once write one after the other, so that the last report has all their results.

    Raises:
        StorageError: a result is damaged, or the folder cannot be written.
    """
    while True:
        try:
            with claimed(folder.path / REPORT):
                return _write_report(folder, collect_results(folder, stores))
        except LockedError:
            time.sleep(_LOOK_SECONDS)


def read_report(folder: ExperimentFolder) -> ResultsDocument | None:
    """The results and the report as they were written last, or None before the first arm has ended.

    Raises:
        StorageError: the file is damaged.
    """
    path = folder.path / REPORT / RESULTS
    if not path.is_file():
        return None
    try:
        return documents.load(ResultsDocument, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise StorageError("The report is damaged. Write it again with Resume.") from error


def _write_report(folder: ExperimentFolder, document: ResultsDocument) -> ResultsDocument:
    target, report = folder.path / REPORT, document.report
    files = {f"{table.key}.csv": table.csv_text() for table in report.tables}
    files |= {"report.md": report.to_markdown(), RESULTS: documents.dump(document)}
    try:
        remove_unfinished(target)
        for name, text in files.items():
            write_atomically(target / name, text.encode())
    except OSError as error:
        raise StorageError("The report cannot be written. Check the disk.") from error
    return document


def tables_zip(report: ExperimentReport) -> bytes:
    """The tables as CSV files in a zip; the same report gives the same bytes."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for table in report.tables:
            packed.writestr(ZipInfo(f"{table.key}.csv"), table.csv_text())
    return file.getvalue()


def _arrays(
    folder: ExperimentFolder, key: str, ended: Sequence[tuple[int, TrialResult]], place: int
) -> Mapping[str, Array]:
    """The arrays of the ended trial in this place among the ended ones."""
    number, trial = ended[place]
    return read_arrays(folder.arm(key), number, trial)
