"""Sentences for the reader of a record that fails a question of the gate."""

from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate.arrays import Floats
from ecgapp.models import PARTS, Gate
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.quality.readability_features import NUMBERS, dominant_rhythm

UNREADABLE = "This signal cannot be read as an ECG:"
WITHHELD = "Labels are withheld: this ECG is unlike those that the models were tested on."
LOOK = "look at the patient now"
STANDSTILL = (
    f"{UNREADABLE} no lead has a signal. Either the electrodes are off, or the heart stands still "
    f"(asystole). If a patient is attached, {LOOK}; then check electrodes and file."
)
SMALL = (
    f"{UNREADABLE} no lead has more than {{height:.2f}} mV from top to bottom, and no heartbeats are found. "
    "Either the electrodes are off, or the heart stands still (asystole) or fibrillates finely. "
    f"If a patient is attached, {LOOK}."
)
PERHAPS_FIBRILLATION = (
    "It has one dominant rhythm, {rate:.0f} a minute, as a heart can have. If the patient is attached, this "
    f"may be ventricular fibrillation: {LOOK}."
)
NO_HEARTBEATS = "neither heartbeats nor one steady heart rhythm are found in it."
NOISE = "too much noise; {share:.0%} of its energy lies above 15 Hz (usually {usual:.0%})."
DRIFT = "drift or movement; {share:.0%} of its energy lies below 1.5 Hz (usually {usual:.0%})."
TONE = "a pure tone, as of a test signal; {share:.0%} of its energy lies in one spectral line."
MUCH_NOISE, MUCH_DRIFT, PURE = 0.25, 0.6, 0.98  # shares of the energy
LOWEST = 0.15  # mV from top to bottom, below which standstill is named
FOUND = 0.4  # of the energy near the dominant frequency: in 95 % of fibrillation it is more
HEART_RATES = (1.5, 10.0)  # Hz
HEART_SIZE = (0.1, 10.0)  # mV from top to bottom
FILTER = (0.5, 40.0)  # Hz

REASONS = {  # of each part; {value} is of this record, {usual} of the median good one
    "reconstruction": "The autoencoder cannot give it back (squared error {value:.2f}, usually {usual:.2f}).",
    "distance": "Its features lie far from those of known ECGs (mean square {value:.1f}, usually "
    "{usual:.1f}).",
    "roughness": "It is noisier: {value:.0%} of the signal's energy lies above 15 Hz (usually {usual:.0%}).",
    "evenness": "It rests less between beats: the quietest three quarters of the time hold {value:.0%} of "
    "the signal's energy (usually {usual:.0%}).",
    "disagreement": "Its beats resemble each other less (correlation {value:.2f}, usually {usual:.2f}).",
    "contradiction": "The limb leads contradict each other: {value:.0%} of their energy breaks "
    "I + III = II and the like (usually {usual:.0%}). Check whether the leads are what their names say.",
}
# What a reader can see goes before what only a network knows, the particular before the general.
# With how many units over the median of good records each is evident: 1 is rarer than in 95 % of them.
PLAIN = {"contradiction": 4.0, "roughness": 1.0, "disagreement": 1.0, "evenness": 1.0}


@dataclass(frozen=True)
class Refusal:
    """The reason why a record is refused; ``urgent`` if it may be a dangerous rhythm or a standstill."""

    sentence: str
    urgent: bool


def why_unreadable(record: ECGRecord, numbers: Floats, usual: Floats) -> Refusal:
    """The reason why the record is refused, from the medians of its windows' ``NUMBERS``, and the usual ones.

    Names asystole where nearly nothing is there, and ventricular fibrillation where the signal has the rate
    and the size of a heart rhythm.
    """
    low, high = np.quantile(_filtered(record), [0.01, 0.99], axis=-1)
    height = float((high - low).max())  # mV, of the tallest lead, without its rare extremes
    if record.units == "mV" and height < LOWEST:
        return Refusal(SMALL.format(height=LOWEST), urgent=True)
    sentence = f"{UNREADABLE} {_noise(numbers, usual)}"
    rate = _heart_like(record, height)
    if rate is None:
        return Refusal(sentence, urgent=False)
    return Refusal(f"{sentence} {PERHAPS_FIBRILLATION.format(rate=rate)}", urgent=True)


def _noise(numbers: Floats, usual: Floats) -> str:
    """The sentence that describes the signal by the number that is easiest to understand."""
    measured, known = (dict(zip(NUMBERS, np.exp(each).tolist(), strict=True)) for each in (numbers, usual))
    pure = 1 - measured["tone"]
    if pure > PURE:
        return TONE.format(share=pure)
    if measured["roughness"] > MUCH_NOISE:
        return NOISE.format(share=measured["roughness"], usual=known["roughness"])
    if measured["slowness"] > MUCH_DRIFT:
        return DRIFT.format(share=measured["slowness"], usual=known["slowness"])
    return NO_HEARTBEATS


def _filtered(record: ECGRecord) -> FloatArray:
    """The leads without gaps, without baseline and fast noise."""
    whole = record.signal[np.isfinite(record.signal).all(axis=-1)]
    high = min(FILTER[1], 0.4 * record.sampling_rate)
    return bandpass(whole, record.sampling_rate, FILTER[0], high)


def _heart_like(record: ECGRecord, height: float) -> float | None:
    """The rate of a heart rhythm per minute; None where the signal has neither its rate nor its size."""
    if record.units == "mV" and not HEART_SIZE[0] <= height <= HEART_SIZE[1]:
        return None
    frequency, share = (float(np.median(x)) for x in dominant_rhythm(_filtered(record), record.sampling_rate))
    lowest, highest = HEART_RATES
    return 60 * frequency if share >= FOUND and lowest < frequency < highest else None


def why_unlike(values: Floats, weights: Floats, network: Gate) -> str:
    """The reason why labels are withheld: the first plain reason that is evident, else what weighed most."""
    units = (values - network.centre.numpy()) / network.scale.numpy()
    plain = [name for name, least in PLAIN.items() if units[PARTS.index(name)] >= least]
    name = plain[0] if plain else PARTS[int(weights.argmax())]
    place = PARTS.index(name)
    measured, usual = (
        _readable(name, value) for value in (float(values[place]), float(network.centre[place]))
    )
    return f"{WITHHELD} {REASONS[name].format(value=measured, usual=usual)}"


def _readable(name: str, value: float) -> float:
    """A part of the score as readers know it: parts are logarithms, one is 1 - correlation."""
    return 1 - value if name == "disagreement" else float(np.exp(value))
