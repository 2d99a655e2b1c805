"""Faults done to good recordings on purpose, and synthetic ECGs with one fault each."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.records import LEADS, ECGRecord, FloatArray
from ecgapp.records.synthetic import RHYTHMS, SyntheticConfig, synthesise
from ecgapp.signals.quality import LeadQuality, RecordQuality
from ecgapp.signals.quality.limbs import SWAPS

LIMBS = ("I", "II", "III", "aVR", "aVL", "aVF")
RECOVERY = 3.2  # s, time constant of an amplifier that lets 0.05 Hz through
SPIKE, SPIKES_APART = 0.002, 0.85  # s: how long a pacing spike lasts, and from one to the next
CASES = 200
KINDS = ("no signal", "clipped", "mains 50 Hz", "wander", "RA/LA", "noise")
RATES = (250.0, 500.0, 1000.0)  # Hz
SEED = 0

Lead = NDArray[np.float64]
Change = Callable[[Lead, float], Lead]  # of a lead (n_samples,) in mV at a sampling rate


def spoilt(record: ECGRecord, changes: Mapping[str, Change]) -> ECGRecord:
    """``record`` with these leads changed, the others as they are."""
    signal = record.signal.copy()
    for lead, change in changes.items():
        row = record.leads.index(lead)
        signal[row] = change(signal[row].astype(np.float64), record.sampling_rate)
    return replace(record, signal=signal)


def flat(lead: Lead, rate: float) -> Lead:
    """The lead with a constant signal."""
    return np.zeros_like(lead)


def clipped(lead: Lead, rate: float) -> Lead:
    """The larger of its two sides is cut off at 40 % of its height above the median."""
    centred = lead - np.median(lead)
    sign = 1.0 if centred.max() >= -centred.min() else -1.0
    return np.median(lead) + sign * np.minimum(sign * centred, 0.4 * (sign * centred).max())


def held(lead: Lead, rate: float) -> Lead:
    """The electrode falls off half-way: the amplifier stands at its rail."""
    changed = lead.copy()
    changed[lead.size // 2 :] = -5.2
    return changed


def loose(lead: Lead, rate: float) -> Lead:
    """The electrode comes loose half-way: the baseline jumps by 3 mV, and the amplifier lets it back."""
    since = np.arange(lead.size) / rate - 0.5 * lead.size / rate
    return lead + np.where(since >= 0, 3.0 * np.exp(-np.maximum(since, 0) / RECOVERY), 0.0)


def hum(frequency: float, amplitude: float = 0.1) -> Change:
    """Mains of ``amplitude`` mV."""

    def change(lead: Lead, rate: float) -> Lead:
        return lead + amplitude * np.sin(2 * np.pi * frequency * np.arange(lead.size) / rate + 1.0)

    return change


def wander(amplitude: float = 1.0, frequency: float = 0.25) -> Change:
    """The baseline moves with breathing, ``amplitude`` mV up and down."""

    def change(lead: Lead, rate: float) -> Lead:
        return lead + amplitude * np.sin(2 * np.pi * frequency * np.arange(lead.size) / rate)

    return change


def white(deviation: float, seed: int) -> Change:
    """White noise alone in the heart's place."""

    def change(lead: Lead, rate: float) -> Lead:
        return np.random.default_rng(seed).normal(0.0, deviation, lead.size)

    return change


def with_noise(noise: Lead, decibels: float) -> Change:
    """``noise`` (at the lead's rate, as long or longer) added at this signal-to-noise ratio.

    As in the MIT-BIH noise stress test (Moody et al. 1984): the signal's power is an eighth of the
    square of its QRS complexes' height, taken here as that between its 0.5th and 99.5th percentile.
    """

    def change(lead: Lead, rate: float) -> Lead:
        part = noise[: lead.size] - noise[: lead.size].mean()
        power = np.ptp(np.quantile(lead, [0.005, 0.995])) ** 2 / 8
        return lead + part * np.sqrt(power / 10 ** (decibels / 10) / np.mean(part**2))

    return change


def scaled(record: ECGRecord, gain: float) -> ECGRecord:
    """The record with a wrong gain in the header."""
    return replace(record, signal=(record.signal * np.float32(gain)).astype(np.float32))


def swapped(record: ECGRecord, swap: str) -> ECGRecord:
    """The record with two limb electrodes exchanged: by algebra, all six limb leads from I and II."""
    one, two = SWAPS[swap] @ record.select(("I", "II")).astype(np.float64)
    limbs = (one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2)
    signal = record.signal.copy()
    for lead, changed in zip(LIMBS, limbs, strict=True):
        signal[record.leads.index(lead)] = changed
    return replace(record, signal=signal)


def paced(record: ECGRecord, height: float = 1.0) -> ECGRecord:
    """A pacing spike of ``height`` mV in every lead, in half of them downwards."""
    signal: FloatArray = record.signal.copy()
    signs = np.where(np.arange(record.n_leads) % 2 == 0, 1.0, -1.0)[:, None]
    length = max(1, round(SPIKE * record.sampling_rate))
    for time in np.arange(0.4, record.duration - 0.1, SPIKES_APART):
        first = round(time * record.sampling_rate)
        signal[:, first : first + length] += (height * signs).astype(np.float32)
    return replace(record, signal=signal)


def synthetic_case(number: int) -> tuple[ECGRecord, str, str]:
    """A synthetic record with one fault: it, the fault, and the lead that has it ("" for all)."""
    rng = np.random.default_rng([SEED, number])
    kind, lead = KINDS[number % len(KINDS)], str(rng.choice(LEADS))
    config = SyntheticConfig(
        rhythm=str(rng.choice(RHYTHMS)),
        heart_rate=float(rng.uniform(45, 130)),
        sampling_rate=float(rng.choice(RATES)),
        noise=float(rng.uniform(0.003, 0.015)),
        wander=float(rng.uniform(0.0, 0.1)),
        seed=number,
    )
    record = synthesise(config).record
    if kind == "RA/LA":
        return swapped(record, kind), kind, ""
    changes = {
        "no signal": flat,
        "clipped": clipped,
        "mains 50 Hz": hum(50.0, float(rng.uniform(0.05, 0.2))),
        "wander": wander(float(rng.uniform(0.7, 1.5)), float(rng.uniform(0.15, 0.35))),
        "noise": white(float(rng.uniform(0.1, 0.5)), number),
    }
    return spoilt(record, {lead: changes[kind]}), kind, lead


def is_right(quality: RecordQuality, kind: str, lead: str) -> bool:
    """The right badge on the right lead, and none on any other."""
    faulty = {one.lead for one in quality.leads if one.faults}
    if kind == "RA/LA":
        return quality.limb_reversal == kind and not faulty
    return faulty == {lead} and kind in of_lead(quality, lead).faults and not quality.limb_reversal


def of_lead(quality: RecordQuality, lead: str) -> LeadQuality:
    """The quality of the lead of this name."""
    return next(one for one in quality.leads if one.lead == lead)
