"""Critical findings and the judgement as plain figures and words, for every JSON document that has them."""

from dataclasses import dataclass

from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.judgement.statements import Judgement


@dataclass(frozen=True)
class CriticalDocument:
    """A critical finding: where it is, in s of the record, on what it rests, and what else it could be."""

    kind: str
    sentence: str
    leads: tuple[str, ...]
    start_s: float
    end_s: float
    evidence: str
    differential: str
    source: str
    found_by: str


def critical_document(finding: CriticalFinding) -> CriticalDocument:
    """The document of one finding."""
    return CriticalDocument(
        finding.kind.value,
        finding.sentence,
        finding.leads,
        float(finding.start),
        float(finding.end),
        finding.evidence,
        finding.differential,
        finding.source,
        finding.found_by,
    )


@dataclass(frozen=True)
class JudgedLine:
    """One statement of the judgement; ``severity`` is its word in small letters."""

    severity: str
    words: str
    source: str


def judged(judgement: Judgement) -> tuple[JudgedLine, ...]:
    """The judgement's lines, the most severe first."""
    return tuple(JudgedLine(one.severity.name.lower(), one.words, one.source) for one in judgement.lines)
