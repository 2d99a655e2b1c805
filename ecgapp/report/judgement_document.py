"""Critical findings and the judgement as plain figures and words for the numbers' document."""

from dataclasses import dataclass

from ecgapp.analysis import Judgement
from ecgapp.analysis.critical import CriticalFinding


@dataclass(frozen=True)
class Alarm:
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


@dataclass(frozen=True)
class JudgedLine:
    """One statement of the judgement; ``severity`` is its word in small letters."""

    severity: str
    words: str
    source: str


def alarm(found: CriticalFinding) -> Alarm:
    """The finding as it is written down."""
    where = (found.leads, float(found.start), float(found.end))
    reasons = (found.evidence, found.differential, found.source, found.found_by)
    return Alarm(found.kind.value, found.sentence, *where, *reasons)


def judged(judgement: Judgement) -> tuple[JudgedLine, ...]:
    """The judgement's lines, the most severe first."""
    return tuple(JudgedLine(one.severity.name.lower(), one.words, one.source) for one in judgement.lines)
