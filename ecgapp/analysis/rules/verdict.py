"""A textbook's rule beside the network's answer: what it finds, in figures, and how sure that is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ecgapp.analysis.measurement.measured_rows import Measurement
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.errors import ConfigError

# By how much a reading may be wrong: two standard deviations of the delineator's distance to marks made by
# hand, at the less certain of its two boundaries (its card, on LUDB: P onset 14.1 ms, QRS offset 9.6, end of
# T 20.1).
ERRORS = {"PR": 28.0, "QRS": 20.0, "QTc Fridericia": 40.0}  # ms
# Two halves of one recording differ by less in 95 % (``benchmarks.repeatability``).
ERRORS |= {"QRS axis": 11.0}  # degrees
ERRORS |= {"Heart rate": 1.0}  # beats per minute


class Presence(StrEnum):
    """Whether a rule finds a label. Borderline: its limit lies within the error of measurement."""

    PRESENT = "present"
    BORDERLINE = "borderline"
    ABSENT = "absent"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Facts:
    """The facts that a rule looks at: what was measured, in a record of so many samples per second.

    ``age`` in years and ``sex`` ("male", "female") where they are known.
    """

    measured: Measurements
    sampling_rate: float
    age: float | None = None
    sex: str = ""

    def row(self, name: str) -> Measurement:
        """The measurement of this name."""
        return next(row for row in self.measured.rows if row.name == name)

    def error(self, name: str) -> float:
        """The amount by which this measurement may be wrong: of intervals, by a sample at least."""
        known = ERRORS[name]
        return max(known, 1000 / self.sampling_rate) if self.row(name).unit == "ms" else known

    @property
    def span(self) -> str:
        """``" in 30 to 60 s"`` where the record is longer than what was measured, else ""."""
        return f" {self.measured.span}" if self.measured.partial else ""


@dataclass(frozen=True)
class RuleOutcome:
    """The outcome of a rule; ``words`` have the figures and the limit."""

    presence: Presence
    words: str

    @property
    def present(self) -> bool:
        return self.presence is Presence.PRESENT


@dataclass(frozen=True)
class Verdict:
    """The rule's word on one label."""

    label: str
    presence: Presence
    words: str

    @property
    def in_words(self) -> str:
        """``present: PR 242 ms, over 200 ms``."""
        return f"{self.presence}: {self.words}"

    def contradicts(self, positive: bool) -> bool:
        """Whether a network is above its threshold where the rule finds nothing, or the other way round.

        A borderline outcome or none contradicts nothing.
        """
        return self.presence is (Presence.ABSENT if positive else Presence.PRESENT)


Rule = Callable[[Facts], RuleOutcome]
_RULES: dict[str, Rule] = {}


def rule(*labels: str) -> Callable[[Rule], Rule]:
    """List a rule under its labels; a doubled one is an error."""

    def register(textbook_rule: Rule) -> Rule:
        for label in labels:
            if label in _RULES:
                raise ConfigError(f"There are two rules for {label}.")
            _RULES[label] = textbook_rule
        return textbook_rule

    return register


def rule_labels() -> tuple[str, ...]:
    """The labels for which there is a rule, sorted."""
    return tuple(sorted(_RULES))


def check(label: str, facts: Facts) -> RuleOutcome | None:
    """The outcome of the label's rule; None if there is no rule."""
    textbook_rule = _RULES.get(label)
    return None if textbook_rule is None else textbook_rule(facts)


def verdict(label: str, facts: Facts) -> Verdict | None:
    """The outcome of the label's rule under the label's name; None if there is no rule."""
    outcome = check(label, facts)
    return None if outcome is None else Verdict(label, outcome.presence, outcome.words)


def blank(row: Measurement) -> RuleOutcome:
    """The rule needs a measurement that is blank."""
    return RuleOutcome(Presence.CANNOT_TELL, f"{row.name} is blank. {row.reason.removesuffix('.')}")


def cannot_tell(words: str) -> RuleOutcome:
    """The rule does not apply, and says why."""
    return RuleOutcome(Presence.CANNOT_TELL, words)


def side(value: float, limit: float, error: float) -> Presence:
    """The side of ``limit`` on which a value lies: present from it on, borderline within ``error`` of it."""
    if abs(value - limit) <= error:
        return Presence.BORDERLINE
    return Presence.PRESENT if value > limit else Presence.ABSENT


def against(name: str, limit: float, facts: Facts) -> RuleOutcome:
    """An interval against the limit above which it is abnormal, in figures; it must not be blank."""
    value, error = facts.row(name).value or 0.0, facts.error(name)
    presence = side(value, limit, error)
    if presence is Presence.BORDERLINE:
        return RuleOutcome(presence, f"{name} {value:.0f} ms, limit {limit:.0f}, error about {error:.0f} ms")
    return RuleOutcome(
        presence, f"{name} {value:.0f} ms, {'over' if value > limit else 'under'} {limit:.0f} ms"
    )
