"""The table of scores: one row for each record, in Parquet.

A row names its record by number, never by a file's name, so that a table can be given away without names;
``records.parquet`` beside it has the name of each number.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp.analysis.judgement.judgement_document import critical_document
from ecgapp.models import ModelCard
from ecgapp.scoring.chunk_scorer import ScoredRecord

UNREADABLE = "unreadable"  # no ECG could be read from the files; other states are those of an ``Outcome``
PLAN_KEY = b"ecgapp.plan"  # in the file's metadata: the digest of the plan
_CRITICAL = pa.list_(
    pa.struct(
        [
            ("kind", pa.string()),
            ("sentence", pa.string()),
            ("leads", pa.list_(pa.string())),
            ("start_s", pa.float64()),
            ("end_s", pa.float64()),
            ("evidence", pa.string()),
            ("differential", pa.string()),
            ("source", pa.string()),
            ("found_by", pa.string()),
        ]
    )
)
_JUDGEMENT = pa.list_(pa.struct([("severity", pa.string()), ("words", pa.string()), ("source", pa.string())]))


class ScoreTable:
    """The columns for the labels of one classifier, and the conversion of rows to them."""

    def __init__(self, card: ModelCard, plan_digest: str) -> None:
        task = card.task
        self._card = card
        self._labels = dict(zip(task.label_names if task else (), card.thresholds, strict=True))
        self.schema = pa.schema(self._fields(), metadata={PLAN_KEY: plan_digest.encode()})

    def _fields(self) -> list[tuple[str, Any]]:
        fixed: list[tuple[str, Any]] = [
            ("record", pa.int64()),
            ("fingerprint", pa.string()),
            ("state", pa.string()),
            ("reason", pa.string()),
            ("duration_s", pa.float64()),
            ("sampling_rate", pa.float64()),
            ("leads", pa.list_(pa.string())),
            ("heart_rate", pa.float64()),
            ("labels", pa.list_(pa.string())),
        ]
        numbers = [(f"probability_{label}", pa.float32()) for label in self._labels]
        lines = [(f"threshold_{label}", pa.float64()) for label in self._labels]
        words: list[tuple[str, Any]] = [
            ("critical", _CRITICAL),
            ("judgement", _JUDGEMENT),
            ("remarks", pa.list_(pa.string())),
            ("model", pa.string()),
            ("model_sha256", pa.string()),
        ]
        return [*fixed, *numbers, *lines, *words]

    def of(self, rows: Sequence[ScoredRecord]) -> pa.Table:
        """The rows as a table, in their order."""
        values: dict[str, list[Any]] = {
            name: [value(row) for row in rows] for name, value in self._values().items()
        }
        return pa.table(values, schema=self.schema)

    def _values(self) -> dict[str, Callable[[ScoredRecord], Any]]:
        """The value of each column for a row; null where there is none."""
        card = self._card
        fixed: dict[str, Callable[[ScoredRecord], Any]] = {
            "record": lambda row: row.number,
            "fingerprint": lambda row: row.fingerprint or None,
            "state": lambda row: row.outcome.state if row.fingerprint else UNREADABLE,
            "reason": lambda row: row.outcome.sentence or None,
            "duration_s": lambda row: row.duration,
            "sampling_rate": lambda row: row.sampling_rate,
            "leads": lambda row: row.leads,
            "heart_rate": lambda row: row.outcome.heart_rate,
            "labels": lambda row: [one.label for one in row.outcome.scores if one.positive],
            "critical": lambda row: [asdict(critical_document(one)) for one in row.outcome.critical],
            "judgement": _judgement,
            "remarks": lambda row: row.remarks,
            "model": lambda row: card.name,
            "model_sha256": lambda row: card.sha256,
        }
        numbers = {f"probability_{label}": partial(_probability, label=label) for label in self._labels}
        lines = {f"threshold_{label}": partial(_constant, value) for label, value in self._labels.items()}
        return fixed | numbers | lines

    def parquet(self, rows: Sequence[ScoredRecord]) -> memoryview:
        """The content of a Parquet file with these rows; the same rows give the same bytes."""
        output = pa.BufferOutputStream()
        pq.write_table(self.of(rows), output, compression="zstd")
        return memoryview(output.getvalue())


def _constant(value: float, row: ScoredRecord) -> float:
    return value


def _probability(row: ScoredRecord, label: str) -> float | None:
    return next((one.probability for one in row.outcome.scores if one.label == label), None)


def _judgement(row: ScoredRecord) -> list[dict[str, str]]:
    return [
        {"severity": line.severity.name.lower(), "words": line.words, "source": line.source}
        for line in row.outcome.judged
    ]
