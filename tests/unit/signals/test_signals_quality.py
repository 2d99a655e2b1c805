"""Flat, gapped and clipped leads are named; healthy ones are not."""

import dataclasses

import numpy as np
import pytest

from ecgapp.records.record import LEADS
from ecgapp.records.synthetic import DEMOS, SyntheticConfig, synthesise
from ecgapp.signals import lead_quality


@pytest.fixture
def record():
    return synthesise(SyntheticConfig("sinus", 70, noise=0.01, wander=0.1)).record


def spoil(record, lead, change):
    signal = record.signal.copy()
    row = LEADS.index(lead)
    signal[row] = change(signal[row])
    return dataclasses.replace(record, signal=signal)


def faulty(record):
    return {quality.lead for quality in lead_quality(record) if not quality.usable}


@pytest.mark.parametrize("title", DEMOS)
def test_no_demo_has_a_faulty_lead(title):
    assert faulty(synthesise(DEMOS[title]).record) == set()


def test_noise_free_and_coarsely_quantised_waves_are_not_called_clipped():
    clean = synthesise(SyntheticConfig("AF", 90, wander=2.0)).record
    coarse = dataclasses.replace(clean, signal=(np.round(clean.signal / 0.02) * 0.02).astype(np.float32))
    assert not any(quality.clipped for quality in (*lead_quality(clean), *lead_quality(coarse)))


@pytest.mark.parametrize("level", [0.0, -1.7])
def test_a_flat_lead_is_named_and_only_that(record, level):
    spoilt = spoil(record, "V3", lambda signal: np.full_like(signal, level))
    assert faulty(spoilt) == {"V3"}
    assert lead_quality(spoilt)[LEADS.index("V3")].flat


def test_missing_samples_are_counted(record):
    def lose(signal):
        signal[100:150] = np.nan
        return signal

    quality = {q.lead: q.missing_samples for q in lead_quality(spoil(record, "aVL", lose))}
    assert quality["aVL"] == 50
    assert sum(quality.values()) == 50


def test_a_lead_that_is_missing_altogether_is_flat(record):
    quality = lead_quality(spoil(record, "II", lambda signal: np.full_like(signal, np.nan)))
    assert quality[1].flat
    assert quality[1].missing_samples == record.n_samples


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amplifier_at_its_limit_is_named(record, sign):
    limit = 0.4 * np.abs(record.signal[LEADS.index("V4")]).max()
    spoilt = spoil(record, "V4", lambda signal: sign * np.minimum(signal, limit))
    assert faulty(spoilt) == {"V4"}
    assert lead_quality(spoilt)[LEADS.index("V4")].clipped
