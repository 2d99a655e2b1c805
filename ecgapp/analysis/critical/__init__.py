"""Critical findings: what in an ECG asks to be read now, by explicit rules and one small network."""

from ecgapp.analysis.critical.finding import ORDER, CriticalFinding, CriticalKind, worst_first

__all__ = ["ORDER", "CriticalFinding", "CriticalKind", "worst_first"]
