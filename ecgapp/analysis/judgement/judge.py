"""Joins networks, rules and measurements into one judgement, worst first.

The headline, the worklist, the report and the command line use it.
"""

from collections.abc import Iterator
from dataclasses import replace

from ecgapp.analysis.judgement.known_facts import KnownFacts
from ecgapp.analysis.judgement.label_lines import finding_lines, normal_lines
from ecgapp.analysis.judgement.measured_lines import critical_lines, rate_lines, recording_lines, rule_lines
from ecgapp.analysis.judgement.statements import GATE, Judgement, JudgementLine, Severity, worst_first

STAND = "Heart rate, measurements and critical findings are computed all the same."
NOT_COMPUTED = "No label was computed."


def judge(known: KnownFacts) -> Judgement:
    """The judgement of an ECG: all statements about it, the most severe first."""
    lines = [
        *critical_lines(known),
        *gate_lines(known),
        *recording_lines(known),
        *rate_lines(known),
        *finding_lines(known),
        *rule_lines(known),
    ]
    if known.normal is not None and known.normal.positive:
        lines = [
            replace(line, severity=Severity.CONTRADICTION) if line.severity is Severity.ABNORMAL else line
            for line in lines
        ]
    return worst_first([*lines, *normal_lines(known, lines)])


def gate_lines(known: KnownFacts) -> Iterator[JudgementLine]:
    """The lines on withheld labels, and on records that the gate could not judge."""
    judged = known.admission
    if judged is not None and judged.refused:
        severity = Severity.CRITICAL if judged.readable.urgent else Severity.PROMPT
        yield JudgementLine(severity, judged.reason, GATE)
    elif known.refusal:
        yield JudgementLine(Severity.PROMPT, f"{known.refusal} {STAND}", GATE)
    elif not known.scores:
        yield JudgementLine(Severity.UNKNOWN, f"{known.no_labels or NOT_COMPUTED} {STAND}", "network")
    if known.ventricular_not_checked:
        yield JudgementLine(Severity.UNKNOWN, known.ventricular_not_checked, "network")
    if known.not_judged:
        yield JudgementLine(Severity.UNKNOWN, known.not_judged, GATE)
