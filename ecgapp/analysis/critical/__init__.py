"""Critical findings, which must be read now, by explicit rules and one small network."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ecgapp.analysis.critical.av_block import av_block
from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import ORDER, CriticalFinding, CriticalKind, has_rate, worst_first
from ecgapp.analysis.critical.long_qt import long_qt
from ecgapp.analysis.critical.pacing_failure import pacing_failure
from ecgapp.analysis.critical.rate import rates, standstill
from ecgapp.analysis.critical.sine_wave import sine_wave
from ecgapp.analysis.critical.st_alarm import st_elevation
from ecgapp.analysis.critical.ventricular_arrhythmia import broad_tachycardia, fibrillation
from ecgapp.analysis.measurement.beat_timing import Rhythm
from ecgapp.analysis.measurement.measurements import Measurements

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
RATE_IN_NAME = {  # kinds whose name includes the ventricular rate
    CriticalKind.TACHYCARDIA: VENTRICULAR_KINDS,
    CriticalKind.BRADYCARDIA: (*VENTRICULAR_KINDS, CriticalKind.AV_BLOCK),
}
MERGED = frozenset(CriticalKind) - {CriticalKind.PAUSE, CriticalKind.ASYSTOLE}
MOST_PAUSES = 3  # findings; more pauses become one finding
CriticalRule = Callable[[CriticalFacts], list[CriticalFinding]]
# Rules for the whole record, and for each measured stretch of it.
_OF_RECORD: tuple[CriticalRule, ...] = (
    fibrillation,
    standstill,
    broad_tachycardia,
    pacing_failure,
    sine_wave,
    rates,
)
_OF_STRETCH: tuple[CriticalRule, ...] = (av_block, st_elevation, long_qt)


def critical_findings(
    facts: CriticalFacts, stretches: Sequence[Measurements] = ()
) -> tuple[CriticalFinding, ...]:
    """All critical findings of a record, the most dangerous kind first.

    ``stretches`` are the measurements of a long record, stretch by stretch, in order of time; those of
    ``facts`` are used by default. Findings of one kind in neighbouring stretches are joined, and many pauses
    become one finding. A rate is no separate finding if a ventricular rhythm, broad complexes or, if slow,
    AV block cover most of its time.
    """
    whole = facts if not stretches else replace(facts, measurements=joined(stretches))
    findings = [finding for rule in _OF_RECORD for finding in rule(whole)]
    parts = [replace(facts, measurements=measured) for measured in stretches] or [facts]
    findings += [finding for part in parts for rule in _OF_STRETCH for finding in rule(part)]
    findings = _merged(findings)
    return worst_first([one for one in findings if not _covered(one, findings)])


def joined(stretches: Sequence[Measurements]) -> Measurements:
    """The first of the measurements, with the beats of all stretches."""
    beats = {beat.time: beat for measured in stretches for beat in measured.rhythm.beats}
    rhythm = Rhythm(tuple(beats[time] for time in sorted(beats)))
    return replace(stretches[0], rhythm=rhythm)


def _merged(findings: Sequence[CriticalFinding]) -> list[CriticalFinding]:
    """The findings with those of one kind that touch each other joined, and many pauses counted."""
    merged: list[CriticalFinding] = []
    pauses = [one for one in findings if one.kind is CriticalKind.PAUSE]
    for one in sorted(findings, key=lambda each: each.start):
        before = next((each for each in merged if each.kind is one.kind and one.start <= each.end), None)
        if one.kind is CriticalKind.PAUSE and len(pauses) > MOST_PAUSES:
            continue
        if before is not None and one.kind in MERGED:
            merged[merged.index(before)] = replace(before, end=max(before.end, one.end))
        else:
            merged.append(one)
    if len(pauses) > MOST_PAUSES:
        longest = max(pauses, key=lambda pause: pause.end - pause.start)
        words = f"{len(pauses)} pauses, the longest {longest.end - longest.start:.1f} s"
        merged.append(replace(longest, name=words, evidence=f"The longest begins at {longest.start:.1f} s."))
    return merged


def _covered(finding: CriticalFinding, others: Iterable[CriticalFinding]) -> bool:
    """Whether a finding is a rate, and one of ``others`` that includes the rate covers most of its time."""
    half = 0.5 * (finding.end - finding.start)
    worse = [one for one in others if one.kind in RATE_IN_NAME.get(finding.kind, ())]
    return any(min(finding.end, one.end) - max(finding.start, one.start) > half for one in worse)
