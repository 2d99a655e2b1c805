"""The contents of a report: an open ECG and the answers of models, without anything about the patient."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ecgapp.analysis import (
    Admission,
    Explanation,
    Findings,
    Judgement,
    Measurements,
    OpenedECG,
    SaliencyQuestion,
    Support,
)
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.errors import EcgAppError
from ecgapp.explain import INTEGRATED_GRADIENTS, MapReliability
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.reviews import Review, Status
from ecgapp.signals import RecordQuality
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.paper import THREE_BY_FOUR, Layout, Scale

REFERENCE_LENGTH = 60  # characters of what a reader types for the head of the page


@dataclass(frozen=True, eq=False)
class ClassifierEvidence:
    """A classifier's findings, and what moved the first of them if it is above its threshold.

    ``question`` is the class and the window that were explained. ``reliability`` says how far the map can
    be trusted, None if that was not examined.
    """

    card: ModelCard
    findings: Findings
    question: SaliencyQuestion | None = None
    explanation: Explanation | None = None
    reliability: MapReliability | None = None


@dataclass(frozen=True, eq=False)
class DelineatorMeasurements:
    """The measurements of a delineator, with its card."""

    card: ModelCard
    measurements: Measurements


@dataclass(frozen=True, eq=False)
class Drawing:
    """The drawing of the tracing: as recorded in 3x4 at 25 mm/s and 10 mm/mV, or as the reader asks.

    ``filtered`` is the record under the filter that ``filter`` names, None if there is none.
    """

    layout: Layout = THREE_BY_FOUR
    scale: Scale = field(default_factory=Scale)
    filtered: ECGRecord | None = None
    filter: str = UNFILTERED


@dataclass(frozen=True, eq=False)
class Contents:
    """The printed parts of a report of one open ECG.

    ``made`` is a moment in UTC; ``start`` is where page 1 begins, in seconds. ``reference`` is what the
    reader typed. It is printed and nowhere stored, and so are ``calipers``, a sentence each. ``refusal``
    says why there is no ``evidence``; ``admission`` is the gate's judgement, None if there is no gate.
    ``support`` is what stands beside each finding. ``critical`` are the alarms, the most dangerous first;
    ``judgement`` joins everything. What was not asked for is left out.
    """

    ecg: OpenedECG
    title: str
    made: datetime
    reference: str = ""
    start: float = 0.0
    evidence: ClassifierEvidence | None = None
    refusal: str = ""
    measured: DelineatorMeasurements | None = None
    admission: Admission | None = None
    support: tuple[Support, ...] = ()
    drawing: Drawing = field(default_factory=Drawing)
    calipers: tuple[str, ...] = ()
    review: Review | None = None  # what readers said of it
    critical: tuple[CriticalFinding, ...] = ()
    judgement: Judgement | None = None

    @property
    def record(self) -> ECGRecord:
        """The ECG record of the report, unfiltered."""
        return self.ecg.record

    @property
    def quality(self) -> RecordQuality:
        """The faults of the leads, and of the recording as a whole."""
        return self.ecg.quality

    @property
    def heart_rate(self) -> float | None:
        """Beats per minute; None if it cannot be measured."""
        return self.ecg.heart_rate

    @property
    def faulty(self) -> frozenset[str]:
        """The leads with a fault."""
        return frozenset(lead.lead for lead in self.quality.leads if lead.faults)

    @property
    def drawn(self) -> ECGRecord:
        """The record as the tracing shows it."""
        return self.drawing.filtered or self.record

    @property
    def status(self) -> str:
        """The status of the findings in a word or two."""
        return self.review.word if self.review else str(Status.UNCONFIRMED)

    @property
    def printed_reference(self) -> str:
        """The reference as it is printed: one line of at most ``REFERENCE_LENGTH`` characters."""
        words = "".join(sign if sign.isprintable() else " " for sign in self.reference)
        return " ".join(words.split())[:REFERENCE_LENGTH]


@dataclass(frozen=True, eq=False)
class ReportRequest:
    """A reader's request for a report; its fields become those of the same names in ``Contents``.

    ``check_map``: examine how far the map can be trusted, which takes seconds. ``prevalences`` are what the
    reader set, by class, between 0 and 1.
    """

    title: str
    made: datetime
    reference: str = ""
    start: float = 0.0
    drawing: Drawing = field(default_factory=Drawing)
    calipers: tuple[str, ...] = ()
    review: Review | None = None
    check_map: bool = False
    prevalences: Mapping[str, float] = field(default_factory=dict)


def gather(ecg: OpenedECG, card: ModelCard | None, request: ReportRequest) -> Contents:
    """The contents of a report of ``ecg`` read by the classifier of ``card``.

    Measurements and critical findings of a record without labels are in it too.
    """
    evidence, refusal = _evidence_or_reason(ecg, card, request.check_map)
    beside = ecg.support(evidence.card, request.prevalences) if evidence is not None else {}
    return Contents(
        ecg,
        request.title,
        request.made,
        request.reference,
        request.start,
        evidence,
        refusal,
        _measured(ecg),
        ecg.admission(),
        tuple(beside.values()),
        request.drawing,
        request.calipers,
        request.review,
        ecg.critical(),
        ecg.judgement(card),
    )


def _evidence_or_reason(
    ecg: OpenedECG, card: ModelCard | None, check_map: bool
) -> tuple[ClassifierEvidence | None, str]:
    """The classifier's evidence, or None and the sentence that says why there is none."""
    findings, no_labels = ecg.labels(card)
    if findings is None or card is None:
        return None, no_labels
    try:
        return gather_evidence(ecg, card, check_map), ""
    except EcgAppError as error:
        return None, str(error)


def _measured(ecg: OpenedECG) -> DelineatorMeasurements | None:
    """The measurements; None if no delineator is installed or it cannot be opened."""
    card, measured = ecg.delineator, ecg.measured()
    return None if card is None or measured is None else DelineatorMeasurements(card, measured)


def gather_evidence(ecg: OpenedECG, card: ModelCard, check_map: bool = False) -> ClassifierEvidence:
    """The findings of a classifier in ``ecg``, and the map of the first one.

    The map's reliability is examined if ``check_map``, and taken if it was examined before.

    Raises:
        ModelError: the model cannot be opened, or is no classifier.
        SignalError: the model cannot take this record; says why.
    """
    findings = ecg.findings(card)
    question = question_of(findings)
    if question is None:
        return ClassifierEvidence(card, findings)
    if not (check_map or ecg.is_examined(card, question)):
        return ClassifierEvidence(card, findings, question, ecg.explanation(card, question))
    maps = ecg.examined(card, question)
    reliability = maps.examination.reliability[INTEGRATED_GRADIENTS]
    return ClassifierEvidence(card, findings, question, maps.explanations[INTEGRATED_GRADIENTS], reliability)


def question_of(findings: Findings) -> SaliencyQuestion | None:
    """The question that the report's map answers; None if no class is above its threshold.

    It asks for the first class, in the window where it is likeliest. A map of a class that was not found
    would read as evidence for it.
    """
    top = findings.top
    return SaliencyQuestion(top.label, findings.best_window(top.label)) if top.positive else None
