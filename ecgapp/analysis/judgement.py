"""One judgement of an ECG: what networks, rules and measurements say together, worst first."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How urgently a line asks for a reader; colour and symbol follow from it, never colour alone."""

    NORMAL = 0  # nothing speaks against a normal ECG
    UNKNOWN = 1  # nothing is found, or nothing can be told, and the ECG is not known to be normal
    ABNORMAL = 2  # a finding that is not urgent
    CONTRADICTION = 3  # network, rule and measurement contradict each other
    PROMPT = 4  # a finding to be read soon
    CRITICAL = 5  # read it now


@dataclass(frozen=True)
class JudgementLine:
    """One statement of the judgement, as plain text. ``source`` is the network, rule or measurement."""

    severity: Severity
    words: str
    source: str


@dataclass(frozen=True)
class Judgement:
    """All statements, the most severe first; there is always at least one."""

    lines: tuple[JudgementLine, ...]

    @property
    def severity(self) -> Severity:
        """That of the most severe line."""
        return self.lines[0].severity

    @property
    def headline(self) -> str:
        """The statements in one paragraph of plain text, worst first."""
        return " ".join(line.words for line in self.lines)
