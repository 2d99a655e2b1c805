"""Critical findings: what in an ECG asks to be read now, by explicit rules and one small network."""

from collections.abc import Callable, Iterable

from ecgapp.analysis.critical.av_block import av_block
from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import ORDER, CriticalFinding, CriticalKind, worst_first
from ecgapp.analysis.critical.long_qt import long_qt
from ecgapp.analysis.critical.pacing import pacing_failure
from ecgapp.analysis.critical.rate import rates, standstill
from ecgapp.analysis.critical.sine_wave import sine_wave
from ecgapp.analysis.critical.st_elevation import st_elevation
from ecgapp.analysis.critical.ventricular import broad_tachycardia, fibrillation

__all__ = ["ORDER", "CriticalFacts", "CriticalFinding", "CriticalKind", "critical_findings", "worst_first"]

VENTRICULAR_KINDS = (CriticalKind.VENTRICULAR_FIBRILLATION, CriticalKind.BROAD_COMPLEX_TACHYCARDIA)
RATES = (CriticalKind.TACHYCARDIA, CriticalKind.BRADYCARDIA)
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

    A fast rate is no finding of its own where a ventricular rhythm or broad complexes are found.
    """
    found = [finding for rule in _RULES for finding in rule(facts)]
    worse = [one for one in found if one.kind in VENTRICULAR_KINDS]
    return worst_first([one for one in found if one.kind not in RATES or not _covered(one, worse)])


def _covered(finding: CriticalFinding, others: Iterable[CriticalFinding]) -> bool:
    """Whether most of the finding's time belongs to one of ``others``."""
    half = 0.5 * (finding.end - finding.start)
    return any(min(finding.end, one.end) - max(finding.start, one.start) > half for one in others)
