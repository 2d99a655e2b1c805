"""The audit trail in words and as a table: who did what, when, to which ECG, beside which model."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from ecgapp.reviews.review_events import Event, KeptCaliper, Kind
from ecgapp.reviews.review_words import changes
from ecgapp.storage.plain_text import plain_cell

WORDS = {
    Kind.OPENED: "opened, to be read first",
    Kind.ALARMED: "critical findings shown, before a read",
    Kind.READ: "read committed, before the model's output",
    Kind.SHOWN: "model's output shown",
    Kind.CONFIRMED: "confirmed",
    Kind.EDITED: "edited",
    Kind.COMMENTED: "commented",
    Kind.CALIPERS: "calipers kept",
    Kind.SIGNED: "signed",
    Kind.REOPENED: "withdrawn",
    Kind.KEPT: "ECG kept for training",
    Kind.FORGOTTEN: "ECG no longer kept for training",
}
COLUMNS = (
    "number", "time (UTC)", "record", "what", "who", "task", "model", "card sha256", "weights sha256",
    "answers", "against the model", "confirmed beside normal", "statements", "comment", "calipers",
)  # fmt: skip


def audit_csv(events: Iterable[Event]) -> str:
    """Every event, a line each, the oldest first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([plain_cell(cell) for cell in _cells(event)] for event in events)
    return text.getvalue()


def in_words(event: Event) -> str:
    """What an event says beside its kind."""
    told = ", ".join(changes(event.answers))
    if event.kind is Kind.READ:
        told = answers_in_words(event)
    if event.kind is Kind.CALIPERS:
        told = ", ".join(f"{one.name} {1000 * (one.stop - one.start):.0f} ms" for one in event.calipers)
    both = f"confirmed together: {', '.join(event.beside_normal)}" if event.beside_normal else ""
    return "; ".join(part for part in (told, both, *event.statements, event.comment) if part)


def answers_in_words(event: Event) -> str:
    """Every class that was judged: ``AF present, PVC absent``."""
    return ", ".join(f"{answer.label} {answer.state}" for answer in event.answers if answer.is_judged)


def _cells(event: Event) -> tuple[str, ...]:
    model = event.model
    stamped = (model.task, model.name, model.digest, model.sha256) if model else ("", "", "", "")
    return (
        str(event.number),
        datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds"),
        event.record,
        WORDS[event.kind],
        event.by,
        *stamped,
        "; ".join(_answer(event)),
        ", ".join(changes(event.answers)),
        ", ".join(event.beside_normal),
        "; ".join(event.statements),
        event.comment,
        "; ".join(_caliper(one) for one in event.calipers),
    )


def _caliper(one: KeptCaliper) -> str:
    """One of time alone has no lead."""
    lead = f" {one.lead}" if one.lead else ""
    return f"{one.name}{lead} {one.start:.3f}-{one.stop:.3f} s"


def _answer(event: Event) -> list[str]:
    """Each answer with the model's probability and threshold beside it, where they were seen."""
    told = []
    for one in event.answers:
        seen = one.probability is not None and one.threshold is not None
        told.append(
            f"{one.label} {one.state}{f' ({one.probability:.4f}/{one.threshold:.4f})' if seen else ''}"
        )
    return told
