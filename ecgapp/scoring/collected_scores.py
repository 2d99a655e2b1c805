"""Collects the parts of a scoring: one table of all rows, and a summary of them as JSON."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp.config import DISCLAIMER
from ecgapp.errors import ScoringError
from ecgapp.models import ModelCard
from ecgapp.scoring.part_files import PartFiles
from ecgapp.scoring.score_table import ScoreTable
from ecgapp.scoring.scoring_plan import ScoringPlan
from ecgapp.storage import documents
from ecgapp.storage.files import replaced_atomically, write_atomically

TABLE, SUMMARY = "scores.parquet", "summary.json"
_FAILED = "The table cannot be written: the disk is full, or a part's file is damaged."


@dataclass(frozen=True)
class CollectedScores:
    """The summary of all finished parts; ``missing`` are the numbers of those that are not.

    ``states``, ``reasons``, ``labels``, ``critical`` and ``severities`` count records: by state, by the
    reason why there are no labels, by label above its threshold, by kind of critical finding, and by the
    most severe line of the judgement.
    """

    model: str
    model_sha256: str
    source: str
    code_version: str
    n_records: int
    n_collected: int
    n_parts: int
    missing: tuple[int, ...]
    states: dict[str, int]
    reasons: dict[str, int]
    labels: dict[str, int]
    critical: dict[str, int]
    severities: dict[str, int]
    note: str = DISCLAIMER


class _Counts:
    def __init__(self, labels: Iterable[str]) -> None:
        self.n = 0
        self.states: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.labels: Counter[str] = Counter(dict.fromkeys(labels, 0))
        self.critical: Counter[str] = Counter()
        self.severities: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        self.n += len(table)
        self.states.update(table["state"].to_pylist())
        self.reasons.update(reason for reason in table["reason"].to_pylist() if reason)
        for labels in table["labels"].to_pylist():
            self.labels.update(labels)
        for findings in table["critical"].to_pylist():
            self.critical.update({finding["kind"] for finding in findings})
        self.severities.update(lines[0]["severity"] for lines in table["judgement"].to_pylist() if lines)


def collect(plan: ScoringPlan, folder: Path, card: ModelCard) -> CollectedScores:
    """Write ``scores.parquet`` and ``summary.json`` from the parts in ``folder``, and return the summary.

    Made again from the same parts, both are the same to the byte.

    Raises:
        ScoringError: the disk is full, or a part's file is damaged.
    """
    files = PartFiles(folder, plan)
    finished = [part for part in range(plan.n_parts) if files.is_finished(part)]
    missing = tuple(sorted(set(range(plan.n_parts)) - set(finished)))
    counts = _Counts(card.task.label_names if card.task else ())
    try:
        _write_table(files, finished, ScoreTable(card, plan.digest), folder, counts)
        summary = _summary(plan, missing, counts)
        write_atomically(folder / SUMMARY, documents.dump(summary).encode())
    except (OSError, pa.ArrowException) as error:
        raise ScoringError(_FAILED) from error
    return summary


def _write_table(
    files: PartFiles, parts: Iterable[int], table: ScoreTable, folder: Path, counts: _Counts
) -> None:
    """Copy the parts one after another, so that one of them is in memory at a time."""
    with (
        replaced_atomically(folder / TABLE) as file,
        pq.ParquetWriter(file, table.schema, compression="zstd") as writer,
    ):
        for part in parts:
            rows = pq.read_table(files.path(part))
            counts.add(rows)
            writer.write_table(rows, row_group_size=max(1, len(rows)))


def _summary(plan: ScoringPlan, missing: tuple[int, ...], counts: _Counts) -> CollectedScores:
    return CollectedScores(
        plan.model,
        plan.model_sha256,
        plan.source,
        plan.code_version,
        plan.n_records,
        counts.n,
        plan.n_parts,
        missing,
        _by_frequency(counts.states),
        _by_frequency(counts.reasons),
        dict(counts.labels),
        _by_frequency(counts.critical),
        _by_frequency(counts.severities),
    )


def _by_frequency(counts: Counter[str]) -> dict[str, int]:
    """The most frequent first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
