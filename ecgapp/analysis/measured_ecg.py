"""A record with what rules and measurements make of it: quality, beats, intervals, critical findings."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from enum import Enum, auto
from typing import TypeVar

import numpy as np

from ecgapp.analysis.computed_results import ComputedResults
from ecgapp.analysis.critical import CriticalFacts, CriticalFinding, critical_findings, has_rate
from ecgapp.analysis.critical.rate import standstill
from ecgapp.analysis.critical.ventricular_arrhythmia import fibrillation
from ecgapp.analysis.installed_models import Models
from ecgapp.analysis.measurement.measurements import LONGEST, Measurements, measure
from ecgapp.analysis.rules import Verdict, verdicts_of_all
from ecgapp.errors import EcgAppError, ModelError, SignalError
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRhythm, ventricular_rhythm
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.signals import BeatList, DisplayFilter, RecordQuality, beat_list, filtered, record_quality

VENTRICULAR_RHYTHM = "The rhythm is ventricular: no complex can be measured."
MOSTLY_VENTRICULAR = 0.5  # of the measured stretch, or of the record
MOST_STRETCHES = 60  # half minutes of a long record in which critical rules look
MOST_FILTERED = 1  # filtered records that are held: hours of signal are large
T = TypeVar("T")


class ResultKind(Enum):
    """The kinds of results of an ECG; a kind with the digests and settings it depends on is a key."""

    FINGERPRINT = auto()
    QUALITY = auto()
    BEATS = auto()
    COUNTED_BEATS = auto()
    MEASUREMENTS = auto()
    VENTRICULAR = auto()
    CRITICAL = auto()
    ADMISSION = auto()
    READABILITY = auto()
    PREPARED = auto()
    AS_PREPROCESSED = auto()
    FINDINGS = auto()
    RECONSTRUCTION = auto()
    EXPLANATION = auto()
    EXAMINED = auto()
    BY_BEAT = auto()
    BY_WAVE = auto()


class MeasuredECG:
    """A record with its quality, beats, measurements and critical findings, each computed once.

    Results of a model are held by the digest of its card, so that a model promoted meanwhile computes
    anew. Errors are not held. ``after`` is called when a network has run, to give its memory back.
    """

    def __init__(self, record: ECGRecord, models: Models, after: Callable[[], None] | None = None) -> None:
        self.record = record
        self._models = models
        self._after = after
        self._results = ComputedResults()
        self._filtered = ComputedResults(MOST_FILTERED)

    @property
    def fingerprint(self) -> str:
        """The sha256 of leads, units, sampling rate and samples, in hex."""
        return self._once((ResultKind.FINGERPRINT,), lambda: fingerprint(self.record))

    @property
    def quality(self) -> RecordQuality:
        """The faults of its leads and of the recording as a whole."""
        return self._once((ResultKind.QUALITY,), lambda: record_quality(self.record))

    @property
    def beats(self) -> BeatList:
        """The list of the record's beats, from its sound leads."""
        return self._once((ResultKind.BEATS,), lambda: beat_list(self.record, self.quality))

    @property
    def heart_rate(self) -> float | None:
        """Beats per minute from the first beat to the last; None with fewer than two that are counted."""
        return self.counted.rate

    @property
    def counted(self) -> BeatList:
        """The beats that a heart rate is drawn from.

        None are counted if ventricular fibrillation, flutter or asystole lasts for more than half of the
        record: its waves are no beats, and the few beats before it are no rate.
        """
        ventricular = self._ventricular_if_any()
        key = None if self.ventricular_card is None else self.ventricular_card.digest
        return self._once((ResultKind.COUNTED_BEATS, key), lambda: self._counted(ventricular))

    def _counted(self, ventricular: VentricularRhythm | None) -> BeatList:
        facts = CriticalFacts(self.record, self.quality, self.beats, None, ventricular)
        if has_rate((*fibrillation(facts), *standstill(facts)), self.record.duration):
            return self.beats
        return replace(self.beats, peaks=self.beats.peaks[:0])

    def filtered(self, wanted: DisplayFilter) -> ECGRecord:
        """The record under a display filter; the record under the filter before is dropped.

        Raises:
            SignalError: the filter does not suit the record's sampling rate or length.
        """
        return self._filtered.once(wanted, lambda: filtered(self.record, wanted), heavy=True)

    def measurements(self, start: float = 0.0) -> Measurements | None:
        """The measurements of the installed delineator from ``start`` s on; None if none is installed.

        Intervals are blank if the rhythm of that stretch is ventricular for most of the time.

        Raises:
            ModelError: the delineator cannot be opened.
        """
        card = self.delineator
        if card is None:
            return None
        unreliable = self._unreliable(start)
        return self._once(
            (ResultKind.MEASUREMENTS, card.digest, start, unreliable),
            lambda: measure(
                self.record, self._models.opened(card), start, unreliable=unreliable, beats=self.counted
            ),
            network=True,
        )

    def measured(self) -> Measurements | None:
        """The measurements of the first half minute; None if no delineator can be opened."""
        try:
            return self.measurements()
        except EcgAppError:
            return None

    def _unreliable(self, start: float) -> str:
        """The reason why complexes cannot be measured from ``start`` s on; "" if they can."""
        rhythm = self._ventricular_if_any()
        end = min(self.record.duration, start + LONGEST)
        if rhythm is None or rhythm.share(start, end) < MOSTLY_VENTRICULAR:
            return ""
        return VENTRICULAR_RHYTHM

    @property
    def delineator(self) -> ModelCard | None:
        """The card of the model that measures; None if none is installed."""
        return next((card for card in self._models.cards().values() if card.is_delineator), None)

    def rules(self) -> dict[str, Verdict]:
        """The result of each textbook rule, by label; none if nothing can be measured."""
        measured = self.measured()
        return {} if measured is None else verdicts_of_all(measured, self.record.sampling_rate)

    def critical(self) -> tuple[CriticalFinding, ...]:
        """The critical findings, the most dangerous first."""
        used = tuple(card.digest for card in (self.delineator, self.ventricular_card) if card is not None)
        return self._once(
            (ResultKind.CRITICAL, *used), lambda: critical_findings(self._facts(), self._stretches())
        )

    def _facts(self) -> CriticalFacts:
        """The facts that the rules for critical findings look at; a damaged model is left out."""
        ventricular = self._ventricular_if_any()
        return CriticalFacts(self.record, self.quality, self.beats, self.measured(), ventricular)

    def _stretches(self) -> list[Measurements]:
        """The measurements of each half minute of a record longer than that; none of a shorter one.

        Of a record longer than ``MOST_STRETCHES`` half minutes, as many are measured, evenly spread.
        """
        duration = self.record.duration
        if duration <= LONGEST or self.measured() is None:
            return []
        starts = np.arange(0.0, duration - 1.0, LONGEST)
        if len(starts) > MOST_STRETCHES:
            starts = np.linspace(0.0, duration - LONGEST, MOST_STRETCHES)
        by_stretch = [self.measurements(min(start, duration - LONGEST)) for start in starts.tolist()]
        return [measured for measured in by_stretch if measured is not None]

    @property
    def ventricular_card(self) -> ModelCard | None:
        """The card of the network of ventricular rhythms; None if none is installed."""
        return next((card for card in self._models.cards().values() if card.is_ventricular), None)

    def ventricular(self) -> VentricularRhythm | None:
        """The answer of the ventricular network; None if none is installed or no lead can be read.

        Raises:
            ModelError: the network cannot be opened.
        """
        card = self.ventricular_card
        if card is None:
            return None
        return self._once(
            (ResultKind.VENTRICULAR, card.digest), lambda: self._ventricular(card), network=True
        )

    def _ventricular(self, card: ModelCard) -> VentricularRhythm | None:
        try:
            return ventricular_rhythm(self.record, self._models.opened(card))
        except SignalError:
            return None

    def _ventricular_if_any(self) -> VentricularRhythm | None:
        try:
            return self.ventricular()
        except ModelError:
            return None

    def _once(
        self, key: tuple[Hashable, ...], compute: Callable[[], T], network: bool = False, heavy: bool = False
    ) -> T:
        """Return the result under ``key``; ``compute()`` makes it at the first call.

        ``network``: a network runs in it. ``heavy``: only the results used last are held.
        """

        def give_back_after() -> T:
            value = compute()
            if network and self._after is not None:
                self._after()
            return value

        return self._results.once(key, give_back_after, heavy)
