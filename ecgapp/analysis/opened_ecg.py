"""An open ECG and everything that is computed from it, once and on demand. Knows no page and no session."""

from collections.abc import Callable, Hashable, Mapping
from typing import Protocol, TypeVar

from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.findings import Findings, find
from ecgapp.analysis.gate import Admission, admit, broken_gate, gate_for
from ecgapp.analysis.measurements import Measurements, measure
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import RecordQuality, record_quality

T = TypeVar("T")


class Models(Protocol):
    """The models of this installation."""

    def cards(self) -> Mapping[str, ModelCard]:
        """The cards of all installed models, by name."""

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model of this card.

        Raises:
            ModelError: its weights are missing or damaged.
        """


class OpenedECG:
    """A record with its quality, measurements, findings and judgement, each computed once.

    Results of a model are kept by the digest of its card, so that a model promoted meanwhile computes
    anew. Errors are not kept.
    """

    def __init__(self, record: ECGRecord, models: Models) -> None:
        self.record = record
        self._models = models
        self._results: dict[Hashable, object] = {}

    @property
    def quality(self) -> RecordQuality:
        """The faults of its leads and of the recording as a whole."""
        return self._once("quality", lambda: record_quality(self.record))

    def admission(self) -> Admission | None:
        """The judgement of the gate that can read this record; None if no gate is installed."""
        card = gate_for(self.record, self._models.cards())
        if card is None:
            return None
        try:
            gate = self._models.opened(card)
        except EcgAppError as error:
            return broken_gate(card, error)
        return self._once(("admission", card.digest), lambda: admit(self.record, gate))

    def measurements(self) -> Measurements | None:
        """What the installed delineator measures; None if none is installed.

        Raises:
            ModelError: the delineator cannot be opened.
        """
        card = next((card for card in self._models.cards().values() if card.is_delineator), None)
        if card is None:
            return None
        return self._once(
            ("measurements", card.digest), lambda: measure(self.record, self._models.opened(card))
        )

    def findings(self, card: ModelCard) -> Findings:
        """What this classifier finds.

        Raises:
            ModelError: the classifier cannot be opened.
            SignalError: it cannot take this record; says why.
        """
        return self._once(("findings", card.digest), lambda: find(self.record, self._models.opened(card)))

    def critical(self) -> tuple[CriticalFinding, ...]:
        """The critical findings, the most dangerous first."""
        return ()

    def _once(self, key: Hashable, compute: Callable[[], T]) -> T:
        if key not in self._results:
            self._results[key] = compute()
        value: T = self._results[key]  # type: ignore[assignment]
        return value
