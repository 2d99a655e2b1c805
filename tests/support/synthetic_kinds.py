"""Forty synthetic ECGs of each rare rhythm, made once, and what the tests measure on them."""

from functools import cache

import numpy as np

from ecgapp.records import LEADS
from ecgapp.records.synthetic import SyntheticConfig, synthesise

SEEDS = range(40)
RATE = 250.0
DURATION = 10.0


@cache
def forty(rhythm):
    """One ECG of each seed, every variant and onset as it is drawn."""
    return tuple(synthesise(SyntheticConfig(rhythm, sampling_rate=RATE, seed=seed)) for seed in SEEDS)


def waves(ecg, kind):
    return [wave for wave in ecg.waves if wave.kind == kind]


def width(wave):
    return wave.offset - wave.onset


def inside(ecg, kind, start=-1.0, end=99.0):
    """The waves of one kind with their peak between two times."""
    return [wave for wave in waves(ecg, kind) if start <= wave.peak <= end]


def rate_of(beats):
    return 60 / np.median(np.diff([beat.peak for beat in beats]))


def kinds(ecg):
    return [event.kind for event in ecg.events]


def event(ecg, kind):
    """The only event of a kind."""
    (event,) = [event for event in ecg.events if event.kind == kind]
    return event


def value(ecg, lead, time):
    record = ecg.record
    return float(record.signal[LEADS.index(lead)][round(time * record.sampling_rate)])


def peak_to_peak(ecg, lead, start, end):
    rate = ecg.record.sampling_rate
    part = ecg.record.signal[LEADS.index(lead)][round(start * rate) : round(end * rate) + 1]
    return float(np.ptp(part))
