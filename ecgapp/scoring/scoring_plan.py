"""The plan of a scoring: its records in parts, and digests of all that decides the result.

It is written once into the output folder, by the first process that works there.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp import __version__
from ecgapp.errors import ConfigError, LockedError, ScoringError
from ecgapp.models import ModelCard
from ecgapp.scoring.scoring_source import CHANGED, ListedRecord, ScoringSource
from ecgapp.storage import documents
from ecgapp.storage.files import remove_unfinished, replaced_atomically, sha256_of, write_atomically
from ecgapp.storage.lock import claimed

PLAN, RECORDS, PARTS = "plan.json", "records.parquet", "parts"
PART_RECORDS = 1000
FEWEST_PARTS = 8  # of an archive with enough records, so that it can be shared out
CHUNK_RECORDS = 16  # scored together, in the same forward passes
NOT_WRITTEN = (
    "The output folder cannot be written to or locked. Check its permissions and that the disk is not full."
)
_LOOK = 0.5  # s between two looks whether another process has written the plan
_COLUMNS = pa.schema(
    [
        ("record", pa.int64()),
        ("name", pa.string()),
        ("files", pa.list_(pa.binary())),  # names in bytes: a file system may hold any
        ("sizes", pa.list_(pa.int64())),
    ]
)
_EMPTY = "There are no records to score here."
_TAKEN = "The output folder holds other files. Choose a new or empty folder."
_INSIDE = "The output folder lies inside the folder of records. Choose another place for it."
_DAMAGED = "The plan in the output folder is damaged. Choose a new folder."
_OTHER_VERSION = "Another version of the app began these scores. Choose a new folder."
_OTHER_MODEL = "These scores were begun with another model or another version of it. Choose a new folder."
_OTHER_JUDGES = (
    "These scores were begun with other models for the gate, the measurements or ventricular rhythms. "
    "Choose a new folder."
)


@dataclass(frozen=True)
class ScoringPlan:
    """The records to score, the models that take part, and the number of parts.

    ``source``, ``model_sha256``, ``model_digest`` and ``records`` are sha256 in hex: of the source, of the
    classifier's weights, of its card and of the list of records. ``judges`` are the digests of the other
    models that take part, by name.
    """

    kind: str  # of source
    source: str
    model: str
    model_sha256: str
    model_digest: str
    judges: dict[str, str] = field(default_factory=dict)
    code_version: str = __version__
    n_records: int = 0
    n_parts: int = 0
    records: str = ""

    @property
    def digest(self) -> str:
        """The sha256 of the plan; each part's file names it."""
        return hashlib.sha256(documents.dump(self).encode()).hexdigest()

    def bounds(self, part: int) -> tuple[int, int]:
        """The first row of a part, and the one behind its last."""
        return part * self.n_records // self.n_parts, (part + 1) * self.n_records // self.n_parts

    def share(self, place: int, of: int) -> tuple[int, ...]:
        """The parts of the share ``place`` (from 1) out of ``of``: every ``of``-th part."""
        return tuple(range(place - 1, self.n_parts, of))


def number_of_parts(n_records: int) -> int:
    """The number of parts: of about 1,000 records each, or of fewer in a small archive."""
    chunks = -(-n_records // CHUNK_RECORDS)
    return max(round(n_records / PART_RECORDS), min(FEWEST_PARTS, chunks))


def open_plan(
    source: ScoringSource, card: ModelCard, cards: Mapping[str, ModelCard], folder: Path
) -> ScoringPlan:
    """The plan in ``folder``, which is made if there is none; ``cards`` are those of all installed models.

    Raises:
        ScoringError: the folder is unsuitable, or its plan is of another source, model or version.
        EcgAppError: the source is gone or damaged.
    """
    if folder.resolve().is_relative_to(source.path.resolve()):
        raise ScoringError(_INSIDE)
    judges = {
        name: one.digest
        for name, one in cards.items()
        if one.is_gate or one.is_delineator or one.is_ventricular
    }
    wanted = ScoringPlan(source.kind, source.digest(), card.name, card.sha256, card.digest, judges)
    try:
        while not (folder / PLAN).exists():
            _make(wanted, source, folder)
    except OSError as error:
        raise ScoringError(NOT_WRITTEN) from error
    plan = _read(folder)
    _check(plan, wanted)
    return plan


def _make(wanted: ScoringPlan, source: ScoringSource, folder: Path) -> None:
    """Write the plan, or wait a moment for another process that does."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with claimed(folder / PLAN):
            if (folder / PLAN).exists():
                return
            remove_unfinished(folder)
            if {path.name for path in folder.iterdir() if not path.name.startswith(".lock-")} - {RECORDS}:
                raise ScoringError(_TAKEN)
            _write(wanted, source, folder)
    except LockedError:
        time.sleep(_LOOK)


def _write(wanted: ScoringPlan, source: ScoringSource, folder: Path) -> None:
    records = list(source.listed())
    if not records:
        raise ScoringError(_EMPTY)
    plan = replace(wanted, n_records=len(records), n_parts=number_of_parts(len(records)))
    with replaced_atomically(folder / RECORDS) as file, pq.ParquetWriter(file, _COLUMNS) as writer:
        rest = iter(records)
        for part in range(plan.n_parts):  # one row group a part
            begin, end = plan.bounds(part)
            writer.write_table(_table(list(islice(rest, end - begin))), row_group_size=end - begin)
    plan = replace(plan, records=sha256_of(folder / RECORDS))
    write_atomically(folder / PLAN, documents.dump(plan).encode())


def _table(records: list[ListedRecord]) -> pa.Table:
    columns = {
        "record": [record.number for record in records],
        "name": [record.name.encode("utf-8", "replace").decode() for record in records],
        "files": [[name.encode("utf-8", "surrogateescape") for name, _ in r.files] for r in records],
        "sizes": [[size for _, size in record.files] for record in records],
    }
    return pa.table(columns, schema=_COLUMNS)


def _read(folder: Path) -> ScoringPlan:
    try:
        plan = documents.load(ScoringPlan, (folder / PLAN).read_text("utf-8"))
        if sha256_of(folder / RECORDS) != plan.records:
            raise ScoringError(_DAMAGED)
    except (OSError, ValueError, ConfigError) as error:
        raise ScoringError(_DAMAGED) from error
    return plan


def _check(plan: ScoringPlan, wanted: ScoringPlan) -> None:
    """Refuse a plan of another version, source or model."""
    compared = (
        (plan.code_version, wanted.code_version, _OTHER_VERSION),
        ((plan.kind, plan.source), (wanted.kind, wanted.source), CHANGED),
        (
            (plan.model, plan.model_sha256, plan.model_digest),
            (wanted.model, wanted.model_sha256, wanted.model_digest),
            _OTHER_MODEL,
        ),
        (plan.judges, wanted.judges, _OTHER_JUDGES),
    )
    for planned, current, sentence in compared:
        if planned != current:
            raise ScoringError(sentence)


def records_of(folder: Path, part: int) -> Iterator[ListedRecord]:
    """Yields the records of one part, as the plan in ``folder`` lists them.

    Raises:
        ScoringError: the list is damaged.
    """
    try:
        with pq.ParquetFile(folder / RECORDS) as file:
            rows = file.read_row_group(part).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ScoringError(_DAMAGED) from error
    for row in rows:
        names = [name.decode("utf-8", "surrogateescape") for name in row["files"]]
        yield ListedRecord(row["record"], row["name"], tuple(zip(names, row["sizes"], strict=True)))
