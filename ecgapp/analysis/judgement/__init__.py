"""The judgement of an ECG: statements from networks, rules and measurements, worst first."""

from ecgapp.analysis.judgement.judge import judge
from ecgapp.analysis.judgement.known_facts import KnownFacts, Score
from ecgapp.analysis.judgement.statements import Judgement, JudgementLine, Severity, beside_critical

__all__ = ["Judgement", "JudgementLine", "KnownFacts", "Score", "Severity", "beside_critical", "judge"]
