"""The support of each finding as plain figures and words, for the numbers' document."""

from dataclasses import dataclass

from ecgapp.analysis import Support
from ecgapp.models import Interval


@dataclass(frozen=True)
class FindingSupport:
    """The support of one label's finding.

    ``of_patients`` is the share of patients with this answer that have it at ``prevalence``.

    ``probability`` is this record's own, moved there from the validation records' ``validation_prevalence``.
    """

    label: str
    prevalence: float | None
    validation_prevalence: float | None
    probability: float | None
    of_patients: Interval | None
    rule: str | None  # present, borderline, absent or cannot tell; None where there is no rule
    rule_words: str
    doubts: str


def supports(support: tuple[Support, ...]) -> tuple[FindingSupport, ...]:
    """The support of every finding as it is written down, in the task's order."""
    return tuple(
        FindingSupport(
            row.label,
            row.prevalence,
            row.validation,
            row.probability,
            row.meaning.share if row.meaning else None,
            row.verdict.presence.value if row.verdict else None,
            row.verdict.words if row.verdict else "",
            row.doubts,
        )
        for row in support
    )


def prevalences(rows: tuple[FindingSupport, ...]) -> dict[str, float]:
    """The prevalences that the reader had set, by label."""
    return {
        row.label: row.prevalence
        for row in rows
        if row.prevalence is not None and row.prevalence != row.validation_prevalence
    }
