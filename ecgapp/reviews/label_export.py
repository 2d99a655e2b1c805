"""Export of reviewed ECGs as a folder for the importer: readers' answers become training labels.

Only ECGs that a reader keeps for training and whose findings are confirmed are exported. A record is named
by its fingerprint and counts as a patient of its own, because its patient is unknown.
"""

import csv
import io
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError, ReviewError
from ecgapp.records import ECGRecord, write_wfdb
from ecgapp.records.archive import Archive
from ecgapp.reviews.audit import audit_csv
from ecgapp.reviews.review import Review
from ecgapp.reviews.review_events import State
from ecgapp.reviews.review_journal import Journal
from ecgapp.reviews.stated import known_statement
from ecgapp.storage.files import write_atomically
from ecgapp.storage.plain_text import plain_cell

LABELS, RECORDS, STATEMENTS, AUDIT = "labels.csv", "records", "statements.csv", "audit.csv"
NAME_DIGITS = 16  # digits of a fingerprint in the name of a record
UNCONFIRMED = "Its findings are unconfirmed."
UNJUDGED = "No label of it was judged."
GONE = "Its samples are missing on this machine, or damaged."
NO_VOLTS = "It has no voltage calibration, so WFDB cannot store it."
_RESERVED = frozenset({"record", "patient", "fold"})  # the importer's own columns
_CELLS = {State.PRESENT: "1", State.ABSENT: "0"}  # not judged: empty, which means unknown, not absent


@dataclass(frozen=True)
class Exported:
    """The number of exported records, their label columns, and the numbers left out by reason."""

    n_records: int
    columns: tuple[str, ...]
    left_out: dict[str, int]


def export_reviews(folder: Path, settings: Settings) -> Exported:
    """Write ``labels.csv``, the ECGs as WFDB, and every event as ``audit.csv`` to a new folder.

    ``statements.csv`` gives the name and the codes of each column that is a statement of the vocabulary:
    the columns themselves keep their plain keys, which the task ``statements`` finds after an import.

    Raises:
        ReviewError: the folder is not empty, or cannot be written.
        StorageError: the reviews cannot be read.
    """
    journal = Journal(settings)
    reviews = [review for review in journal.reviews() if review.kept]
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ReviewError("This folder is not empty. Name a new one.")
        (folder / RECORDS).mkdir(parents=True, exist_ok=True)
        written, left_out = _write_records(reviews, folder / RECORDS, Archive(settings))
        columns = label_columns(written)
        write_atomically(folder / LABELS, _labels_csv(written, columns).encode())
        write_atomically(folder / STATEMENTS, _statements_csv(written).encode())
        write_atomically(folder / AUDIT, audit_csv(journal.events()).encode())
    except OSError as error:
        raise ReviewError(
            "The export cannot be written there. Check the folder's rights, and that the disk is not full."
        ) from error
    return Exported(len(written), columns, dict(left_out))


def packed_reviews(settings: Settings) -> bytes:
    """The files of ``export_reviews`` as one zip file.

    Raises:
        ReviewError: the disk is full.
        StorageError: the reviews cannot be read.
    """
    packed = io.BytesIO()
    try:
        settings.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=settings.uploads) as temporary:
            folder = Path(temporary) / "reviews"
            export_reviews(folder, settings)
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(folder).as_posix())
    except OSError as error:
        raise ReviewError("The export cannot be packed. Check that the disk is not full.") from error
    return packed.getvalue()


def label_columns(reviews: Sequence[Review]) -> tuple[str, ...]:
    """The labels judged in any of ``reviews``, followed by the readers' own statements."""
    labels = (answer.label for review in reviews for answer in review.standing if answer.is_judged)
    stated = sorted({column for review in reviews for column in _stated(review).values()})
    return tuple(dict.fromkeys((*labels, *stated)))


def record_name(review: Review) -> str:
    """The name of the record in an export."""
    return f"ecg-{review.record[:NAME_DIGITS]}"


def _write_records(
    reviews: Sequence[Review], folder: Path, archive: Archive
) -> tuple[list[Review], "Counter[str]"]:
    written, left_out = [], Counter[str]()
    for review in reviews:
        record = _why_not(review) or _opened(review, archive)
        if isinstance(record, str):
            left_out[record] += 1
            continue
        write_wfdb(replace(record, codes=()), folder, record_name(review))
        written.append(review)
    return written, left_out


def _why_not(review: Review) -> str:
    """The reason why the review gives no labels; "" if it does."""
    if not review.is_confirmed:
        return UNCONFIRMED
    judged = any(answer.is_judged for answer in review.standing)
    return "" if judged or review.statements else UNJUDGED


def _opened(review: Review, archive: Archive) -> ECGRecord | str:
    """The ECG, or the reason why it cannot be exported."""
    try:
        record = archive.open(review.record)
    except ArchiveError:
        return GONE
    return record if record.units == "mV" else NO_VOLTS


def _labels_csv(reviews: Sequence[Review], columns: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("record", "patient", *map(plain_cell, columns)))
    for review in reviews:
        name, cells = record_name(review), dict(_cells(review))
        writer.writerow((name, name, *(cells.get(column, "") for column in columns)))
    return text.getvalue()


def _cells(review: Review) -> Iterator[tuple[str, str]]:
    """The columns that the review fills; "" if the answers of two tasks contradict each other."""
    for label in dict.fromkeys(answer.label for answer in review.standing):
        judged = (answer for answer in review.standing if answer.label == label and answer.is_judged)
        cells = {_CELLS[answer.state] for answer in judged}
        yield label, cells.pop() if len(cells) == 1 else ""
    for column in _stated(review).values():
        yield column, "1"


def _stated(review: Review) -> dict[str, str]:
    """The column of each of the reader's own statements, without colons and the importer's own names."""
    taken = _RESERVED | {answer.label.lower() for answer in review.standing}
    names = {statement: " ".join(statement.replace(":", " ").split()) for statement in review.statements}
    return {
        statement: name if name.lower() not in taken else f"stated {name}"
        for statement, name in names.items()
        if name
    }


def _statements_csv(reviews: Sequence[Review]) -> str:
    """The columns that are statements of the vocabulary, each with its name and all its codes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("column", "statement", "name", "codes"))
    columns = {(column, stated) for review in reviews for stated, column in _stated(review).items()}
    for column, stated in sorted(columns):
        if (known := known_statement(stated)) is not None:
            writer.writerow((plain_cell(column), stated, known.name, "; ".join(known.codes)))
    return text.getvalue()
