"""The support of a finding: its meaning in patients, the textbook's rule, and doubts."""

from collections.abc import Mapping
from dataclasses import dataclass

from ecgapp.analysis.doubts import doubts
from ecgapp.analysis.findings import Finding, Findings
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.analysis.rules import Verdict, verdicts
from ecgapp.evaluate import PostTestProbability, meaning_at, shifted, validation_prevalence
from ecgapp.signals import RecordQuality


@dataclass(frozen=True)
class Support:
    """The support of one label's finding.

    ``prevalence`` is the reader's, or the ``validation``'s own; None if there is none.

    ``probability`` is the finding's, moved to that prevalence. ``meaning`` None: the counts do not say.
    """

    label: str
    validation: float | None
    prevalence: float | None
    probability: float | None
    meaning: PostTestProbability | None
    verdict: Verdict | None
    doubts: str

    @property
    def is_set(self) -> bool:
        """Whether the reader chose another prevalence than that of the validation records."""
        return self.prevalence != self.validation

    @property
    def of_hundred(self) -> str:
        """The patients of 100 with this answer who have the class: ``67 (61-73)``; "" if not known."""
        if self.meaning is None:
            return ""
        share = self.meaning.share
        return f"{count(share.value)} ({count(share.low)}-{count(share.high)})"

    def in_patients(self) -> str:
        """The finding in a hundred patients, with the prevalence that this holds at."""
        if self.meaning is None or self.validation is None:
            return "Too few validation records to estimate this."
        side = "with" if self.meaning.positive else "without"
        sentence = (
            f"Of 100 patients {side} this finding, about {self.of_hundred} have it, at a prevalence of "
            f"{per_cent(self.meaning.prevalence)}"
        )
        if not self.is_set:
            return (
                f"{sentence}, that of the validation records. Study populations have more disease than "
                "most clinics. Set the prevalence in your patients."
            )
        return f"{sentence}, as set here (validation records: {per_cent(self.validation)})."


def support(
    findings: Findings,
    measured: tuple[Measurements, float] | None,
    quality: RecordQuality,
    prevalences: Mapping[str, float],
) -> dict[str, Support]:
    """The support of every finding by label, in the task's order.

    ``measured`` is with the record's Hz, None if nothing was measured.
    ``prevalences`` holds what the reader set, by label, between 0 and 1.
    """
    rules = verdicts(findings, *measured) if measured else {}
    return {
        row.label: _support(row, prevalences.get(row.label), rules.get(row.label), doubts(row.label, quality))
        for row in findings.rows
    }


def _support(row: Finding, chosen: float | None, verdict: Verdict | None, doubt: str) -> Support:
    validation = validation_prevalence(row.metrics) if row.metrics else None
    if row.metrics is None or validation is None:
        return Support(row.label, None, None, None, None, verdict, doubt)
    prevalence = chosen or validation
    return Support(
        row.label,
        validation,
        prevalence,
        shifted(row.probability, validation, prevalence),
        meaning_at(row.metrics, prevalence, row.positive),
        verdict,
        doubt,
    )


def count(share: float) -> str:
    """A share as patients of 100: "67", "3.4", "under 0.1"."""
    patients = 100 * share
    if 0 < patients < 0.05:
        return "under 0.1"
    return f"{patients:.1f}" if patients < 9.95 else f"{patients:.0f}"


def per_cent(share: float) -> str:
    """A share as per cent in three figures at the most: "6.6 %", "0.25 %"."""
    return f"{100 * share:.3g} %"
