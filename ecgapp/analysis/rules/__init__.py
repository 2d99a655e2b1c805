"""Textbook rules beside the network. Importing it registers them; ``verdicts`` asks them all."""

from ecgapp.analysis.findings import Findings
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.analysis.rules import conduction, normal, rhythm, st_segment
from ecgapp.analysis.rules.st_elevation import STElevation, st_elevation
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleOutcome, Verdict, check, rule_labels, verdict

__all__ = [
    "Facts",
    "Presence",
    "RuleOutcome",
    "STElevation",
    "Verdict",
    "check",
    "conduction",
    "normal",
    "rhythm",
    "rule_labels",
    "st_elevation",
    "st_segment",
    "verdict",
    "verdicts",
    "verdicts_of_all",
]


def verdicts(findings: Findings, measured: Measurements, sampling_rate: float) -> dict[str, Verdict]:
    """Each label's verdict, of the labels that have a rule; measured at ``sampling_rate`` Hz."""
    facts = Facts(measured, sampling_rate)
    checked = (verdict(row.label, facts) for row in findings.rows)
    return {word.label: word for word in checked if word is not None}


def verdicts_of_all(measured: Measurements, sampling_rate: float) -> dict[str, Verdict]:
    """The verdict of every rule, by label, whatever a network looks for; measured at ``sampling_rate`` Hz."""
    facts = Facts(measured, sampling_rate)
    checked = (verdict(label, facts) for label in rule_labels())
    return {word.label: word for word in checked if word is not None}
