"""Textbook rules for the labels of networks; this module registers them."""

from ecgapp.analysis.findings import Findings
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.analysis.rules import conduction, normal, rhythm, st_segment
from ecgapp.analysis.rules.st_elevation import st_elevation
from ecgapp.analysis.rules.verdict import RULES, Facts, Presence, RuleResult, Verdict, check, verdict

__all__ = [
    "RULES",
    "Facts",
    "Presence",
    "RuleResult",
    "Verdict",
    "check",
    "conduction",
    "normal",
    "rhythm",
    "st_elevation",
    "st_segment",
    "verdict",
    "verdicts",
    "verdicts_of_all",
]


def verdicts(findings: Findings, measured: Measurements, sampling_rate: float) -> dict[str, Verdict]:
    """The verdicts of the rules for the labels of ``findings``; measured at ``sampling_rate`` Hz."""
    facts = Facts(measured, sampling_rate)
    given = (verdict(row.label, facts) for row in findings.rows)
    return {one.label: one for one in given if one is not None}


def verdicts_of_all(measured: Measurements, sampling_rate: float) -> dict[str, Verdict]:
    """The verdicts of all rules, by label; measured at ``sampling_rate`` Hz."""
    facts = Facts(measured, sampling_rate)
    given = (verdict(label, facts) for label in sorted(RULES))
    return {one.label: one for one in given if one is not None}
