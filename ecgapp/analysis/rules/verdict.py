"""The results of textbook rules: presence of a label, the measurements it follows from, and errors."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ecgapp.analysis.measurement.measured_rows import Measurement
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.errors import ConfigError

# The error of a measurement: two standard deviations of the delineator's distance to manual marks, at the
# less certain of its two boundaries (its card, on LUDB: P onset 14.1 ms, QRS offset 9.6, end of T 20.1).
ERRORS = {"PR": 28.0, "QRS": 20.0, "QTc Fridericia": 40.0}  # ms
# In 95 % of the recordings two halves differ by less.
ERRORS |= {"QRS axis": 11.0}  # degrees
ERRORS |= {"Heart rate": 1.0}  # beats per minute


class Presence(StrEnum):
    """Whether a rule's label is present; borderline if its limit is within the measurement's error."""

    PRESENT = "present"
    BORDERLINE = "borderline"
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Facts:
    """The input of a rule: the measurements, and the record's sampling rate in Hz.

    ``age`` is in years, ``sex`` "male" or "female", if they are known.
    """

    measured: Measurements
    sampling_rate: float
    age: float | None = None
    sex: str = ""

    def row(self, name: str) -> Measurement:
        """The measurement with this name."""
        return next(row for row in self.measured.rows if row.name == name)

    def error(self, name: str) -> float:
        """The error of this measurement, for intervals at least one sample."""
        known = ERRORS[name]
        return max(known, 1000 / self.sampling_rate) if self.row(name).unit == "ms" else known

    @property
    def span(self) -> str:
        """``" in 30 to 60 s"`` if only a part of the record was measured, else ""."""
        return f" {self.measured.span}" if self.measured.partial else ""


@dataclass(frozen=True)
class RuleResult:
    """The result of a rule; ``words`` contain the measurements and the limit."""

    presence: Presence
    words: str

    @property
    def present(self) -> bool:
        return self.presence is Presence.PRESENT


@dataclass(frozen=True)
class Verdict:
    """The result of the rule for one label."""

    label: str
    presence: Presence
    words: str

    @property
    def description(self) -> str:
        """The verdict as text: ``present: PR 242 ms, over 200 ms``."""
        return f"{self.presence}: {self.words}"

    def contradicts(self, positive: bool) -> bool:
        """Whether rule and network disagree on the label, given whether the network is ``positive``.

        Borderline and unknown results never contradict.
        """
        return self.presence is (Presence.ABSENT if positive else Presence.PRESENT)


Rule = Callable[[Facts], RuleResult]
RULES: dict[str, Rule] = {}


def rule(*labels: str) -> Callable[[Rule], Rule]:
    """A decorator that registers a rule for its labels; a repeated label is an error."""

    def register(function: Rule) -> Rule:
        for label in labels:
            if label in RULES:
                raise ConfigError(f"There are two rules for {label}.")
            RULES[label] = function
        return function

    return register


def check(label: str, facts: Facts) -> RuleResult | None:
    """The result of the rule for ``label``; None without a rule."""
    function = RULES.get(label)
    return None if function is None else function(facts)


def verdict(label: str, facts: Facts) -> Verdict | None:
    """The verdict of the rule for ``label``; None without a rule."""
    result = check(label, facts)
    return None if result is None else Verdict(label, result.presence, result.words)


def blank(row: Measurement) -> RuleResult:
    """The result of a rule whose measurement is blank."""
    return RuleResult(Presence.CANNOT_TELL, f"{row.name} is blank. {row.reason.removesuffix('.')}")


def cannot_tell(words: str) -> RuleResult:
    """The result of a rule that does not apply, with the reason."""
    return RuleResult(Presence.CANNOT_TELL, words)


def side(value: float, limit: float, error: float) -> Presence:
    """The presence for a value: present from ``limit`` on, borderline within ``error`` of it."""
    if abs(value - limit) <= error:
        return Presence.BORDERLINE
    return Presence.PRESENT if value > limit else Presence.ABSENT


def against(name: str, limit: float, facts: Facts) -> RuleResult:
    """The result for an interval that is abnormal above ``limit`` ms; it must not be blank."""
    value, error = facts.row(name).value or 0.0, facts.error(name)
    presence = side(value, limit, error)
    if presence is Presence.BORDERLINE:
        return RuleResult(presence, f"{name} {value:.0f} ms, limit {limit:.0f}, error about {error:.0f} ms")
    return RuleResult(
        presence, f"{name} {value:.0f} ms, {'over' if value > limit else 'under'} {limit:.0f} ms"
    )
