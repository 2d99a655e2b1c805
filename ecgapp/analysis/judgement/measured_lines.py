"""Lines of a judgement from measurements and from the recording, independent of networks."""

from collections.abc import Iterator
from dataclasses import replace

from ecgapp.analysis.critical import CriticalKind
from ecgapp.analysis.critical.rate import SLOW as CRITICALLY_SLOW
from ecgapp.analysis.critical.ventricular_arrhythmia import BROAD
from ecgapp.analysis.critical.ventricular_arrhythmia import FAST as FAST_IF_BROAD
from ecgapp.analysis.judgement.known_facts import KnownFacts
from ecgapp.analysis.judgement.probability_words import beside_rule, capitalised
from ecgapp.analysis.judgement.statements import JudgementLine, Severity
from ecgapp.analysis.rules import Presence

SLOW, FAST = 50.0, 100.0  # bpm; Spodick et al. 1992, doi:10.1016/0002-9149(92)90947-W
VERY_FAST = 130.0  # bpm, from which an ECG is to be read soon: our choice
LONG_QT = 480.0  # ms, QTc; Priori et al. 2015 (ESC), doi:10.1093/eurheartj/ehv316
RULES = ("STE", "STD", "AF", "LBBB", "RBBB", "I-AVB", "PVC", "PAC")  # the rules in a judgement
SAME_LABEL = {"AF": ("AF", "A")}  # the network's labels for a rule
# Without an organised rhythm rules and rates are meaningless.
DISORGANISED = frozenset(
    {
        CriticalKind.VENTRICULAR_FIBRILLATION,
        CriticalKind.ASYSTOLE,
        CriticalKind.BROAD_COMPLEX_TACHYCARDIA,
        CriticalKind.SINE_WAVE,
    }
)
COVERED_BY = {  # the critical finding that includes a rule's: reciprocal depression belongs to elevation
    "STE": CriticalKind.ST_ELEVATION,
    "STD": CriticalKind.ST_ELEVATION,
    "I-AVB": CriticalKind.AV_BLOCK,
}
RATES = frozenset(  # kinds that explain a slow or fast heart rate
    {CriticalKind.BRADYCARDIA, CriticalKind.TACHYCARDIA, CriticalKind.AV_BLOCK, CriticalKind.PAUSE}
)


def critical_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """A line for each critical finding with its evidence and the network's result on it."""
    for finding in known.critical:
        beside = [beside_rule("STE", known)] if finding.kind is CriticalKind.ST_ELEVATION else []
        words = " ".join(part for part in (finding.sentence, finding.evidence, *beside) if part)
        yield JudgementLine(Severity.CRITICAL, words, finding.found_by)


def rate_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """Lines on abnormal heart rate, QRS at a fast rate and QTc that no critical finding includes."""
    kinds = _kinds(known)
    rate = known.heart_rate
    if kinds & DISORGANISED or known.unreadable:
        return
    if rate is not None and not kinds & RATES and not SLOW <= round(rate) <= FAST:
        soon = rate < CRITICALLY_SLOW or rate >= VERY_FAST
        severity = Severity.PROMPT if soon else Severity.ABNORMAL
        side = "below" if rate < SLOW else "above"
        words = f"Heart rate {rate:.0f}/min, {side} {SLOW if rate < SLOW else FAST:.0f}."
        yield JudgementLine(severity, words, "measurement")
    width = _value("QRS", known)
    if width is not None and rate is not None and width >= BROAD and rate > FAST_IF_BROAD:
        words = f"QRS {width:.0f} ms at {rate:.0f}/min: ventricular tachycardia is not excluded."
        yield JudgementLine(Severity.PROMPT, words, "measurement")
    corrected = None if _is_paced(known) else _value("QTc Fridericia", known)
    if corrected is not None and corrected >= LONG_QT and CriticalKind.LONG_QT not in kinds:
        words = f"QTc {corrected:.0f} ms (Fridericia), {LONG_QT:.0f} ms or more."
        yield JudgementLine(Severity.ABNORMAL, words, "measurement")


def rule_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """Lines on positive rules for which the network is negative or has no label."""
    kinds = _kinds(known)
    if kinds & DISORGANISED or known.unreadable or _is_paced(known):
        return
    for label in RULES:
        result = known.rules.get(label)
        if result is None or result.presence is not Presence.PRESENT or COVERED_BY.get(label) in kinds:
            continue
        scores = [one for name in SAME_LABEL.get(label, (label,)) if (one := known.score(name)) is not None]
        if any(one.positive for one in scores):
            continue
        severity = Severity.CONTRADICTION if scores else Severity.ABNORMAL
        beside = [beside_rule(one.label, known) for one in scores]
        words = " ".join((f"{capitalised(label)} by rule: {result.words}.", *beside))
        yield JudgementLine(severity, words, "rule and network" if scores else "rule")


def recording_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """Lines on pacing spikes, and on limb leads that are probably mislabelled.

    Swapped electrodes are recognised by P waves and sinus beats, so they are not reported for a rhythm
    without either.
    """
    quality = known.quality
    if quality is None:
        return
    if _kinds(known) & DISORGANISED:
        quality = replace(quality, limb_reversal="")
    for sentence in quality.sentences:
        paced = bool(quality.pacing) and "pacing spikes" in sentence.lower()
        yield JudgementLine(Severity.ABNORMAL if paced else Severity.UNKNOWN, sentence, "recording")


def _is_paced(known: KnownFacts) -> bool:
    """Whether there are pacing spikes: the rules are valid for intrinsic beats only."""
    return known.quality is not None and bool(known.quality.pacing)


def _kinds(known: KnownFacts) -> frozenset[CriticalKind]:
    return frozenset(finding.kind for finding in known.critical)


def _value(name: str, known: KnownFacts) -> float | None:
    return None if known.measured is None else known.measured.value(name)
