"""The worklist as a table to take away: a line an ECG, under our numbers."""

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
    """One line for each of ``items``, in their order; with the files' names only where they are given."""
    labels = list(dict.fromkeys(score.label for item in items for score in item.outcome.scores))
    text = io.StringIO()
    lines = [_harmless(_line(item, labels, names)) for item in items]
    writer = csv.DictWriter(text, list(_harmless(_line(None, labels, names))), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _line(item: Item | None, labels: Sequence[str], names: Mapping[int, str] | None) -> dict[str, object]:
    """The columns in their order, with what ``item`` says in them."""
    found = item or _NOBODY
    file = {} if names is None else {"file": names.get(found.number, "")}
    at = level(found)
    line: dict[str, object] = {
        "number": found.number,
        **file,
        "ecg_sha256": found.key,
        "state": found.state,
        "remark": found.outcome.sentence,
        "critical": " ".join(finding.sentence for finding in found.outcome.critical),
        "judgement": " ".join(line.words for line in found.outcome.judged),
        "above_threshold": " ".join(score.label for score in found.above),
        "urgency": _rounded(urgency(found)),
        "urgency_level": "" if at is None else LEVELS[at],
        "uncertainty": _rounded(uncertainty(found)),
        "heart_rate": _rounded(found.outcome.heart_rate),
        "quality": found.outcome.quality,
        "duration_s": _rounded(found.duration),
        "added": _time(found.added),
        "scored": _time(found.scored),
        "opened": _time(found.opened),
        "model": found.model.name,
        "model_sha256": found.model.sha256,
        "card_sha256": found.model.digest,
    }
    scores = {score.label: score for score in found.outcome.scores}
    for label in labels:
        score = scores.get(label)
        line[f"{label}_probability"] = "" if score is None else score.probability
        line[f"{label}_threshold"] = "" if score is None else score.threshold
    return {**line, "note": NOTE}


def _harmless(line: Mapping[str, object]) -> dict[str, object]:
    """Without formulas: files have any name, and labels of a user's own any letters."""
    return {
        plain_cell(column): plain_cell(cell) if isinstance(cell, str) else cell
        for column, cell in line.items()
    }


def _rounded(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4g}"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


_NOBODY = Item(0, 0, "", 0, 0, 0.0, "", 0.0)
