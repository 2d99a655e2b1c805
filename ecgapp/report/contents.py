"""What a report says: the record, and what a model made of it. Nothing about the patient."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ecgapp import analysis
from ecgapp.analysis import (
    Admission,
    Asked,
    Examined,
    Explanation,
    Findings,
    Judgement,
    Measurements,
    Support,
)
from ecgapp.analysis.critical import CriticalFinding, has_rate
from ecgapp.explain import INTEGRATED_GRADIENTS, MapReliability
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.reviews import Review, Status
from ecgapp.signals import BeatList, RecordQuality, beat_list, record_quality
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.paper import THREE_BY_FOUR, Layout, Scale

REFERENCE_LENGTH = 60  # characters of what a reader types for the head of the page


@dataclass(frozen=True, eq=False)
class Evidence:
    """A classifier's findings, and what moved the first of them where it is above its threshold.

    ``asked`` is the class and the window that were explained. ``reliability`` says how far the map can
    be trusted, None where that was not examined.
    """

    card: ModelCard
    findings: Findings
    asked: Asked | None = None
    explanation: Explanation | None = None
    reliability: MapReliability | None = None


@dataclass(frozen=True, eq=False)
class Measured:
    """What a delineator, whose card this is, measured."""

    card: ModelCard
    measurements: Measurements


@dataclass(frozen=True, eq=False)
class Drawing:
    """How the tracing is drawn: as recorded in 3x4 at 25 mm/s and 10 mm/mV, unless the reader asks for more.

    ``shown`` is the record under the filter that ``filter`` tells in words, None where there is none.
    """

    layout: Layout = THREE_BY_FOUR
    scale: Scale = field(default_factory=Scale)
    shown: ECGRecord | None = None
    filter: str = UNFILTERED


@dataclass(frozen=True, eq=False)
class Contents:
    """All that is printed. ``made`` is a moment in UTC; ``start`` is where page 1 begins, in seconds.

    ``reference`` is what the reader typed. It is printed and nowhere kept, and so are ``calipers``, a
    sentence each. ``refusal`` says why there is no ``evidence``; ``admission`` is the gate's judgement,
    None where there is no gate. ``support`` is what stands beside each finding; it may be left out.
    ``critical`` are the alarms, the most dangerous first; ``judgement`` joins everything, None where it was
    not asked for. ``known_quality`` are the faults of leads and recording, found anew where it is None.
    """

    record: ECGRecord
    title: str
    made: datetime
    reference: str = ""
    start: float = 0.0
    evidence: Evidence | None = None
    refusal: str = ""
    measured: Measured | None = None
    admission: Admission | None = None
    support: tuple[Support, ...] = ()
    drawing: Drawing = field(default_factory=Drawing)
    calipers: tuple[str, ...] = ()
    review: Review | None = None  # what readers said of it
    critical: tuple[CriticalFinding, ...] = ()
    judgement: Judgement | None = None
    known_quality: RecordQuality | None = None
    beats: BeatList | None = None  # those that are counted; found anew if None

    @cached_property
    def quality(self) -> RecordQuality:
        """The faults of the leads, and of the recording as a whole."""
        return self.known_quality or record_quality(self.record)

    @cached_property
    def heart_rate(self) -> float | None:
        """Beats per minute; None if it cannot be told."""
        if self.beats is not None:
            return self.beats.rate
        known = has_rate(self.critical, self.record.duration)
        return beat_list(self.record, self.quality).rate if known else None

    @property
    def faulty(self) -> frozenset[str]:
        """The leads with a fault."""
        return frozenset(lead.lead for lead in self.quality.leads if lead.faults)

    @property
    def shown(self) -> ECGRecord:
        """The record as the tracing has it."""
        return self.drawing.shown or self.record

    @property
    def status(self) -> str:
        """What the findings are worth, in a word or two."""
        return self.review.word if self.review else str(Status.UNCONFIRMED)

    @property
    def printed_reference(self) -> str:
        """The reference as it is printed: one line of at most ``REFERENCE_LENGTH`` characters."""
        words = "".join(sign if sign.isprintable() else " " for sign in self.reference)
        return " ".join(words.split())[:REFERENCE_LENGTH]


def gather(
    record: ECGRecord,
    model: TrainedModel,
    findings: Findings | None = None,
    examine: Callable[[Asked], Examined] | None = None,
) -> Evidence:
    """The model's ``findings`` in ``record``, computed unless they are given, and the first one's relevance.

    ``examine`` makes the map where its reliability is to be examined too, which takes seconds.

    Raises:
        ModelError: the model is no classifier.
        SignalError: the model cannot take this record; says why.
    """
    found = findings or analysis.find(record, model)
    asked = question(found)
    if asked is None:
        return Evidence(model.card, found)
    if examine is None:
        explanation = analysis.explain_against(record, model, asked)
        return Evidence(model.card, found, asked, explanation)
    examined = examine(asked)
    card = examined.examination.reliability[INTEGRATED_GRADIENTS]
    return Evidence(model.card, found, asked, examined.explanations[INTEGRATED_GRADIENTS], card)


def question(findings: Findings) -> Asked | None:
    """The first class, in the window where it is likeliest; None where it is below its threshold.

    A map of a class that was not found would read as evidence for it.
    """
    top = findings.top
    return Asked(top.label, findings.best_window(top.label)) if top.positive else None
