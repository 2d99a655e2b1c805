"""What a report says: the record, and what a model made of it. Nothing about the patient."""

from dataclasses import dataclass
from datetime import datetime

from ecgapp import analysis
from ecgapp.analysis import Explanation, Findings
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord

REFERENCE_LENGTH = 60  # characters of what a reader types for the head of the page


@dataclass(frozen=True, eq=False)
class Evidence:
    """A classifier's findings, and what moved the first of them where it is above its threshold.

    ``window`` is the window of the record in which that was looked for.
    """

    card: ModelCard
    findings: Findings
    explanation: Explanation | None = None
    window: int = 0


@dataclass(frozen=True, eq=False)
class Contents:
    """All that is printed. ``made`` is a moment in UTC; ``start`` is where page 1 begins, in seconds.

    ``reference`` is what the reader typed. It is printed and nowhere kept. ``refusal`` says why there
    is no ``evidence``.
    """

    record: ECGRecord
    title: str
    made: datetime
    reference: str = ""
    start: float = 0.0
    evidence: Evidence | None = None
    refusal: str = ""

    @property
    def printed_reference(self) -> str:
        """The reference as it is printed: one line of at most ``REFERENCE_LENGTH`` characters."""
        words = "".join(sign if sign.isprintable() else " " for sign in self.reference)
        return " ".join(words.split())[:REFERENCE_LENGTH]


def gather(record: ECGRecord, model: TrainedModel, findings: Findings | None = None) -> Evidence:
    """The model's ``findings`` in ``record``, computed unless they are given, and the first one's relevance.

    A class below its threshold gets no map: it would be read as evidence for it.

    Raises:
        ModelError: the model is an autoencoder.
        SignalError: the model cannot take this record; says why.
    """
    found = findings or analysis.find(record, model)
    top = found.top
    if not top.positive:
        return Evidence(model.card, found)
    window = found.best_window(top.label)
    return Evidence(model.card, found, analysis.explain(record, model, top.label, window), window)
