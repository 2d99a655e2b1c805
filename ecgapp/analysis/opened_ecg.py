"""An open ECG and everything that is computed from it, once and on demand.

It does not depend on the user interface.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from ecgapp.analysis.admission import Admission, Judges, admit, judges_for
from ecgapp.analysis.beat_relevance import BeatRelevance, WaveShare, by_beat, by_wave
from ecgapp.analysis.explanation import ExaminedMaps, Explanation, SaliencyQuestion, examine, explain, fits
from ecgapp.analysis.findings import Findings, find
from ecgapp.analysis.judgement import Judgement, KnownFacts, Score, judge
from ecgapp.analysis.measured_ecg import MOSTLY_VENTRICULAR, MeasuredECG, ResultKind
from ecgapp.analysis.reconstruction import WindowReconstruction, reconstruct
from ecgapp.analysis.support import Support, support
from ecgapp.analysis.window_preparation import Prepared, as_preprocessed, prepare, prepare_for
from ecgapp.errors import EcgAppError, ModelError
from ecgapp.explain import INTEGRATED_GRADIENTS, RECONSTRUCTION, Recipe
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord

CERTAIN_EPISODE = (
    0.8  # a refused record is admitted if one ventricular episode has at least this mean probability
)
VENTRICULAR_NOT_CHECKED = "Ventricular fibrillation is not looked for: its network cannot be opened."
NO_CLASSIFIER = "No classifier is installed, so there are no labels."


class OpenedECG(MeasuredECG):
    """A measured record with the answers of models: gate, findings, judgement, explanations.

    All results are cached here: each is computed at the first call and shared by all threads. Explanations
    and reconstructions are large, so only the most recently used ones stay in the cache.
    """

    def admission(self) -> Admission:
        """Whether this record can be read, and is similar to the training data of the models.

        A record is not refused if the ventricular network finds a ventricular rhythm in at least half of it,
        with certainty in at least one episode.
        """
        gates = judges_for(self.record, self._models.cards(), self._models.opened)
        return self._once((ResultKind.ADMISSION, *gates.key), lambda: self._admission(gates), network=True)

    def readability(self) -> Admission:
        """Whether this record can be read at all; it runs neither an autoencoder nor a classifier."""
        gates = judges_for(self.record, self._models.cards(), self._models.opened)
        alone = replace(gates, similarity=None)
        return self._once((ResultKind.READABILITY, *alone.key), lambda: self._admission(alone), network=True)

    def _admission(self, gates: Judges) -> Admission:
        answer = admit(self.record, gates)
        if not answer.refused:
            return answer
        rhythm = self._ventricular_if_any()
        if rhythm is None or rhythm.share(0.0, self.record.duration) < MOSTLY_VENTRICULAR:
            return answer
        sure = any(run.probability >= CERTAIN_EPISODE for run in rhythm.runs)
        return admit(self.record, gates, rhythm=True) if sure else answer

    def prepared(self, card: ModelCard, lead: str | None = None) -> Prepared:
        """The record preprocessed for this model and cut into windows.

        A model of one lead can be given another ``lead`` in place of its own.

        Raises:
            ModelError: the model cannot be opened.
            SignalError: it cannot take this record; says why.
            ConfigError: the model reads several leads while ``lead`` is given.
        """
        if lead is not None and (lead,) != card.preprocessing.leads:
            config = card.preprocessing.reading(lead)
            return self._once(
                (ResultKind.PREPARED, card.digest, lead), lambda: prepare_for(self.record, config)
            )
        if (ResultKind.FINDINGS, card.digest) in self._results:
            return self.findings(card).prepared
        key = (ResultKind.PREPARED, card.digest)
        return self._once(key, lambda: prepare(self.record, self._models.opened(card)))

    def as_preprocessed(self, card: ModelCard) -> ECGRecord:
        """The record resampled and filtered for this model, still in its own unit (leads are not normalised).

        Raises:
            SignalError: the model cannot take this record; says why.
        """
        key = (ResultKind.AS_PREPROCESSED, card.digest)
        return self._once(key, lambda: as_preprocessed(self.record, card.preprocessing), heavy=True)

    def findings(self, card: ModelCard) -> Findings:
        """The findings of this classifier.

        Raises:
            ModelError: the classifier cannot be opened.
            SignalError: it cannot take this record; says why.
        """
        return self._once(
            (ResultKind.FINDINGS, card.digest),
            lambda: find(self.record, self._models.opened(card)),
            network=True,
        )

    def labels(self, card: ModelCard | None) -> tuple[Findings | None, str]:
        """The findings of this classifier and "", or None and the reason why none may be shown."""
        if card is None:
            return None, NO_CLASSIFIER
        judged = self.admission()
        if judged.labels_withheld:
            return None, judged.reason
        try:
            return self.findings(card), ""
        except EcgAppError as error:
            return None, str(error)

    def support(self, card: ModelCard, prevalences: Mapping[str, float]) -> dict[str, Support]:
        """The support of each finding of this classifier, by label, at the reader's ``prevalences``.

        Not cached: it runs no network, and the reader can change the prevalences.

        Raises:
            EcgAppError: as ``findings``.
        """
        measured = self.measured()
        facts = None if measured is None else (measured, self.record.sampling_rate)
        return support(self.findings(card), facts, self.quality, prevalences)

    def judgement(self, card: ModelCard | None) -> Judgement:
        """The judgement, including the findings of this classifier."""
        findings, no_labels = self.labels(card)
        return self.judge(findings.rows if findings is not None else (), card, no_labels)

    def judge(self, scores: Sequence[Score], card: ModelCard | None, no_labels: str = "") -> Judgement:
        """The judgement, including ``scores`` computed elsewhere.

        ``no_labels`` is the reason if there are none.
        """
        return judge(
            KnownFacts(
                self.critical(),
                tuple(scores),
                card,
                no_labels,
                self.rules(),
                self.heart_rate,
                self.measured(),
                self.quality,
                self.admission(),
                self._ventricular_not_checked(),
            )
        )

    def _ventricular_not_checked(self) -> str:
        """The reason why the ventricular network cannot be opened; "" if it can, or if none is installed."""
        try:
            self.ventricular()
        except ModelError:
            return VENTRICULAR_NOT_CHECKED
        return ""

    def reconstruction(
        self, card: ModelCard, window: int = 0, lead: str | None = None
    ) -> WindowReconstruction:
        """This autoencoder's reconstruction of one window; of ``lead`` as in ``prepared``.

        Raises:
            ModelError: the model cannot be opened, or is no autoencoder.
            SignalError: it cannot take this record; says why.
        """
        return self._once(
            (ResultKind.RECONSTRUCTION, card.digest, window, lead),
            lambda: reconstruct(self.prepared(card, lead), self._models.opened(card), window),
            network=True,
            heavy=True,
        )

    def autoencoder_for(self, card: ModelCard) -> ModelCard | None:
        """The first installed autoencoder with the same preprocessing and leads as this classifier.

        Only the stride of its windows may differ. None if there is none.
        """
        return next((other for other in self._models.cards().values() if fits(other, card)), None)

    def explanation(
        self, card: ModelCard, question: SaliencyQuestion, method: str = INTEGRATED_GRADIENTS
    ) -> Explanation:
        """The map of one method: which leads and moments moved the label's logit.

        Raises:
            EcgAppError: the model cannot be opened or take this record, or the baseline cannot be made.
        """
        key = (ResultKind.EXPLANATION, card.digest, *self._question_key(card, question), method)
        return self._once(key, lambda: self._explain(card, question, method), network=True, heavy=True)

    def _explain(self, card: ModelCard, question: SaliencyQuestion, method: str) -> Explanation:
        model, autoencoder = self._models.opened(card), self._baseline_model(card, question)
        return explain(self.prepared(card), model, question, Recipe(method), autoencoder)

    def examined(self, card: ModelCard, question: SaliencyQuestion) -> ExaminedMaps:
        """The maps of all methods and how far each can be trusted; takes seconds.

        Raises:
            EcgAppError: as ``explanation``.
        """
        key = (ResultKind.EXAMINED, card.digest, *self._question_key(card, question))
        return self._once(key, lambda: self._examine(card, question), network=True, heavy=True)

    def _examine(self, card: ModelCard, question: SaliencyQuestion) -> ExaminedMaps:
        model, autoencoder = self._models.opened(card), self._baseline_model(card, question)
        maps = examine(self.prepared(card), model, question, autoencoder)
        for method, explanation in maps.explanations.items():
            key = (ResultKind.EXPLANATION, card.digest, *self._question_key(card, question), method)
            self._results.add(key, explanation, heavy=True)
        return maps

    def is_examined(self, card: ModelCard, question: SaliencyQuestion) -> bool:
        """Whether the maps of this question have been examined already."""
        return (ResultKind.EXAMINED, card.digest, *self._question_key(card, question)) in self._results

    def by_beat(self, explanation: Explanation) -> BeatRelevance | None:
        """The map averaged over the beats, aligned at R; None if there are too few complete beats."""
        key = (ResultKind.BY_BEAT, explanation)
        return self._once(key, lambda: by_beat(self.record, self.beats, explanation), heavy=True)

    def by_wave(self, explanation: Explanation) -> tuple[WaveShare, ...]:
        """The share of each wave in a map of this ECG; empty without beats."""
        key = (ResultKind.BY_WAVE, explanation)
        return self._once(key, lambda: by_wave(self.beats, explanation), heavy=True)

    def _question_key(self, card: ModelCard, question: SaliencyQuestion) -> tuple[Hashable, ...]:
        """The question with the digest of the autoencoder that makes its baseline."""
        autoencoder = self._baseline_card(card, question)
        return question, None if autoencoder is None else autoencoder.digest

    def _baseline_model(self, card: ModelCard, question: SaliencyQuestion) -> TrainedModel | None:
        autoencoder = self._baseline_card(card, question)
        return None if autoencoder is None else self._models.opened(autoencoder)

    def _baseline_card(self, card: ModelCard, question: SaliencyQuestion) -> ModelCard | None:
        return self.autoencoder_for(card) if question.baseline == RECONSTRUCTION else None
