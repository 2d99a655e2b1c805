"""Synthetic ECGs with one fault each, of which all is known: the acceptance test of the badges."""

import numpy as np

from benchmarks import spoil
from ecgapp.records import LEADS, ECGRecord
from ecgapp.records.synthetic import RHYTHMS, SyntheticConfig, synthesise
from ecgapp.signals.quality import LeadQuality, RecordQuality

CASES = 200
KINDS = ("no signal", "clipped", "mains 50 Hz", "wander", "RA/LA", "noise")
RATES = (250.0, 500.0, 1000.0)  # Hz
SEED = 0


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
        return spoil.swapped(record, kind), kind, ""
    changes = {
        "no signal": spoil.flat,
        "clipped": spoil.clipped,
        "mains 50 Hz": spoil.hum(50.0, float(rng.uniform(0.05, 0.2))),
        "wander": spoil.wander(float(rng.uniform(0.7, 1.5)), float(rng.uniform(0.15, 0.35))),
        "noise": spoil.white(float(rng.uniform(0.1, 0.5)), number),
    }
    return spoil.spoilt(record, {lead: changes[kind]}), kind, lead


def is_right(quality: RecordQuality, kind: str, lead: str) -> bool:
    """The right badge on the right lead, and none on any other."""
    faulty = {one.lead for one in quality.leads if one.faults}
    if kind == "RA/LA":
        return quality.limb_reversal == kind and not faulty
    return faulty == {lead} and kind in of_lead(quality, lead).faults and not quality.limb_reversal


def of_lead(quality: RecordQuality, lead: str) -> LeadQuality:
    """The quality of the lead of this name."""
    return next(one for one in quality.leads if one.lead == lead)
