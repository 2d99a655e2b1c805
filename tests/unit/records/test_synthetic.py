"""The synthetic ECG keeps the laws of electrocardiography and the criteria of each diagnosis."""

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.records.record import LEADS
from ecgapp.records.synthetic import DEMOS, RHYTHMS, SyntheticConfig, synthesise

RATE = 500


def make(rhythm, heart_rate=70.0, duration=20.0, **disturbances):
    return synthesise(SyntheticConfig(rhythm, heart_rate, duration, RATE, **disturbances))


def lead(ecg, name):
    return ecg.record.signal[LEADS.index(name)]


def value(ecg, name, time):
    return float(lead(ecg, name)[round(time * RATE)])


def waves(ecg, kind):
    return [wave for wave in ecg.waves if wave.kind == kind]


def during(ecg, name, wave):
    return lead(ecg, name)[round(wave.onset * RATE) : round(wave.offset * RATE) + 1]


def whole_beats(ecg):
    """(P, QRS, T) of every beat that has all three."""
    beats = []
    for qrs in waves(ecg, "QRS"):
        before = [w for w in waves(ecg, "P") if qrs.onset - 0.35 < w.onset < qrs.onset]
        after = [w for w in waves(ecg, "T") if qrs.onset < w.peak < qrs.onset + 0.55]
        if before and after:
            beats.append((before[-1], qrs, after[0]))
    return beats


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_limb_leads_obey_einthoven_and_goldberger_even_with_noise(rhythm):
    ecg = make(rhythm, noise=0.05, wander=0.3, mains=0.05)
    one, two, three = (lead(ecg, name) for name in ("I", "II", "III"))
    np.testing.assert_allclose(three, two - one, atol=1e-5)
    np.testing.assert_allclose(lead(ecg, "aVR"), -(one + two) / 2, atol=1e-5)
    np.testing.assert_allclose(lead(ecg, "aVL"), one - two / 2, atol=1e-5)
    np.testing.assert_allclose(lead(ecg, "aVF"), two - one / 2, atol=1e-5)


def test_without_noise_three_dimensions_explain_all_twelve_leads():
    singular = np.linalg.svd(make("PVC").record.signal.astype(float), compute_uv=False)
    assert singular[3] < 1e-4 * singular[0]
    assert singular[2] > 1e-2 * singular[0]


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_the_same_seed_gives_the_same_ecg_and_another_seed_another(rhythm):
    first, same, other = make(rhythm, seed=1), make(rhythm, seed=1), make(rhythm, seed=2)
    np.testing.assert_array_equal(first.record.signal, same.record.signal)
    assert first.waves == same.waves
    assert not np.array_equal(first.record.signal, other.record.signal)


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_records_say_that_they_are_synthetic_and_what_they_show(rhythm):
    record = make(rhythm).record
    assert record.synthetic
    assert record.codes == (f"CPSC:{'Normal' if rhythm == 'sinus' else rhythm}",)
    assert record.signal.dtype == np.float32
    assert record.signal.shape == (12, 20 * RATE)


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_waves_lie_whole_inside_the_record_in_order(rhythm):
    ecg = make(rhythm)
    assert all(0 <= w.onset < w.peak < w.offset <= 20 for w in ecg.waves)
    assert [w.peak for w in ecg.waves] == sorted(w.peak for w in ecg.waves)
    assert len(waves(ecg, "QRS")) > 15


@pytest.mark.parametrize("sampling_rate", [100, 257, 1000])
def test_the_heart_does_not_depend_on_the_sampling_rate(sampling_rate):
    fine = make("sinus", duration=10)
    other = synthesise(SyntheticConfig("sinus", 70, 10, sampling_rate))
    assert other.waves == fine.waves
    times = np.arange(other.record.n_samples) / sampling_rate
    expected = np.interp(times, np.arange(10 * RATE) / RATE, lead(fine, "II"))
    np.testing.assert_allclose(lead(other, "II"), expected, atol=0.02)


def test_nothing_happens_between_the_end_of_t_and_the_next_p():
    ecg = make("sinus", 60)
    ends = [t.offset for _, _, t in whole_beats(ecg)][:-1]
    assert max(abs(value(ecg, name, end + 0.03)) for end in ends for name in LEADS) < 0.03


def test_r_grows_and_s_shrinks_across_the_chest():
    ecg = make("sinus")
    qrs = waves(ecg, "QRS")[3]
    r = [during(ecg, f"V{n}", qrs).max() for n in range(1, 7)]
    s = [-during(ecg, f"V{n}", qrs).min() for n in range(1, 7)]
    assert r[0] < r[2] < r[3]
    assert r[0] < 0.5 < 1 < r[4]
    assert s[0] > r[0]
    assert s[1] > r[1]
    assert s[5] < 0.2 < r[5]


def test_sinus_rhythm_has_a_normal_axis_intervals_and_upright_p_in_ii():
    ecg = make("sinus")
    for p, qrs, t in whole_beats(ecg):
        assert 0.12 <= qrs.onset - p.onset <= 0.20
        assert 0.07 <= qrs.offset - qrs.onset <= 0.11
        assert 0.34 <= t.offset - qrs.onset <= 0.44
        net_i, net_avf = during(ecg, "I", qrs).sum(), during(ecg, "aVF", qrs).sum()
        assert -30 < np.degrees(np.arctan2(2 / np.sqrt(3) * net_avf, net_i)) < 90
        assert 0.08 < value(ecg, "II", p.peak) < 0.25
        assert value(ecg, "aVR", p.peak) < 0
        assert value(ecg, "II", t.peak) > 0.1


def test_atrial_fibrillation_has_no_p_irregular_rr_and_fibrillatory_waves():
    ecg = make("AF", 90, 60)
    assert waves(ecg, "P") == []
    rr = np.diff(ecg.peaks("QRS"))
    assert rr.std() / rr.mean() > 0.15
    assert abs(np.corrcoef(rr[:-1], rr[1:])[0, 1]) < 0.35
    quiet = lead(ecg, "V1").copy()
    for wave in (*waves(ecg, "QRS"), *waves(ecg, "T")):
        quiet[round((wave.onset - 0.02) * RATE) : round((wave.offset + 0.02) * RATE)] = 0
    spectrum = np.abs(np.fft.rfft(quiet)) ** 2
    frequency = np.fft.rfftfreq(len(quiet), 1 / RATE)
    assert 4 < frequency[1:][spectrum[1:].argmax()] < 9
    assert quiet.std() > 0.02


@pytest.mark.parametrize("rhythm", [name for name in RHYTHMS if name not in ("AF", "PAC", "PVC")])
def test_regular_rhythms_are_regular_at_the_rate_asked_for(rhythm):
    rr = np.diff(make(rhythm, 75, 30).peaks("QRS"))
    assert rr.std() / rr.mean() < 0.04
    assert 60 / rr.mean() == pytest.approx(75, abs=1.5)


def test_pacs_come_early_with_another_p_a_normal_qrs_and_a_short_pause():
    ecg = make("PAC", 70, 60)
    rr = np.diff(ecg.peaks("QRS"))
    early = np.flatnonzero(rr < 0.75 * np.median(rr)) + 1
    assert len(early) >= 5
    qrs = waves(ecg, "QRS")
    for beat in early[early < len(rr)]:
        p = max((w for w in waves(ecg, "P") if w.onset < qrs[beat].onset), key=lambda w: w.onset)
        assert value(ecg, "aVF", p.peak) < value(ecg, "aVF", p.onset) - 0.05
        assert qrs[beat].offset - qrs[beat].onset < 0.11
        assert np.median(rr) < rr[beat] < 1.25 * np.median(rr)
        assert rr[beat - 1] + rr[beat] < 1.95 * np.median(rr)


def test_pvcs_come_early_wide_without_p_with_opposite_t_and_a_full_pause():
    ecg = make("PVC", 70, 60)
    qrs = waves(ecg, "QRS")
    wide = [n for n, w in enumerate(qrs) if w.offset - w.onset > 0.12]
    assert len(wide) >= 5
    usual = np.median(np.diff(ecg.peaks("QRS")))
    for n in (n for n in wide if 0 < n < len(qrs) - 1):
        before, after = qrs[n].peak - qrs[n - 1].peak, qrs[n + 1].peak - qrs[n].peak
        assert before < 0.75 * usual
        assert before + after == pytest.approx(2 * usual, rel=0.08)
        assert not [w for w in waves(ecg, "P") if qrs[n].onset - 0.25 < w.peak < qrs[n].onset]
        t = next(w for w in waves(ecg, "T") if w.peak > qrs[n].peak)
        assert value(ecg, "II", qrs[n].peak) > 1 > 0 > value(ecg, "II", t.peak)
        assert value(ecg, "V1", qrs[n].peak) < -0.5 < 0 < value(ecg, "V1", t.peak)


def test_first_degree_block_delays_every_qrs_beyond_a_fifth_of_a_second():
    beats = whole_beats(make("I-AVB", 65))
    assert len(beats) > 15
    assert all(0.21 < qrs.onset - p.onset < 0.34 for p, qrs, _ in beats)


def turns(signal, least=0.05):
    """Values of the turning points of a wave, leaving out wiggles smaller than ``least`` mV."""
    kept = [signal[0]]
    for point in signal[1:]:
        rising = len(kept) > 1 and kept[-1] > kept[-2]
        if len(kept) > 1 and (point > kept[-1]) == rising:
            kept[-1] = point
        elif abs(point - kept[-1]) > least:
            kept.append(point)
    return kept[1:-1] if abs(kept[-1]) < 0.2 else kept[1:]


def test_right_bundle_branch_block_is_wide_with_rsr_in_v1_and_broad_s_in_i_and_v6():
    ecg = make("RBBB")
    _, qrs, t = whole_beats(ecg)[3]
    assert qrs.offset - qrs.onset >= 0.12
    r, s, r_prime = turns(during(ecg, "V1", qrs))
    assert r > 0.1 > -0.2 > s
    assert r_prime > 2 * r
    for name in ("I", "V6"):
        signal = during(ecg, name, qrs)
        assert signal.max() > 0.4
        assert (signal < -0.1).sum() / RATE > 0.025
        assert signal.argmin() > signal.argmax()
    assert value(ecg, "V1", t.peak) < -0.05 < 0.1 < value(ecg, "V6", t.peak)


def test_left_bundle_branch_block_is_wide_with_notched_r_in_i_and_v6_and_deep_s_in_v1():
    ecg = make("LBBB")
    _, qrs, t = whole_beats(ecg)[3]
    assert qrs.offset - qrs.onset >= 0.12
    for name in ("I", "V6"):
        signal = during(ecg, name, qrs)
        first, notch, second = turns(signal, 0.01)
        assert min(first, second) > notch > 0.5 * max(first, second)
        assert signal.min() > -0.25  # no q, no S
        assert value(ecg, name, t.peak) < -0.1
    assert during(ecg, "V1", qrs).min() < -1
    assert during(ecg, "V1", qrs)[: round(0.12 * RATE)].max() < 0.15
    assert value(ecg, "V1", t.peak) > 0.3


def st_level(ecg, name, after_j=0.06):
    return np.mean([value(ecg, name, qrs.offset + after_j) for _, qrs, _ in whole_beats(ecg)])


def test_st_depression_lowers_the_lateral_leads_from_the_j_point_on():
    ecg, normal = make("STD"), make("sinus")
    for name in ("V4", "V5", "V6", "II"):
        assert st_level(ecg, name) < -0.1
        assert st_level(ecg, name, 0.02) < -0.08
        assert abs(st_level(normal, name, 0.02)) < 0.05
    assert st_level(ecg, "aVR") > 0.05


def test_st_elevation_raises_the_anterior_leads_and_mirrors_below():
    ecg, normal = make("STE"), make("sinus")
    for name in ("V2", "V3", "V4"):
        assert st_level(ecg, name) > 0.2
        assert st_level(ecg, name, 0.02) > 0.15
        assert abs(st_level(normal, name, 0.02)) < 0.05
    assert st_level(ecg, "III") < -0.05


def test_disturbances_have_the_size_asked_for():
    clean = make("sinus").record.signal
    muscle = make("sinus", noise=0.1).record.signal - clean
    np.testing.assert_allclose(muscle[[0, 1, *range(6, 12)]].std(axis=1), 0.1, rtol=0.05)
    hum = make("sinus", mains=0.2).record.signal - clean
    assert np.abs(hum[0]).max() == pytest.approx(0.2, rel=0.02)
    assert np.abs(np.fft.rfft(hum[0])).argmax() / 20 == pytest.approx(50)
    wander = make("sinus", wander=0.3, duration=60).record.signal - make("sinus", duration=60).record.signal
    assert 0.2 < np.abs(wander[0]).max() <= 0.31


@pytest.mark.parametrize(
    "nonsense",
    [
        {"rhythm": "flutter"},
        {"heart_rate": 0},
        {"heart_rate": 500},
        {"duration": 0},
        {"duration": float("nan")},
        {"sampling_rate": 0},
        {"noise": -1},
    ],
)
def test_nonsense_is_refused(nonsense):
    with pytest.raises(ConfigError):
        SyntheticConfig(**nonsense)


def test_there_is_a_demo_of_every_everyday_rhythm():
    assert {config.rhythm for config in DEMOS.values()} >= set(RHYTHMS)
