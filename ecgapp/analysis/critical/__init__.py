"""Critical findings: what in an ECG asks to be read now, by explicit rules and one small network."""

from collections.abc import Callable, Iterable

from ecgapp.analysis.critical.av_block import av_block
from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import ORDER, CriticalFinding, CriticalKind, has_rate, worst_first
from ecgapp.analysis.critical.long_qt import long_qt
from ecgapp.analysis.critical.pacing import pacing_failure
from ecgapp.analysis.critical.rate import rates, standstill
from ecgapp.analysis.critical.sine_wave import sine_wave
from ecgapp.analysis.critical.st_elevation import st_elevation
from ecgapp.analysis.critical.ventricular import broad_tachycardia, fibrillation

__all__ = [
    "ORDER",
    "CriticalFacts",
    "CriticalFinding",
    "CriticalKind",
    "critical_findings",
    "has_rate",
    "worst_first",
]

VENTRICULAR_KINDS = (CriticalKind.VENTRICULAR_FIBRILLATION, CriticalKind.BROAD_COMPLEX_TACHYCARDIA)
SAID_BY = {  # kinds whose name tells the ventricular rate already
    CriticalKind.TACHYCARDIA: VENTRICULAR_KINDS,
    CriticalKind.BRADYCARDIA: (*VENTRICULAR_KINDS, CriticalKind.AV_BLOCK),
}
CriticalRule = Callable[[CriticalFacts], list[CriticalFinding]]
_RULES: tuple[CriticalRule, ...] = (
    fibrillation,
    standstill,
    broad_tachycardia,
    pacing_failure,
    av_block,
    sine_wave,
    st_elevation,
    rates,
    long_qt,
)


def critical_findings(facts: CriticalFacts) -> tuple[CriticalFinding, ...]:
    """Every critical finding of a record, the most dangerous kind first.

    A rate is no finding of its own where a ventricular rhythm, broad complexes or, if slow, AV block are
    found for most of its time.
    """
    found = [finding for rule in _RULES for finding in rule(facts)]
    return worst_first([one for one in found if not _covered(one, found)])


def _covered(finding: CriticalFinding, others: Iterable[CriticalFinding]) -> bool:
    """Whether it is a rate, and most of its time belongs to one of ``others`` that tells the rate too."""
    half = 0.5 * (finding.end - finding.start)
    worse = [one for one in others if one.kind in SAID_BY.get(finding.kind, ())]
    return any(min(finding.end, one.end) - max(finding.start, one.start) > half for one in worse)
