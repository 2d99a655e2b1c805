"""The audit trail as text and as a table: each event with author, time, ECG and model."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from ecgapp.reviews.review_events import EventKind, ReviewEvent
from ecgapp.reviews.review_words import changes
from ecgapp.reviews.stated import stated_in_full, stated_with_code
from ecgapp.storage.plain_text import plain_cell

EVENT_NAMES = {
    EventKind.OPENED: "opened, to be read first",
    EventKind.ALARMED: "critical findings shown, before a read",
    EventKind.READ: "reading saved, before the model's output",
    EventKind.SHOWN: "model's output shown",
    EventKind.CONFIRMED: "confirmed",
    EventKind.EDITED: "edited",
    EventKind.COMMENTED: "commented",
    EventKind.CALIPERS: "calipers kept",
    EventKind.SIGNED: "signed",
    EventKind.REOPENED: "withdrawn",
    EventKind.KEPT: "ECG kept for training",
    EventKind.FORGOTTEN: "ECG no longer kept for training",
}
COLUMNS = (
    "number", "time (UTC)", "record", "what", "who", "task", "model", "card sha256", "weights sha256",
    "answers", "against the model", "confirmed beside normal", "statements", "comment", "calipers",
)  # fmt: skip


def audit_csv(events: Iterable[ReviewEvent]) -> str:
    """The CSV table of all events, one line each, the oldest first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([plain_cell(cell) for cell in _cells(event)] for event in events)
    return text.getvalue()


def event_description(event: ReviewEvent) -> str:
    """The description of an event's content, beside its kind."""
    content = ", ".join(changes(event.answers))
    if event.kind is EventKind.READ:
        content = ", ".join(f"{one.label} {one.state}" for one in event.answers if one.is_judged)
    if event.kind is EventKind.CALIPERS:
        content = ", ".join(f"{one.name} {1000 * (one.stop - one.start):.0f} ms" for one in event.calipers)
    both = f"confirmed together: {', '.join(event.beside_normal)}" if event.beside_normal else ""
    stated = map(stated_in_full, event.statements)
    return "; ".join(part for part in (content, both, *stated, event.comment) if part)


def _cells(event: ReviewEvent) -> tuple[str, ...]:
    model = event.model
    stamped = (model.task, model.name, model.digest, model.sha256) if model else ("", "", "", "")
    return (
        str(event.number),
        datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds"),
        event.record,
        EVENT_NAMES[event.kind],
        event.by,
        *stamped,
        "; ".join(_answer(event)),
        ", ".join(changes(event.answers)),
        ", ".join(event.beside_normal),
        "; ".join(map(stated_with_code, event.statements)),
        event.comment,
        "; ".join(  # a caliper of time alone has no lead
            f"{' '.join(filter(None, (one.name, one.lead)))} {one.start:.3f}-{one.stop:.3f} s"
            for one in event.calipers
        ),
    )


def _answer(event: ReviewEvent) -> list[str]:
    """Each answer, with the model's probability and threshold if the reader had seen them."""
    answers = []
    for one in event.answers:
        seen = one.probability is not None and one.threshold is not None
        answers.append(
            f"{one.label} {one.state}{f' ({one.probability:.4f}/{one.threshold:.4f})' if seen else ''}"
        )
    return answers
