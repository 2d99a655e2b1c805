"""An open ECG and everything that is computed from it, once and on demand. Knows no page and no session."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

import numpy as np

from ecgapp.analysis.admission import Admission, Judges, admit, judges_for
from ecgapp.analysis.critical import CriticalFacts, CriticalFinding, critical_findings, has_rate
from ecgapp.analysis.critical.rate import standstill
from ecgapp.analysis.critical.ventricular_arrhythmia import fibrillation
from ecgapp.analysis.findings import Findings, find
from ecgapp.analysis.judgement import Judgement, KnownFacts, Score, judge
from ecgapp.analysis.measurement.measurements import LONGEST, Measurements, measure
from ecgapp.analysis.rules import Verdict, verdicts_of_all
from ecgapp.errors import EcgAppError, ModelError, SignalError
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRhythm, ventricular_rhythm
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import BeatList, RecordQuality, beat_list, record_quality

VENTRICULAR_RHYTHM = "The rhythm is ventricular: no complex can be measured."
MOSTLY_VENTRICULAR = 0.5  # of the measured stretch, or of the record
SURE = 0.8  # mean probability of a run that keeps a record from being refused as unreadable
NOT_HEARD = "Ventricular fibrillation is not looked for: its network cannot be opened."
MOST_STRETCHES = 60  # half minutes of a long record in which critical rules look
NO_CLASSIFIER = "No classifier is installed, so there are no labels."
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
    anew. Errors are not kept. ``after`` is called when a network has run, to give its memory back.
    """

    def __init__(self, record: ECGRecord, models: Models, after: Callable[[], None] | None = None) -> None:
        self.record = record
        self._models = models
        self._after = after
        self._results: dict[Hashable, object] = {}

    @property
    def quality(self) -> RecordQuality:
        """The faults of its leads and of the recording as a whole."""
        return self._once("quality", lambda: record_quality(self.record))

    @property
    def beats(self) -> BeatList:
        """The one list of its beats, from its sound leads."""
        return self._once("beats", lambda: beat_list(self.record, self.quality))

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
        return self._once(("counted", key), lambda: self._counted(ventricular))

    def _counted(self, ventricular: VentricularRhythm | None) -> BeatList:
        facts = CriticalFacts(self.record, self.quality, self.beats, None, ventricular)
        if has_rate((*fibrillation(facts), *standstill(facts)), self.record.duration):
            return self.beats
        return replace(self.beats, peaks=self.beats.peaks[:0])

    def admission(self) -> Admission:
        """Whether this record can be read, and is similar to the training data of the models.

        What the ventricular network takes for its rhythm most of the time is not refused.
        """
        judges = judges_for(self.record, self._models.cards(), self._models.opened)
        return self._once(("admission", *judges.key), lambda: self._admission(judges), network=True)

    def readability(self) -> Admission:
        """Whether this record can be read at all; neither an autoencoder nor a classifier is asked."""
        judges = judges_for(self.record, self._models.cards(), self._models.opened)
        alone = replace(judges, similarity=None)
        return self._once(("readability", *alone.key), lambda: self._admission(alone), network=True)

    def _admission(self, judges: Judges) -> Admission:
        answer = admit(self.record, judges)
        if not answer.refused:
            return answer
        found = self._ventricular_if_any()
        if found is None or found.share(0.0, self.record.duration) < MOSTLY_VENTRICULAR:
            return answer
        sure = any(run.probability >= SURE for run in found.runs)
        return admit(self.record, judges, rhythm=True) if sure else answer

    def measurements(self, start: float = 0.0) -> Measurements | None:
        """What the installed delineator measures from ``start`` s on; None if none is installed.

        Intervals are blank if the rhythm of that stretch is ventricular for most of the time.

        Raises:
            ModelError: the delineator cannot be opened.
        """
        card = self.delineator
        if card is None:
            return None
        unreliable = self._unreliable(start)
        return self._once(
            ("measurements", card.digest, start, unreliable),
            lambda: measure(
                self.record, self._models.opened(card), start, unreliable=unreliable, beats=self.counted
            ),
            network=True,
        )

    def _unreliable(self, start: float) -> str:
        """Why complexes cannot be measured from ``start`` s on; "" if they can."""
        found = self._ventricular_if_any()
        end = min(self.record.duration, start + LONGEST)
        if found is None or found.share(start, end) < MOSTLY_VENTRICULAR:
            return ""
        return VENTRICULAR_RHYTHM

    @property
    def delineator(self) -> ModelCard | None:
        """The card of the model that measures; None if none is installed."""
        return next((card for card in self._models.cards().values() if card.is_delineator), None)

    def rules(self) -> dict[str, Verdict]:
        """What each textbook rule finds, by label; none where nothing can be measured."""
        measured = self._measured()
        return {} if measured is None else verdicts_of_all(measured, self.record.sampling_rate)

    def findings(self, card: ModelCard) -> Findings:
        """What this classifier finds.

        Raises:
            ModelError: the classifier cannot be opened.
            SignalError: it cannot take this record; says why.
        """
        return self._once(
            ("findings", card.digest), lambda: find(self.record, self._models.opened(card)), network=True
        )

    def labels(self, card: ModelCard | None) -> tuple[Findings | None, str]:
        """What this classifier finds, or None and the sentence that says why no label may be shown."""
        if card is None:
            return None, NO_CLASSIFIER
        judged = self.admission()
        if judged.labels_withheld:
            return None, judged.reason
        try:
            return self.findings(card), ""
        except EcgAppError as error:
            return None, str(error)

    def critical(self) -> tuple[CriticalFinding, ...]:
        """The critical findings, the most dangerous first."""
        used = tuple(card.digest for card in (self.delineator, self.ventricular_card) if card is not None)
        return self._once(("critical", used), lambda: critical_findings(self._facts(), self._stretches()))

    def _stretches(self) -> list[Measurements]:
        """The measurements of each half minute of a record longer than that; none of a shorter one.

        Of a record longer than ``MOST_STRETCHES`` half minutes, as many are measured, evenly spread.
        """
        duration = self.record.duration
        if duration <= LONGEST or self._measured() is None:
            return []
        starts = np.arange(0.0, duration - 1.0, LONGEST)
        if len(starts) > MOST_STRETCHES:
            starts = np.linspace(0.0, duration - LONGEST, MOST_STRETCHES)
        found = [self.measurements(min(start, duration - LONGEST)) for start in starts.tolist()]
        return [measured for measured in found if measured is not None]

    @property
    def ventricular_card(self) -> ModelCard | None:
        """The card of the network of ventricular rhythms; None if none is installed."""
        return next((card for card in self._models.cards().values() if card.is_ventricular), None)

    def ventricular(self) -> VentricularRhythm | None:
        """What the ventricular network answers; None if none is installed or no lead can be read.

        Raises:
            ModelError: the network cannot be opened.
        """
        card = self.ventricular_card
        if card is None:
            return None
        return self._once(("ventricular", card.digest), lambda: self._ventricular(card), network=True)

    def _ventricular(self, card: ModelCard) -> VentricularRhythm | None:
        try:
            return ventricular_rhythm(self.record, self._models.opened(card))
        except SignalError:
            return None

    def _facts(self) -> CriticalFacts:
        """What the rules for critical findings look at; a damaged model is left out."""
        ventricular = self._ventricular_if_any()
        return CriticalFacts(self.record, self.quality, self.beats, self._measured(), ventricular)

    def _not_heard(self) -> str:
        """Why ventricular rhythms were not looked for by the installed network; "" if they were."""
        try:
            self.ventricular()
        except ModelError:
            return NOT_HEARD
        return ""

    def _ventricular_if_any(self) -> VentricularRhythm | None:
        try:
            return self.ventricular()
        except ModelError:
            return None

    def judgement(self, card: ModelCard | None) -> Judgement:
        """The judgement of the ECG beside what this classifier finds."""
        found, no_labels = self.labels(card)
        return self.judge(found.rows if found is not None else (), card, no_labels)

    def judge(self, scores: Sequence[Score], card: ModelCard | None, no_labels: str = "") -> Judgement:
        """The same beside ``scores`` that were computed elsewhere, or the sentence why there are none."""
        return judge(
            KnownFacts(
                self.critical(),
                tuple(scores),
                card,
                no_labels,
                self.rules(),
                self.heart_rate,
                self._measured(),
                self.quality,
                self.admission(),
                self._not_heard(),
            )
        )

    def _measured(self) -> Measurements | None:
        """The measurements, where a delineator can be opened."""
        try:
            return self.measurements()
        except EcgAppError:
            return None

    def _once(self, key: Hashable, compute: Callable[[], T], network: bool = False) -> T:
        if key not in self._results:
            self._results[key] = compute()
            if network and self._after is not None:
                self._after()
        value: T = self._results[key]  # type: ignore[assignment]
        return value
