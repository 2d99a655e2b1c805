"""A critical finding: an alarm that asks a reader to look at an ECG now. It is no diagnosis."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CriticalKind(StrEnum):
    """The kinds of critical findings, the most dangerous first."""

    VENTRICULAR_FIBRILLATION = "ventricular_fibrillation"  # ventricular flutter too
    ASYSTOLE = "asystole"
    BROAD_COMPLEX_TACHYCARDIA = "broad_complex_tachycardia"
    PACING_FAILURE = "pacing_failure"
    AV_BLOCK = "av_block"
    SINE_WAVE = "sine_wave"
    ST_ELEVATION = "st_elevation"
    PAUSE = "pause"
    BRADYCARDIA = "bradycardia"
    TACHYCARDIA = "tachycardia"
    LONG_QT = "long_qt"


ORDER = {kind: place for place, kind in enumerate(CriticalKind)}
RULE, NETWORK, BOTH = "rule", "network", "rule and network"
WITHOUT_RATE = frozenset({CriticalKind.VENTRICULAR_FIBRILLATION, CriticalKind.ASYSTOLE})


@dataclass(frozen=True)
class CriticalFinding:
    """One alarm with its place in the recording and its evidence.

    ``name`` completes "Read this ECG now: ..."; ``evidence`` are the measurements, in a sentence or two.
    ``leads`` show it, from ``start`` to ``end``, in s of the record. ``differential`` are other explanations,
    ``source`` is the publication or network of the limits, ``found_by`` is "rule", "network" or both.
    """

    kind: CriticalKind
    name: str
    leads: tuple[str, ...]
    start: float
    end: float
    evidence: str
    differential: str
    source: str
    found_by: str = RULE

    @property
    def sentence(self) -> str:
        """The alarm as a sentence."""
        return f"Read this ECG now: {self.name}."


def worst_first(findings: list[CriticalFinding]) -> tuple[CriticalFinding, ...]:
    """The findings in the order of their kinds' danger, then of time."""
    return tuple(sorted(findings, key=lambda one: (ORDER[one.kind], one.start)))


def has_rate(findings: Iterable[CriticalFinding], duration: float) -> bool:
    """Whether a mean heart rate over ``duration`` seconds is meaningful.

    It is not if ventricular fibrillation, flutter or asystole lasts for more than half of them.
    """
    return 2 * sum(one.end - one.start for one in findings if one.kind in WITHOUT_RATE) <= duration
