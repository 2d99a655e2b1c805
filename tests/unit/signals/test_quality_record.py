"""Swapped limb electrodes, pacing spikes, and limb leads that do not add up."""

import dataclasses

import numpy as np
import pytest

from benchmarks import spoil
from ecgapp.records import ECGRecord, complete_leads
from ecgapp.records.synthetic import RHYTHMS, SyntheticConfig, synthesise
from ecgapp.signals import beat_list, record_quality, remarks
from ecgapp.signals.quality.limbs import SWAPS


def ecg(rhythm="sinus", rate=500, seed=3, seconds=10):
    return synthesise(SyntheticConfig(rhythm, 72, seconds, rate, noise=0.01, seed=seed)).record


@pytest.mark.parametrize("swap", SWAPS)
def test_swapping_twice_gives_the_record_back(swap):
    record = ecg()
    twice = spoil.swapped(spoil.swapped(record, swap), swap)
    np.testing.assert_allclose(twice.signal, record.signal, atol=1e-5)
    assert record_quality(twice).limb_reversal == ""


def test_swapped_arms_turn_lead_one_over_and_exchange_the_others():
    record, swapped = ecg(), spoil.swapped(ecg(), "RA/LA")
    expected = record.select(("III", "II", "aVL", "aVR", "aVF"))
    np.testing.assert_allclose(swapped.select(("II", "III", "aVR", "aVL", "aVF")), expected, atol=1e-5)
    np.testing.assert_allclose(swapped.select(("I",)), -record.select(("I",)), atol=1e-5)


@pytest.mark.parametrize("rhythm", RHYTHMS)
@pytest.mark.parametrize("rate", [100, 500])
def test_swapped_arms_are_named_in_every_rhythm_and_right_ones_never(rhythm, rate):
    assert record_quality(ecg(rhythm, rate)).limb_reversal == ""
    assert record_quality(spoil.swapped(ecg(rhythm, rate), "RA/LA")).limb_reversal == "RA/LA"
    assert record_quality(spoil.swapped(ecg(rhythm, rate), "RA/LL")).limb_reversal == "RA/LL"


def test_the_sentence_names_both_electrodes_and_what_else_it_may_be():
    said = remarks(spoil.swapped(ecg(), "RA/LA"))
    assert len(said) == 1
    assert said[0].startswith("Right arm and left arm electrodes look swapped")
    assert "heart lies on the right" in said[0]


def test_without_chest_leads_nothing_is_said_of_swapped_electrodes():
    swapped = spoil.swapped(ecg(), "RA/LA")
    limbs = ECGRecord("limbs", swapped.signal[:6], 500.0, swapped.leads[:6])
    assert record_quality(limbs).limb_reversal == ""


def test_limb_leads_add_up_to_rounding_and_one_that_is_wrong_is_told():
    quality = record_quality(ecg())
    assert quality.einthoven == pytest.approx(0, abs=1e-5)
    assert quality.adds_up
    wrong = record_quality(spoil.spoilt(ecg(), {"II": lambda lead, rate: -lead}))
    assert not wrong.adds_up
    assert "do not add up" in " ".join(wrong.sentences)
    assert wrong.axes_doubtful


def test_leads_that_were_computed_prove_nothing():
    record = ecg()
    names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    eight = complete_leads(ECGRecord("eight", record.select(names), 500.0, names))
    assert record_quality(eight).einthoven is None
    assert record_quality(eight).adds_up


@pytest.mark.parametrize("rate", [500, 1000])
@pytest.mark.parametrize("height", [0.3, 1.0, 3.0])
def test_every_pacing_spike_is_found_at_its_time(rate, height):
    record = ecg(rate=rate)
    found = record_quality(spoil.paced(record, height)).pacing
    expected = np.arange(0.4, 9.9, spoil.SPIKES_APART)
    np.testing.assert_allclose(found, expected, atol=0.004)
    assert record_quality(record).pacing == ()


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_no_rhythm_of_its_own_looks_paced(rhythm):
    assert record_quality(ecg(rhythm)).pacing == ()


def test_nothing_is_said_of_pacing_where_the_sampling_is_too_slow():
    assert record_quality(spoil.paced(ecg(rate=250))).pacing == ()


def test_two_clicks_are_no_pacemaker():
    record = ecg()
    signal = record.signal.copy()
    signal[:, [1000, 3000]] += 1.0
    assert record_quality(dataclasses.replace(record, signal=signal)).pacing == ()


@pytest.mark.parametrize("rhythm", ["sinus", "AF"])
def test_the_heart_rate_of_a_long_record_is_that_of_its_parts(rhythm):
    record = ecg(rhythm, seconds=120)
    beats = beat_list(record)
    halves = [beats.between(start, start + 60).rate for start in (0, 60)]
    assert beats.rate == pytest.approx(np.mean(halves), rel=0.02)


@pytest.mark.parametrize(
    ("swap", "exchanged"), [("RA/LA", (1, 0, 2)), ("RA/LL", (2, 1, 0)), ("LA/LL", (0, 2, 1))]
)
def test_a_swap_does_to_the_leads_what_exchanging_the_electrodes_potentials_does(swap, exchanged):
    potentials = np.random.default_rng(0).normal(size=(3, 50))  # of RA, LA, LL

    def limbs(right, left, foot):
        return np.stack([left - right, foot - right])

    np.testing.assert_allclose(
        SWAPS[swap] @ limbs(*potentials), limbs(*potentials[list(exchanged)]), atol=1e-12
    )


@pytest.mark.parametrize(("width", "found"), [(0.0007, True), (0.004, False)])
def test_a_sharp_wave_that_is_wider_than_a_spike_is_none(width, found):
    record = ecg()
    times = np.arange(record.n_samples) / record.sampling_rate
    to_next = np.abs((times + 0.4) % 0.85 - 0.424)
    cusps = np.exp(-to_next / width).astype(np.float32)
    assert bool(record_quality(dataclasses.replace(record, signal=record.signal + cusps)).pacing) == found
