"""A textbook's rule beside the network's answer: what it finds, in figures, and whether the two agree."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ecgapp.analysis.measured_rows import Measurement
from ecgapp.analysis.measurements import Measurements
from ecgapp.errors import ConfigError


class Says(StrEnum):
    """What a rule says of the network's answer."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Facts:
    """What a rule may look at: what was measured, in a record of so many samples per second."""

    measured: Measurements
    sampling_rate: float

    def row(self, name: str) -> Measurement:
        """The measurement of this name."""
        return next(row for row in self.measured.rows if row.name == name)

    @property
    def sample(self) -> float:
        """ms from one sample to the next: no interval is known better."""
        return 1000 / self.sampling_rate

    def unsure(self, value: float, limit: float) -> bool:
        """Whether ``value`` lies within one sample of ``limit``, both in ms, at a rate that blurs it."""
        return abs(value - limit) < self.sample and self.sample > FINE


FINE = 4.1  # ms a sample: from 250 Hz on a sample is shorter than the error of a reading


@dataclass(frozen=True)
class Check:
    """What a rule finds: the label is there, is not, or (None) cannot be told; ``words`` have the figures."""

    present: bool | None
    words: str


@dataclass(frozen=True)
class Verdict:
    """The rule's word on one label."""

    label: str
    says: Says
    words: str

    @property
    def in_words(self) -> str:
        """``agrees: PR 232 ms, over 200 ms``."""
        return f"{self.says}: {self.words}"


Rule = Callable[[Facts], Check]
_RULES: dict[str, Rule] = {}


def rule(*labels: str) -> Callable[[Rule], Rule]:
    """List a rule under its labels; a doubled one is an error."""

    def register(found: Rule) -> Rule:
        for label in labels:
            if label in _RULES:
                raise ConfigError(f"There are two rules for {label}.")
            _RULES[label] = found
        return found

    return register


def rule_labels() -> tuple[str, ...]:
    """The labels for which there is a rule, sorted."""
    return tuple(sorted(_RULES))


def check(label: str, facts: Facts) -> Check | None:
    """What the label's rule finds; None where there is no rule."""
    found = _RULES.get(label)
    return None if found is None else found(facts)


def verdict(label: str, positive: bool, facts: Facts) -> Verdict | None:
    """Whether the label's rule says the same as the network; None where there is no rule."""
    found = check(label, facts)
    if found is None:
        return None
    if found.present is None:
        return Verdict(label, Says.CANNOT_TELL, found.words)
    return Verdict(label, Says.AGREES if found.present == positive else Says.DISAGREES, found.words)


def blank(row: Measurement) -> Check:
    """The rule needs a measurement that is blank."""
    return Check(None, f"{row.name} is blank. {row.reason.removesuffix('.')}")


def close(name: str, value: float, limit: float, facts: Facts) -> Check:
    """The measurement lies too close to the limit for the record's sampling rate."""
    return Check(
        None,
        f"{name} {value:.0f} ms, too close to {limit:.0f} ms to tell at {facts.sampling_rate:g} samples/s",
    )
