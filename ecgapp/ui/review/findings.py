"""The findings table: one row a class, each with its threshold and the validation behind it."""

from collections.abc import Iterable, Mapping

import pandas as pd

from ecgapp.analysis import Finding, Findings, Support
from ecgapp.analysis.findings import UNCONFIRMED
from ecgapp.analysis.rules import Presence
from ecgapp.analysis.support import count
from ecgapp.models import LabelMetrics, ModelCard
from ecgapp.models.card_words import in_full, insufficient, meaning, of_label

OF_HUNDRED = "Of 100 like this"
MARKS = {
    Presence.PRESENT: "present",
    Presence.BORDERLINE: "borderline",
    Presence.ABSENT: "absent",
    Presence.CANNOT_TELL: "cannot tell",
}
CONTRADICTS = "✗ "  # before the rule's word where the network says the opposite


def table(
    findings: Findings, beside: Mapping[str, Support], statuses: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Classes above their threshold first, then by probability.

    ``beside`` holds each one's support, ``statuses`` what its reader decided.
    """
    decided = statuses or {}
    rows = in_order(findings)
    return pd.DataFrame([_row(row, beside[row.label], decided.get(row.label, UNCONFIRMED)) for row in rows])


def findable(cards: Iterable[ModelCard]) -> pd.DataFrame:
    """Every class that the classifiers among ``cards`` look for, and how well each was found."""
    rows = [
        _findable(card, label.name) for card in cards if card.task is not None for label in card.task.labels
    ]
    return pd.DataFrame(rows)


def _findable(card: ModelCard, label: str) -> dict[str, str]:
    validated = card.validation.per_label if card.validation else ()
    metrics = next((row for row in validated if row.label == label), None)
    return {
        "Class": label,
        "In words": meaning(label) or "-",
        "Model": card.name,
        "Precision (95 %)": of_label(metrics, "precision"),
        "Recall (95 %)": of_label(metrics, "recall"),
        "Positives of n": _positives(metrics),
    }


def _positives(metrics: LabelMetrics | None) -> str:
    return f"{metrics.n_positive} of {metrics.n}" if metrics else "-"


def in_order(findings: Findings) -> list[Finding]:
    """Above the threshold first, then by probability."""
    return sorted(findings.rows, key=lambda row: (not row.positive, -row.probability))


def _row(row: Finding, beside: Support, status: str) -> dict[str, object]:
    metrics = row.metrics
    return {
        "Finding": row.label,
        "Probability": row.probability,
        "Threshold": row.threshold,
        "Result": "▲ above" if row.positive else "below",
        OF_HUNDRED: _of_hundred(beside),
        "Precision (95 %)": of_label(metrics, "precision"),
        "Positives of n": _positives(metrics),
        "Rule": _of_rule(row, beside),
        "Doubt": "⚠" if beside.doubts else "",
        "Status": status,
    }


def _of_rule(row: Finding, beside: Support) -> str:
    if beside.verdict is None:
        return "no rule"
    mark = CONTRADICTS if beside.verdict.contradicts(row.positive) else ""
    return f"{mark}{MARKS[beside.verdict.presence]}"


def _of_hundred(beside: Support) -> str:
    if beside.meaning is None:
        return "-"
    share = beside.meaning.share
    return f"{count(share.value)} ({count(share.low)}-{count(share.high)})"


def in_detail(row: Finding, beside: Support) -> list[str]:
    """Sentences of Markdown about one class: in patients, by rule, and what to doubt."""
    side = "above" if row.positive else "below"
    words = [
        f"**{in_full(row.label)}**: {row.probability:.2f}, {side} its threshold of {row.threshold:.2f}.",
        beside.in_patients(),
    ]
    if beside.is_set and beside.probability is not None:
        words.append(
            f"This ECG's own probability at that prevalence: {beside.probability:.2f} (the threshold stays)."
        )
    if insufficient(row.metrics) is None:
        words.append(f"Of those who have it, the network found {of_label(row.metrics, 'recall')} (recall).")
    return [" ".join(words), " ".join(sentence for sentence in (by_rule(beside), beside.doubts) if sentence)]


def by_rule(beside: Support) -> str:
    """What the rule says, or that there is none."""
    if beside.verdict is None:
        return "No textbook rule was checked for it."
    return f"By the textbook's rule {beside.verdict.description}."


def worth_a_look(findings: Findings, beside: Mapping[str, Support], label: str) -> list[str]:
    """A line of Markdown for each class but ``label`` that is above its threshold, or ought to be by rule."""
    lines = []
    for row in in_order(findings):
        support = beside[row.label]
        disagrees = support.verdict is not None and support.verdict.contradicts(row.positive)
        if row.label == label or not (row.positive or disagrees):
            continue
        side = "above" if row.positive else "below"
        lines.append(f"**{row.label}** is {side} its threshold. {by_rule(support)} {support.doubts}".rstrip())
    return lines


def abbreviations(findings: Findings) -> str:
    """What the classes' short names stand for."""
    named = [f"{row.label}: {meaning(row.label)}" for row in findings.rows if meaning(row.label)]
    return "; ".join(named)
