"""The nine everyday rhythms, which the classifier distinguishes."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ecgapp.records.synthetic import ventricles
from ecgapp.records.synthetic.critical_events import CriticalEvent
from ecgapp.records.synthetic.heart import Heart, SyntheticBeat, beat_at
from ecgapp.records.synthetic.oscillation import atrial_fibrillation
from ecgapp.records.synthetic.synthetic_config import USUAL_RATE, SyntheticConfig
from ecgapp.records.synthetic.timing import conducted, gain_at, interval, irregular_interval

VENTRICLES = MappingProxyType(
    {
        "LBBB": ventricles.LBBB,
        "RBBB": ventricles.RBBB,
        "STD": ventricles.DEPRESSED,
        "STE": ventricles.ELEVATED,
    }
)
PR = 0.155  # s
LONG_PR = 0.28  # s, first-degree block


@dataclass(frozen=True)
class _Moment:
    time: float  # s, of the R wave
    rr: float  # s since the previous beat; determines how long repolarisation takes
    kind: str = "sinus"  # or "PAC", "PVC"
    gain: float = 1.0  # breathing turns the heart a little


def everyday(config: SyntheticConfig, rng: np.random.Generator) -> Heart:
    """The heart of an everyday rhythm, one of ``RHYTHMS``."""
    beats = [_beat(moment, config.rhythm) for moment in _schedule(config, rng)]
    n_samples = round(config.duration * config.sampling_rate)
    fibrillation = None
    if config.rhythm == "AF":
        fibrillation = atrial_fibrillation(n_samples, config.sampling_rate, rng)
    infarcted = config.rhythm == "STE"
    events = [CriticalEvent("st_elevation", 0.0, config.duration)] if infarcted else []
    return Heart(beats, fibrillation, events=events)


def _schedule(config: SyntheticConfig, rng: np.random.Generator) -> Iterator[_Moment]:
    """The times of beats from before the record's start to behind its end."""
    mean = 60 / (config.heart_rate or USUAL_RATE)
    time = -2 * mean + rng.uniform(0, mean)
    until_ectopic = int(rng.integers(3, 5))
    while time < config.duration + 2 * mean:
        rr = irregular_interval(mean, rng) if config.rhythm == "AF" else interval(mean, time, rng)
        early = config.rhythm in ("PAC", "PVC") and until_ectopic == 0
        gain = gain_at(time)
        if not early:
            time, until_ectopic = time + rr, until_ectopic - 1
            yield _Moment(time, (rr + mean) / 2, gain=gain)  # QT follows the rate with a delay
            continue
        until_ectopic = int(rng.integers(3, 6))
        coupling = rr * float(rng.uniform(0.60, 0.68))
        yield _Moment(time + coupling, coupling, config.rhythm, gain)
        # a PAC resets the sinus node; after a PVC it keeps its pace: a full compensatory pause
        time += coupling + 1.1 * rr if config.rhythm == "PAC" else 2 * rr
        yield _Moment(time, rr, gain=gain)


def _beat(moment: _Moment, rhythm: str) -> SyntheticBeat:
    shape = ventricles.PVC if moment.kind == "PVC" else VENTRICLES.get(rhythm, ventricles.NORMAL)
    if rhythm == "AF" or moment.kind == "PVC":
        return beat_at(moment.time, moment.rr, shape, gain=moment.gain)
    atria = ventricles.ECTOPIC_ATRIA if moment.kind == "PAC" else ventricles.ATRIA
    pr = conducted(LONG_PR if rhythm == "I-AVB" else PR, moment.rr)
    return beat_at(moment.time, moment.rr, shape, pr, atria, moment.gain)
