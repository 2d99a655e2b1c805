"""Whether any label may be shown for a record: not an ECG, too noisy, unlike anything trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ecgapp.analysis.models import available_models, open_version
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, SignalError
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.gate import gate_network, record_parts
from ecgapp.models import PARTS, Gate, GateConfig, ModelCard, TrainedModel
from ecgapp.records import ECGRecord

NO_LABELS = "No labels are shown."
NO_SIGNAL = "No lead has a signal: check the electrodes and the file."
REASONS = {  # of each part; {found} is of this record, {usual} of the median good one
    "reconstruction": "Unlike the ECGs that the models learnt from: the autoencoder cannot give it back "
    "(squared error {found:.2f}, usually {usual:.2f}).",
    "distance": "Unlike the ECGs that the models learnt from: its features lie far from theirs "
    "(mean square {found:.1f}, usually {usual:.1f}).",
    "roughness": "Too noisy to read: {found:.0%} of the signal's energy lies above 15 Hz "
    "(usually {usual:.0%}).",
    "evenness": "This does not look like an ECG: the quietest three quarters of the time hold {found:.0%} of "
    "the signal's energy (usually {usual:.0%}).",
    "disagreement": "This does not look like an ECG: what could be heartbeats do not resemble each other "
    "(correlation {found:.2f}, usually {usual:.2f}).",
    "contradiction": "The limb leads contradict each other: {found:.0%} of their energy breaks "
    "I + III = II and the like (usually {usual:.0%}). Check whether the leads are what their names say.",
}


# What a reader can see goes before what only a network knows, the particular before the general.
# With how many units over the median of good records each is evident: 1 is rarer than in 95 % of them.
PLAIN = {"contradiction": 4.0, "roughness": 1.0, "disagreement": 1.0, "evenness": 1.0}


@dataclass(frozen=True)
class Part:
    """One of the things that the score is made of; ``weight`` is what it adds to the score's logit."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True)
class Admission:
    """Whether labels may be shown for a record, and why not; ``gate`` is the judge's name and hash.

    ``score`` is between 0 and 1, the higher the less the record can be read, and None where it could
    not be judged; such a record is not refused, unless the gate itself is broken, and ``reason`` says so.
    An admitted one has no reason.
    """

    score: float | None
    threshold: float
    refused: bool
    reason: str = ""
    parts: tuple[Part, ...] = ()
    gate: str = ""

    @property
    def judged(self) -> bool:
        return self.score is not None

    @property
    def in_figures(self) -> str:
        """The score beside its threshold, and who judged; nothing where nobody could."""
        if self.score is None:
            return ""
        return f"Score {self.score:.2f}, refused from {self.threshold:.2f}; judged by {self.gate}."


def broken_gate(card: ModelCard, error: EcgAppError) -> Admission:
    """What stands for the judgement of a gate that cannot be opened: nobody knows, so no label is shown."""
    reason = f"The gate before the labels cannot be asked. {error} {NO_LABELS}"
    return Admission(None, card.thresholds[0], True, reason, gate=card.name)


def admit(record: ECGRecord, gate: TrainedModel) -> Admission:
    """The judgement of ``gate`` on ``record``.

    Raises:
        ModelError: the model is no gate.
    """
    card, network = gate.card, gate_network(gate)
    judge = f"{card.name} {card.sha256[:12]}"
    line = card.thresholds[0]
    try:
        values = record_parts(record, gate)
    except SignalError as error:
        return Admission(None, line, False, f"Whether this is an ECG was not judged. {error}", gate=judge)
    if np.isnan(values).any():
        return Admission(1.0, line, True, f"{NO_SIGNAL} {NO_LABELS}", gate=judge)
    with torch.inference_mode():
        told = torch.from_numpy(values).float()
        score, weights = float(network.score(told)), network.contributions(told).double().numpy()
    refused = score >= line
    reason = _reason(values, weights, network) if refused else ""
    return Admission(score, line, refused, reason, _parts(values, weights), judge)


def _parts(values: Floats, weights: Floats) -> tuple[Part, ...]:
    rows = zip(PARTS, values.tolist(), weights.tolist(), strict=True)
    return tuple(Part(name, value, weight) for name, value, weight in rows)


def _reason(values: Floats, weights: Floats, network: Gate) -> str:
    """The first plain reason that is evident, else what weighed most."""
    units = (values - network.centre.numpy()) / network.scale.numpy()
    plain = [name for name, least in PLAIN.items() if units[PARTS.index(name)] >= least]
    name = plain[0] if plain else PARTS[int(weights.argmax())]
    place = PARTS.index(name)
    found, usual = (_readable(name, value) for value in (float(values[place]), float(network.centre[place])))
    return f"{REASONS[name].format(found=found, usual=usual)} {NO_LABELS}"


def _readable(name: str, value: float) -> float:
    """All parts but one are logarithms; that one is 1 - correlation."""
    return 1 - value if name == "disagreement" else float(np.exp(value))


def gate_for(record: ECGRecord, cards: Mapping[str, ModelCard]) -> ModelCard | None:
    """The gate among ``cards`` that judges this record: one that reads its leads together, else lead by lead.

    None where there is none; then nothing is refused.
    """
    able = [card for card in cards.values() if card.is_gate and _can_read(card, record)]
    return min(able, key=_lead_by_lead, default=None)


def _can_read(card: ModelCard, record: ECGRecord) -> bool:
    return _lead_by_lead(card) or set(card.preprocessing.leads) <= set(record.leads)


def _lead_by_lead(card: ModelCard) -> bool:
    return isinstance(card.network, GateConfig) and card.network.lead_by_lead


class Gates:
    """This machine's gates, each opened once, for a program that judges many records."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._cards = settings, available_models(settings)
        self._opened: dict[str, TrainedModel] = {}

    def admit(self, record: ECGRecord) -> Admission | None:
        """The judgement of the gate that can read the record; None where there is none.

        Raises:
            WeightsMismatchError: the gate's weights are damaged.
        """
        card = gate_for(record, self._cards)
        if card is None:
            return None
        if card.name not in self._opened:
            self._opened[card.name] = open_version(card, self._settings)
        return admit(record, self._opened[card.name])
