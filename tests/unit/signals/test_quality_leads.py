"""Noise, wander, mains, electrodes and size: the right badge on the right lead, and none on a good one."""

import dataclasses

import numpy as np
import pytest

from benchmarks import spoil
from benchmarks.ecgs import read_noise
from benchmarks.spoil import CASES, is_right, synthetic_case
from ecgapp.records import LEADS, ECGRecord, read_record
from ecgapp.records.synthetic import SyntheticConfig, synthesise
from ecgapp.signals import lead_quality, record_quality, remarks

RATES = [250, 500, 1000]


def ecg(rate=500, seconds=10, seed=0):
    return synthesise(SyntheticConfig("sinus", 70, seconds, rate, noise=0.008, wander=0.05, seed=seed)).record


def faults(record):
    return {one.lead: one.faults for one in lead_quality(record) if one.faults}


@pytest.mark.parametrize("rate", [100, *RATES])
def test_a_good_record_has_no_badge_and_a_gain_of_one_changes_nothing(rate):
    record = ecg(rate)
    assert faults(record) == {}
    assert lead_quality(spoil.scaled(record, 1.0)) == lead_quality(record)


def test_nearly_all_of_200_synthetic_cases_get_the_right_badge_on_the_right_lead():
    cases = [synthetic_case(number) for number in range(CASES)]
    right = [is_right(record_quality(record), kind, lead) for record, kind, lead in cases]
    assert np.mean(right) >= 0.95


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("mains", [50, 60])
def test_a_tenth_of_a_millivolt_of_mains_is_named_with_its_frequency_in_exactly_that_lead(rate, mains):
    assert faults(spoil.spoilt(ecg(rate), {"V2": spoil.hum(mains)})) == {"V2": (f"mains {mains} Hz",)}


def test_nothing_is_said_of_mains_where_the_sampling_is_too_slow_to_see_it():
    hummed = spoil.spoilt(ecg(100), {"V2": spoil.hum(49.0)})
    assert not any(one.mains for one in lead_quality(hummed))


def test_a_baseline_that_moves_by_two_large_squares_wanders_and_one_that_moves_by_one_does_not():
    assert faults(spoil.spoilt(ecg(), {"V6": spoil.wander(0.6)})) == {"V6": ("wander",)}
    assert faults(spoil.spoilt(ecg(), {"V6": spoil.wander(0.25)})) == {}


def test_white_noise_is_noise_and_more_of_it_never_less_so():
    noisy = [
        bool(
            faults(spoil.spoilt(ecg(), {"II": lambda lead, rate, d=d: lead + spoil.white(d, 1)(lead, rate)}))
        )
        for d in (0.01, 0.05, 0.1, 0.2, 0.4)
    ]
    assert noisy == sorted(noisy)
    assert noisy[-1]
    assert not noisy[0]


def test_an_electrode_that_falls_off_is_named_and_only_it():
    assert "electrode off" in faults(spoil.spoilt(ecg(), {"V3": spoil.held}))["V3"]
    assert set(faults(spoil.spoilt(ecg(), {"V3": spoil.held}))) == {"V3"}


def test_a_lead_that_lies_far_below_zero_or_jumps_has_a_loose_electrode():
    def far(lead, rate):
        return lead - 6.0

    def jump(lead, rate):
        return lead + np.where(np.arange(lead.size) > 2100, 2.0, 0.0)

    assert faults(spoil.spoilt(ecg(), {"V3": far})) == {"V3": ("electrode off",)}
    assert "electrode off" in faults(spoil.spoilt(ecg(), {"V3": jump}))["V3"]


def broad_tachycardia(lead, rate):
    """160 broad beats a minute of 3 mV, steep on one side."""
    phase = (np.arange(lead.size) / rate * 160 / 60) % 1
    return 3.0 * np.where(phase < 0.08, phase / 0.08, np.maximum(0, 1 - (phase - 0.08) / 0.6)) - 1.0


def test_steep_broad_beats_that_come_again_and_again_are_no_loose_electrode():
    found = faults(spoil.spoilt(ecg(), {"V1": broad_tachycardia, "V2": broad_tachycardia}))
    assert not any("electrode off" in words for words in found.values())


@pytest.mark.parametrize("frequency", [0.15, 0.3, 0.5])
def test_wander_is_called_wander_however_fast_it_is(frequency):
    found = faults(spoil.spoilt(ecg(), {"V1": spoil.wander(2.0, frequency)}))
    assert found["V1"] == ("wander",)


def test_a_jump_from_which_the_amplifier_creeps_back_is_a_loose_electrode():
    found = faults(spoil.spoilt(ecg(), {"V4": spoil.loose}))
    assert "electrode off" in found["V4"]


def test_a_loose_limb_electrode_shows_in_two_leads_and_is_named():
    record = ecg()
    step = np.where(np.arange(record.n_samples) > 2100, 2.4, 0.0)  # of the left arm's potential
    shares = {"I": 1.0, "III": -1.0, "aVL": 1.0, "aVR": -0.5, "aVF": -0.5}
    changes = {lead: (lambda x, rate, share=share: x + share * step) for lead, share in shares.items()}
    quality = record_quality(spoil.spoilt(record, changes))
    assert quality.loose_electrode == "LA"
    assert quality.sentences[0].startswith("Left arm electrode (LA) off")
    assert record_quality(spoil.spoilt(record, {"I": changes["I"]})).loose_electrode == ""


def test_offsets_that_all_leads_have_are_the_recorders_not_an_electrodes():
    record = ecg()
    assert faults(dataclasses.replace(record, signal=record.signal + np.float32(6.0))) == {}


def test_a_gap_is_no_electrode_that_is_off():
    record = ecg()
    signal = record.signal.copy()
    signal[LEADS.index("V5"), :1500] = np.nan
    assert faults(dataclasses.replace(record, signal=signal)) == {"V5": ("samples missing",)}


@pytest.mark.parametrize("gain", [10.0, 0.1])
def test_a_gain_that_is_wrong_by_ten_is_named_in_every_lead(gain):
    found = faults(spoil.scaled(ecg(), gain))
    assert set(found) == set(LEADS)
    assert all("amplitude" in words for words in found.values())


def test_the_sentences_name_leads_once_and_say_all_leads_where_it_is_all():
    said = " ".join(remarks(spoil.scaled(ecg(), 10.0)))
    assert "(check the gain) in all leads." in said
    said = remarks(spoil.spoilt(ecg(), {"V2": spoil.hum(50.0), "V3": spoil.hum(50.0)}))
    assert said == ["Mains hum of 50 Hz in V2, V3."]


def test_without_volts_nothing_is_said_of_size_baseline_or_limb_leads():
    record = spoil.spoilt(ecg(), {"V6": spoil.wander(5.0)})
    lost = dataclasses.replace(spoil.scaled(record, 40.0), units="z-score")
    quality = record_quality(lost)
    assert not any(one.implausible or one.wandering or one.electrode_off for one in quality.leads)
    assert (quality.limb_reversal, quality.pacing, quality.einthoven) == ("", (), None)


def test_noise_of_a_minute_counts_in_two_and_not_in_ten():
    def first_minute(lead, rate):
        minute = np.arange(lead.size) < 60 * rate
        return lead + np.where(minute, spoil.white(0.3, 1)(lead, rate), 0.0)

    assert faults(spoil.spoilt(ecg(seconds=120), {"V1": first_minute})) == {"V1": ("noise",)}
    assert faults(spoil.spoilt(ecg(seconds=600), {"V1": first_minute})) == {}


@pytest.mark.parametrize("n_samples", [1, 2, 7, 50, 499])
def test_records_too_short_to_judge_are_judged_without_error(n_samples):
    record = ecg()
    found = record_quality(dataclasses.replace(record, signal=record.signal[:, :n_samples]))
    assert tuple(lead.lead for lead in found.leads) == record.leads
    (lone,) = record_quality(ECGRecord("one", record.signal[:1, :n_samples], 500.0, ("II",))).leads
    assert lone.lead == "II"


def test_real_records_seldom_have_a_fault_and_real_muscle_noise_is_one(real_data):
    noise = read_noise(real_data / "nstdb", "ma")
    headers = sorted((real_data / "ludb" / "data").glob("*.hea"))[::10]
    clean, found = [], []
    for header in headers:
        record = read_record([header, header.with_suffix(".dat")])
        clean += [one.noisy for one in lead_quality(record)]
        part = np.interp(np.arange(5000) / 500, np.arange(4000) / 360, noise.signal[0, :4000])
        spoilt = spoil.spoilt(record, {"V4": spoil.with_noise(part, 0)})
        found.append("noise" in faults(spoilt).get("V4", ()))
    assert np.mean(clean) < 0.02
    assert np.mean(found) > 0.9
