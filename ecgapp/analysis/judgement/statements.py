"""The statements of a judgement, and their severity."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """The urgency of a line; it determines colour and symbol, never colour alone."""

    NORMAL = 0  # the network calls the ECG normal, and nothing speaks against it
    UNKNOWN = 1  # nothing was found, or the ECG could not be judged, so normal is not confirmed
    ABNORMAL = 2  # a finding that is not urgent
    CONTRADICTION = 3  # network, rule and measurement contradict each other
    PROMPT = 4  # a finding to be read soon
    CRITICAL = 5  # read it now

    @property
    def word(self) -> str:
        """The severity in a word or two, as it is printed beside its colour."""
        return _WORDS[self]


GATE = "gate"  # the source of lines about admission
_WORDS = {
    Severity.NORMAL: "Called normal",
    Severity.UNKNOWN: "Normal not confirmed",
    Severity.ABNORMAL: "Abnormal",
    Severity.CONTRADICTION: "Contradiction",
    Severity.PROMPT: "Read soon",
    Severity.CRITICAL: "Critical",
}


@dataclass(frozen=True)
class JudgementLine:
    """One statement of the judgement as plain text; ``source`` is the network, rule or measurement."""

    severity: Severity
    words: str
    source: str


@dataclass(frozen=True)
class Judgement:
    """All statements, the most severe first; there is at least one."""

    lines: tuple[JudgementLine, ...]

    @property
    def severity(self) -> Severity:
        """The severity of the most severe line."""
        return self.lines[0].severity

    @property
    def headline(self) -> str:
        """The statements in one paragraph of plain text, worst first."""
        return " ".join(line.words for line in self.lines)

    def of(self, *severities: Severity) -> tuple[JudgementLine, ...]:
        """The lines of these severities, in their order."""
        return tuple(line for line in self.lines if line.severity in severities)


def beside_critical(lines: Iterable[JudgementLine]) -> tuple[JudgementLine, ...]:
    """The lines that no critical finding includes, in their order; the gate's own alarm is one of them."""
    return tuple(line for line in lines if line.severity is not Severity.CRITICAL or line.source == GATE)


def worst_first(lines: Iterable[JudgementLine]) -> Judgement:
    """The judgement of these lines; lines of equal severity stay in their order."""
    return Judgement(tuple(sorted(lines, key=lambda line: -line.severity)))
