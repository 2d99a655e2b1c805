"""What the textbook rules find in a record, for every label that has a rule, whatever network is asked."""

from dataclasses import dataclass
from enum import StrEnum

from ecgapp.analysis.measurements import Measurements
from ecgapp.analysis.rules import Facts, check, rule_labels


class RuleState(StrEnum):
    """What a rule says of its label."""

    PRESENT = "present"
    BORDERLINE = "borderline"  # within the error of measurement
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


_STATES = {True: RuleState.PRESENT, False: RuleState.ABSENT, None: RuleState.CANNOT_TELL}


@dataclass(frozen=True)
class RuleResult:
    """A rule's word on one label; ``words`` have the figures."""

    label: str
    state: RuleState
    words: str

    def contradicts(self, positive: bool) -> bool:
        """Whether the rule says the opposite of a network that finds the label, or does not."""
        opposite = RuleState.ABSENT if positive else RuleState.PRESENT
        return self.state is opposite


def rule_results(measured: Measurements, sampling_rate: float) -> dict[str, RuleResult]:
    """What each rule finds, by label, in a record of ``sampling_rate`` Hz."""
    facts = Facts(measured, sampling_rate)
    found = {label: check(label, facts) for label in rule_labels()}
    return {
        label: RuleResult(label, _STATES[one.present], one.words)
        for label, one in found.items()
        if one is not None
    }
