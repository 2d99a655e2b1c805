"""The findings table: one row a class, each with its threshold and the validation behind it."""

from collections.abc import Mapping

import pandas as pd

from ecgapp.analysis import Finding, Findings
from ecgapp.words import in_full, insufficient, meaning, of_label

STATUS = "unconfirmed"


def table(findings: Findings, statuses: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Classes above their threshold first, then by probability; ``statuses`` are a reader's, by class."""
    rows = sorted(findings.rows, key=lambda row: (not row.positive, -row.probability))
    return pd.DataFrame([_row(row, (statuses or {}).get(row.label, STATUS)) for row in rows])


def _row(row: Finding, status: str) -> dict[str, object]:
    metrics = row.metrics
    return {
        "Finding": row.label,
        "Probability": row.probability,
        "Threshold": row.threshold,
        "Result": "▲ above" if row.positive else "below",
        "Precision (95 %)": of_label(metrics, "precision"),
        "Recall (95 %)": of_label(metrics, "recall") if insufficient(metrics) is None else "-",
        "Positives of n": f"{metrics.n_positive} of {metrics.n}" if metrics else "-",
        "Status": status,
    }


def summary(findings: Findings, status: str = STATUS) -> str:
    """One line of Markdown: which classes are above their threshold."""
    above = sorted((row for row in findings.rows if row.positive), key=lambda row: -row.probability)
    if not above:
        return "No class is above its threshold."
    named = [f"**{in_full(row.label)}** {row.probability:.2f} ≥ {row.threshold:.2f}" for row in above]
    return f"Above threshold, {status}: {'; '.join(named)}."


def abbreviations(findings: Findings) -> str:
    """What the classes' short names stand for."""
    named = [f"{row.label}: {meaning(row.label)}" for row in findings.rows if meaning(row.label)]
    return "; ".join(named)
