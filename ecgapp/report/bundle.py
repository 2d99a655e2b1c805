"""The numbers of one reading and all that they were made from, as one JSON document without the ECG."""

import hashlib
import platform
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import numpy as np
import torch
from numpy.typing import NDArray

from ecgapp import __version__
from ecgapp.analysis import Admission, Findings, Measurements, OpenedECG
from ecgapp.analysis.judgement.judgement_document import (
    CriticalDocument,
    JudgedLine,
    critical_document,
    judged,
)
from ecgapp.config import DISCLAIMER
from ecgapp.models import ModelCard
from ecgapp.report.contents import ClassifierEvidence, Contents
from ecgapp.report.finding_support import FindingSupport, supports
from ecgapp.reviews import Review
from ecgapp.signals import remarks
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.paper import THREE_BY_FOUR, Layout, Scale

LIBRARIES = ("numpy", "scipy", "torch")  # what the last bits of a number hang on


@dataclass(frozen=True)
class RecordFacts:
    """The facts of a record; ``samples_sha256`` is of its float32 samples, little-endian, lead by lead."""

    samples_sha256: str
    leads: tuple[str, ...]
    derived: tuple[str, ...]
    n_samples: int
    sampling_rate: float  # Hz
    units: str
    synthetic: bool
    remarks: tuple[str, ...]
    heart_rate: float | None  # per minute


@dataclass(frozen=True)
class Prediction:
    """One label's answer, and that of each window."""

    label: str
    probability: float
    threshold: float
    positive: bool
    by_window: tuple[float, ...]


@dataclass(frozen=True)
class CheckedMap:
    """One check of how far a map can be trusted; None where it does not apply."""

    name: str
    value: float | None
    grade: str | None


@dataclass(frozen=True)
class Relevance:
    """The making of the map on page 2; ``values_sha256`` is of its float32 values, lead by lead."""

    label: str
    window: int
    method: str
    baseline: str
    logit: float
    baseline_logit: float
    completeness_error: float
    values_sha256: str
    checks: tuple[CheckedMap, ...]  # none where the map was not examined


@dataclass(frozen=True)
class Figures:
    """The measurements by name, in the units of the page, and ST levels in mm by lead; None is blank."""

    rows: dict[str, float | None]
    st_levels: dict[str, float | None]


@dataclass(frozen=True)
class Tracing:
    """The drawing of the tracing, and the second of the recording at which it begins."""

    layout: Layout = THREE_BY_FOUR
    scale: Scale = field(default_factory=Scale)
    filter: str = UNFILTERED
    start: float = 0.0


@dataclass(frozen=True)
class Software:
    """The versions of programs and libraries, and the machine, that the numbers were computed with."""

    ecgapp: str
    python: str
    machine: str
    libraries: dict[str, str]
    torch_threads: int


@dataclass(frozen=True)
class Bundle:
    """A reading. ``model`` is the whole card: preprocessing, thresholds, and the weights' sha256.

    ``delineator`` is that of the model which measured ``measurements``. ``beside`` is what stood beside each
    finding: its meaning in patients, the textbook's rule, and faulty leads.
    """

    record: RecordFacts
    tracing: Tracing
    software: Software
    made: str  # ISO 8601, UTC
    model: ModelCard | None = None
    predictions: tuple[Prediction, ...] = ()
    relevance: Relevance | None = None
    delineator: ModelCard | None = None
    measurements: Figures | None = None
    beside: tuple[FindingSupport, ...] = ()
    admission: Admission | None = None  # where it is refused, there are no predictions
    critical: tuple[CriticalDocument, ...] = ()  # the most dangerous first
    judgement: tuple[JudgedLine, ...] = ()  # the most severe first; empty where it was not asked for
    status: str = "unconfirmed"  # by whom and when, where a reader decided
    review: Review | None = None
    disclaimer: str = DISCLAIMER


def bundle(contents: Contents) -> Bundle:
    """The reading that ``contents`` shows; the reference that the reader typed is not in it."""
    evidence = contents.evidence
    facts, made = record_facts(contents.ecg), contents.made.isoformat()
    drawing = contents.drawing
    tracing = Tracing(drawing.layout, drawing.scale, drawing.filter, contents.start)
    document = Bundle(facts, tracing, software(), made, admission=contents.admission)
    document = replace(document, critical=tuple(map(critical_document, contents.critical)))
    if contents.judgement is not None:
        document = replace(document, judgement=judged(contents.judgement))
    if contents.review is not None and contents.review.version:
        document = replace(document, status=contents.review.words, review=contents.review)
    if contents.measured is not None:
        measurements = figures(contents.measured.measurements)
        document = replace(document, delineator=contents.measured.card, measurements=measurements)
    if evidence is None:
        return document
    answers, relevance = predictions(evidence.findings), relevance_of(evidence)
    document = replace(document, model=evidence.card, predictions=answers, relevance=relevance)
    return replace(document, beside=supports(contents.support))


def record_facts(ecg: OpenedECG) -> RecordFacts:
    """The facts of the record without its samples."""
    record = ecg.record
    return RecordFacts(
        digest(record.signal),
        record.leads,
        tuple(lead for lead in record.leads if lead in record.derived),
        record.n_samples,
        float(record.sampling_rate),
        record.units,
        record.synthetic,
        tuple(remarks(record, ecg.quality)),
        ecg.heart_rate,
    )


def predictions(findings: Findings) -> tuple[Prediction, ...]:
    """Each label's answer, in the task's order."""
    columns = findings.window_probabilities.T.tolist()
    return tuple(
        Prediction(row.label, row.probability, row.threshold, row.positive, tuple(column))
        for row, column in zip(findings.rows, columns, strict=True)
    )


def relevance_of(evidence: ClassifierEvidence) -> Relevance | None:
    """The facts of the map; None if there is none."""
    if evidence.question is None or evidence.explanation is None:
        return None
    made = evidence.explanation.attribution
    checks = evidence.reliability.checks if evidence.reliability else ()
    return Relevance(
        evidence.question.label,
        evidence.question.window,
        made.method,
        made.baseline,
        made.logit,
        made.baseline_logit,
        made.completeness_error,
        digest(evidence.explanation.values),
        tuple(
            CheckedMap(check.name, check.value, None if check.grade is None else check.grade.name.lower())
            for check in checks
        ),
    )


def figures(measured: Measurements) -> Figures:
    """The measurements in all their digits."""
    return Figures({row.name: row.value for row in measured.rows}, dict(measured.st_levels))


def software() -> Software:
    """The versions in this process."""
    libraries = {name: version(name) for name in LIBRARIES}
    machine = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return Software(__version__, platform.python_version(), machine, libraries, torch.get_num_threads())


def digest(values: NDArray[np.float32]) -> str:
    """The sha256 of ``values`` as little-endian float32, row by row; every NaN is written the same."""
    plain = np.ascontiguousarray(values, dtype="<f4")
    return hashlib.sha256(np.where(np.isnan(plain), np.float32(np.nan), plain).tobytes()).hexdigest()
