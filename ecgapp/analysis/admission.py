"""The gate before labels: whether a record can be read, and is similar to the training data.

A record that cannot be read is refused: no labels, and nothing is measured. One that can be read, and is
unlike the training data, keeps its rate, intervals, rules and critical findings; its labels are withheld.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ecgapp.analysis import admission_words
from ecgapp.errors import EcgAppError, ModelError, SignalError
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.detectors.gate_scores import gate_network, record_parts
from ecgapp.evaluate.detectors.record_readability import readability_network, record_numbers, unreadable
from ecgapp.models import PARTS, GateConfig, ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals.quality.readability_features import NUMBERS
from ecgapp.storage.documents import fields_to_plain

NOT_JUDGED = {
    True: "Whether this is a readable ECG was not judged.",
    False: "Whether this ECG is similar to those that the models were tested on was not judged.",
}
RHYTHM_FOUND = "A heart rhythm was recognised in it, so that it is not refused."


@dataclass(frozen=True)
class ScorePart:
    """One of the numbers that a score is made of; ``weight`` is what it adds to the score's logit."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True)
class GateAnswer:
    """The answer to one question; ``judge`` is the model's name and hash.

    ``score`` is between 0 and 1, the higher the worse; None where it could not be judged. Then ``reason``
    says why, and ``failed`` only where the judge itself is broken. What passes has no reason, but where a
    recognised rhythm overruled the score. ``urgent``: a refused signal that may be a dangerous rhythm or a
    standstill, so that somebody must look at the patient; documents leave it out, for ``reason`` says so.
    """

    score: float | None
    threshold: float
    failed: bool
    reason: str = ""
    parts: tuple[ScorePart, ...] = ()
    judge: str = ""
    urgent: bool = field(default=False, compare=False)

    def to_document(self) -> dict[str, object]:
        """The answer as it is written to bundles and to the command line."""
        return {name: plain for name, plain in fields_to_plain(self).items() if name != "urgent"}

    @property
    def judged(self) -> bool:
        return self.score is not None

    @property
    def in_figures(self) -> str:
        """The score beside its threshold, and who judged; empty where it could not be judged."""
        if self.score is None:
            return ""
        return f"Score {self.score:.2f}, limit {self.threshold:.2f}; judged by {self.judge}."


NOT_ASKED = GateAnswer(None, 1.0, False)


@dataclass(frozen=True)
class Admission:
    """The answers to both questions of the gate; ``NOT_ASKED`` if no installed model can give one."""

    readable: GateAnswer = NOT_ASKED
    similar: GateAnswer = NOT_ASKED

    @property
    def has_judge(self) -> bool:
        """Whether this machine has a judge for either question."""
        return self != Admission()

    @property
    def refused(self) -> bool:
        """Whether no reader could read the signal. A broken judge refuses nothing."""
        return self.readable.failed and self.readable.judged

    @property
    def labels_withheld(self) -> bool:
        """Whether no label of a model may be shown."""
        return self.readable.failed or self.similar.failed

    @property
    def deciding(self) -> GateAnswer:
        """The answer that decides: the first that failed, else the first with anything to say."""
        both = (self.readable, self.similar)
        failed = [one for one in both if one.failed]
        with_reason = [one for one in both if one.reason]
        return next(iter([*failed, *with_reason]), self.similar if self.similar.judged else self.readable)

    @property
    def reason(self) -> str:
        """The reason why the record is refused or labels are withheld, or not judged; else ""."""
        return self.deciding.reason

    @property
    def in_figures(self) -> str:
        """The figures of the deciding answer."""
        return self.deciding.in_figures


@dataclass(frozen=True)
class Judges:
    """The models that answer the two questions for one record; None where this machine has none.

    A ``GateAnswer`` stands in the place of a model that cannot be opened.
    """

    readability: TrainedModel | GateAnswer | None = None
    similarity: TrainedModel | GateAnswer | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The key under which an answer of these judges is kept."""
        return tuple(
            judge.card.digest if isinstance(judge, TrainedModel) else judge.reason if judge else ""
            for judge in (self.readability, self.similarity)
        )


def admit(record: ECGRecord, judges: Judges, rhythm: bool = False) -> Admission:
    """The answers of both judges on ``record``.

    ``rhythm``: a heart rhythm was recognised by other means, so that the record is not refused. A refused
    record is not compared with the training data.

    Raises:
        ModelError: a model answers neither question.
    """
    readable = _answer(record, judges.readability, _judge_readable)
    if rhythm and readable.failed and readable.judged:
        readable = replace(readable, failed=False, reason=RHYTHM_FOUND, urgent=False)
    if readable.failed and readable.judged:
        return Admission(readable)
    return Admission(readable, _answer(record, judges.similarity, _judge_similar))


def _answer(
    record: ECGRecord,
    judge: TrainedModel | GateAnswer | None,
    ask: Callable[[ECGRecord, TrainedModel, GateAnswer], GateAnswer],
) -> GateAnswer:
    if judge is None:
        return NOT_ASKED
    if isinstance(judge, GateAnswer):
        return judge
    card = judge.card
    if not card.is_gate:
        raise ModelError(f"{card.name} answers neither question of the gate. Choose a gate.")
    empty = GateAnswer(None, card.thresholds[0], False, judge=f"{card.name} {card.sha256[:12]}")
    try:
        return ask(record, judge, empty)
    except SignalError as error:
        return replace(empty, reason=f"{NOT_JUDGED[card.asks_if_readable]} {error}")


def _judge_readable(record: ECGRecord, model: TrainedModel, empty: GateAnswer) -> GateAnswer:
    network = readability_network(model)
    numbers = record_numbers(record, model)
    if not len(numbers):
        return replace(empty, score=1.0, failed=True, reason=admission_words.STANDSTILL, urgent=True)
    score, middle = unreadable(numbers, network), np.median(numbers, axis=0)
    with torch.inference_mode():
        weights = network.contributions(torch.from_numpy(middle).float()).double().numpy()
    failed = score >= empty.threshold
    usual = network.usual.double().numpy()
    parts = _parts(NUMBERS, middle, weights)
    if not failed:
        return replace(empty, score=score, parts=parts)
    refusal = admission_words.why_unreadable(record, middle, usual)
    return replace(
        empty, score=score, failed=True, reason=refusal.sentence, urgent=refusal.urgent, parts=parts
    )


def _judge_similar(record: ECGRecord, model: TrainedModel, empty: GateAnswer) -> GateAnswer:
    network = gate_network(model)
    values = record_parts(record, model)
    if np.isnan(values).any():
        return replace(empty, reason=f"{NOT_JUDGED[False]} No lead has a signal.")
    with torch.inference_mode():
        parts = torch.from_numpy(values).float()
        score, weights = float(network.score(parts)), network.contributions(parts).double().numpy()
    failed = score >= empty.threshold
    reason = admission_words.why_unlike(values, weights, network) if failed else ""
    return replace(empty, score=score, failed=failed, reason=reason, parts=_parts(PARTS, values, weights))


def _parts(names: tuple[str, ...], values: Floats, weights: Floats) -> tuple[ScorePart, ...]:
    rows = zip(names, values.tolist(), weights.tolist(), strict=True)
    return tuple(ScorePart(name, value, weight) for name, value, weight in rows)


def judge_cards(
    record: ECGRecord, cards: Mapping[str, ModelCard]
) -> tuple[ModelCard | None, ModelCard | None]:
    """The cards of the models that answer the first and the second question for this record, or None.

    For the second one that reads all leads together goes before one that reads them one by one.
    """
    first = next((card for card in cards.values() if card.asks_if_readable), None)
    able = [
        card
        for card in cards.values()
        if card.asks_if_similar
        and (_lead_by_lead(card) or set(card.preprocessing.leads) <= set(record.leads))
    ]
    return first, min(able, key=_lead_by_lead, default=None)


def _lead_by_lead(card: ModelCard) -> bool:
    return isinstance(card.network, GateConfig) and card.network.lead_by_lead


def judges_for(
    record: ECGRecord, cards: Mapping[str, ModelCard], opened: Callable[[ModelCard], TrainedModel]
) -> Judges:
    """The judges of this record, opened by ``opened``; a judgement in the place of one that is damaged."""
    return Judges(*(None if card is None else _opened(card, opened) for card in judge_cards(record, cards)))


def _opened(card: ModelCard, opened: Callable[[ModelCard], TrainedModel]) -> TrainedModel | GateAnswer:
    """The judge; if it cannot be opened, its answer: labels are withheld, nothing is refused."""
    try:
        return opened(card)
    except EcgAppError as error:
        reason = (
            f"Labels are withheld: {card.name}, which judges records before labels, cannot be asked. {error}"
        )
        return GateAnswer(None, card.thresholds[0], True, reason, judge=card.name)
