"""The worklist as a CSV table: one line for each ECG, under our numbers."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ecgapp.config import DISCLAIMER
from ecgapp.storage.plain_text import plain_cell
from ecgapp.worklist.item import Item
from ecgapp.worklist.urgency import LEVELS, level, uncertainty, urgency

NOTE = f"{DISCLAIMER} All findings are unconfirmed; the order is for reading, not for triage."


def as_csv(items: Sequence[Item], names: Mapping[int, str] | None = None) -> str:
    """One line for each of ``items``, in their order; with file names only if they are given."""
    labels = list(dict.fromkeys(score.label for item in items for score in item.outcome.scores))
    text = io.StringIO()
    lines = [_harmless(_line(item, labels, names)) for item in items]
    writer = csv.DictWriter(text, list(_harmless(_line(None, labels, names))), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _line(item: Item | None, labels: Sequence[str], names: Mapping[int, str] | None) -> dict[str, object]:
    """The columns in their order, with the values of ``item``; empty values for None."""
    row = item or _EMPTY
    file = {} if names is None else {"file": names.get(row.number, "")}
    at = level(row)
    line: dict[str, object] = {
        "number": row.number,
        **file,
        "ecg_sha256": row.key,
        "state": row.state,
        "remark": row.outcome.sentence,
        "critical": " ".join(finding.sentence for finding in row.outcome.critical),
        "judgement": " ".join(line.words for line in row.outcome.judged),
        "above_threshold": " ".join(score.label for score in row.above),
        "urgency": _rounded(urgency(row)),
        "urgency_level": "" if at is None else LEVELS[at],
        "uncertainty": _rounded(uncertainty(row)),
        "heart_rate": _rounded(row.outcome.heart_rate),
        "quality": row.outcome.quality,
        "duration_s": _rounded(row.duration),
        "added": _time(row.added),
        "scored": _time(row.scored),
        "opened": _time(row.opened),
        "model": row.model.name,
        "model_sha256": row.model.sha256,
        "card_sha256": row.model.digest,
    }
    scores = {score.label: score for score in row.outcome.scores}
    for label in labels:
        score = scores.get(label)
        line[f"{label}_probability"] = "" if score is None else score.probability
        line[f"{label}_threshold"] = "" if score is None else score.threshold
    return {**line, "note": NOTE}


def _harmless(line: Mapping[str, object]) -> dict[str, object]:
    """The line without formulas, because file names and users' labels may contain any characters."""
    return {
        plain_cell(column): plain_cell(cell) if isinstance(cell, str) else cell
        for column, cell in line.items()
    }


def _rounded(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4g}"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


_EMPTY = Item(0, 0, "", 0, 0, 0.0, "", 0.0)
