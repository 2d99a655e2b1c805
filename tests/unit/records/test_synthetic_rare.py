"""Laws of every dangerous and rare rhythm, over forty seeds of each."""

from itertools import pairwise

import numpy as np
import pytest
from synthetic_kinds import DURATION, RATE, SEEDS, forty, kinds, waves, width

from ecgapp.errors import ConfigError
from ecgapp.records import RARE_RHYTHMS
from ecgapp.records.synthetic import DEMOS, KINDS, RHYTHMS, SyntheticConfig, synthesise
from ecgapp.records.synthetic.synthesis import BUILDERS

EVENTS = {  # what each rhythm always shows, and what it may show besides
    "VT": ({"broad_complex_tachycardia"}, {"tachycardia"}),
    "NSVT": ({"broad_complex_tachycardia"}, set()),
    "torsade": ({"broad_complex_tachycardia", "tachycardia", "long_qt"}, set()),
    "VFL": ({"ventricular_fibrillation"}, set()),
    "VF": ({"ventricular_fibrillation"}, set()),
    "asystole": ({"asystole"}, set()),
    "sinus pause": ({"pause"}, set()),
    "sinus bradycardia": ({"bradycardia"}, set()),
    "III-AVB": ({"av_block"}, {"bradycardia"}),
    "II-AVB 2:1": ({"av_block"}, {"bradycardia"}),
    "high-degree AVB": ({"av_block"}, {"bradycardia"}),
    "pacing failure": ({"pacing_failure"}, {"av_block", "bradycardia"}),
    "hyperkalaemia": ({"sine_wave"}, set()),
    "long QT": ({"long_qt"}, set()),
    "STEMI": ({"st_elevation"}, set()),
    "SVT": ({"tachycardia"}, set()),
    "AFL": (set(), {"tachycardia"}),
    "AT": (set(), {"tachycardia"}),
    "BBB tachycardia": (set(), {"broad_complex_tachycardia"}),
    "AF with LBBB": (set(), {"broad_complex_tachycardia", "tachycardia"}),
}
STEEPEST = 0.20  # mV per ms: the free wall's R wave of a large heart; a jump would be steeper


def test_every_rare_rhythm_has_a_builder():
    assert set(BUILDERS) == set(RARE_RHYTHMS)
    assert not set(RHYTHMS) & set(RARE_RHYTHMS)


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_a_rhythm_shows_what_is_critical_about_it_and_nothing_else(rhythm):
    always, perhaps = EVENTS.get(rhythm, (set(), set()))
    for ecg in forty(rhythm):
        assert always <= set(kinds(ecg)) <= always | perhaps, ecg.variant
        assert kinds(ecg) == sorted(kinds(ecg), key=KINDS.index)
        assert len(set(kinds(ecg))) == len(kinds(ecg))
        assert all(0 <= event.start < event.end <= DURATION for event in ecg.events)


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_waves_lie_whole_inside_the_record_in_order_and_complexes_apart(rhythm):
    for ecg in forty(rhythm):
        assert all(0 <= w.onset < w.peak < w.offset <= DURATION for w in ecg.waves)
        assert [w.peak for w in ecg.waves] == sorted(w.peak for w in ecg.waves)
        qrs = waves(ecg, "QRS")
        assert all(early.offset < late.onset for early, late in pairwise(qrs))


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_limb_leads_obey_einthoven_and_the_signal_never_jumps(rhythm):
    for ecg in forty(rhythm):
        one, two, three = ecg.record.signal[:3]
        np.testing.assert_allclose(three, two - one, atol=1e-5)
        steps = np.abs(np.diff(ecg.record.signal, axis=1))
        for spike in ecg.spikes:
            steps[:, max(0, round(spike * RATE) - 1) : round(spike * RATE) + 2] = 0
        assert steps.max() < STEEPEST * 1000 / RATE
        assert 0.01 < np.abs(ecg.record.signal).max() < 4.5


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_a_seed_gives_the_same_ecg_again_and_other_seeds_other_ones(rhythm):
    ecgs = forty(rhythm)
    again = synthesise(SyntheticConfig(rhythm, sampling_rate=RATE, seed=7))
    np.testing.assert_array_equal(again.record.signal, ecgs[7].record.signal)
    assert (again.waves, again.events, again.spikes) == (ecgs[7].waves, ecgs[7].events, ecgs[7].spikes)
    assert len({ecg.record.signal.tobytes() for ecg in ecgs}) == len(SEEDS)
    assert {ecg.variant for ecg in ecgs} == set(RARE_RHYTHMS[rhythm].variants)


@pytest.mark.parametrize("rhythm", ["VT", "torsade", "VF", "III-AVB", "pacing failure", "hyperkalaemia"])
def test_seeds_differ_in_shape_not_only_in_time(rhythm):
    spectra = [np.abs(np.fft.rfft(ecg.record.signal, axis=1)).ravel() for ecg in forty(rhythm)]
    likeness = np.corrcoef(spectra)[np.triu_indices(len(SEEDS), 1)]
    assert np.median(likeness) < 0.85


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_a_rhythm_can_be_had_in_every_variant_at_both_ends_of_its_rates(rhythm):
    for variant, rates in RARE_RHYTHMS[rhythm].variants.items():
        for rate in rates:
            ecg = synthesise(SyntheticConfig(rhythm, rate, sampling_rate=100, variant=variant))
            assert ecg.variant == variant
            assert np.isfinite(ecg.record.signal).all()


@pytest.mark.parametrize("onset", [0.0, 1.3, 2.8])
@pytest.mark.parametrize("rhythm", [name for name, rare in RARE_RHYTHMS.items() if rare.tail])
def test_a_rhythm_begins_when_it_is_asked_to(rhythm, onset):
    for seed in range(6):
        ecg = synthesise(SyntheticConfig(rhythm, sampling_rate=100, seed=seed, onset=onset))
        assert ecg.events[0].start == pytest.approx(onset, abs=0.3)


@pytest.mark.parametrize("rhythm", RARE_RHYTHMS)
def test_the_span_of_a_ventricular_rhythm_is_that_of_its_event(rhythm):
    expected = {"VT": "VT", "NSVT": "VT", "torsade": "VT", "VF": "VF", "VFL": "VF"}.get(rhythm)
    for ecg in forty(rhythm):
        assert [span.rhythm for span in ecg.ventricular] == ([expected] if expected else [])
        for span in ecg.ventricular:
            assert span.start == pytest.approx(ecg.events[0].start, abs=0.45)  # a complex cut by the edge
            assert span.end == pytest.approx(ecg.events[0].end, abs=0.45)


def test_only_long_qt_has_a_long_qt_interval():
    for rhythm in ("sinus bradycardia", "II-AVB 2:1", "STEMI", "SVT", "WPW", "Wenckebach", "AFL", "AT"):
        for ecg in forty(rhythm):
            qrs = waves(ecg, "QRS")
            for before, beat in pairwise(qrs):
                t_wave = next((w for w in waves(ecg, "T") if w.peak > beat.offset), None)
                rr = beat.peak - before.peak
                if t_wave is not None and t_wave.peak < beat.offset + 0.5:
                    assert t_wave.offset - beat.onset < 0.5 * np.cbrt(rr), (rhythm, rr)


@pytest.mark.parametrize(
    ("rhythm", "nonsense"),
    [
        ("VT", {"heart_rate": 70}),
        ("VT", {"variant": "anterior"}),
        ("VT", {"onset": 9.5}),
        ("VT", {"onset": -1}),
        ("VT", {"duration": 5}),
        ("WPW", {"onset": 2}),
        ("AFL", {"heart_rate": 70, "variant": "2:1"}),
        ("asystole", {"onset": 5}),
        ("sinus", {"variant": "fast"}),
        ("sinus", {"onset": 2}),
    ],
)
def test_what_a_rhythm_cannot_be_is_refused(rhythm, nonsense):
    with pytest.raises(ConfigError):
        SyntheticConfig(rhythm, **nonsense)


def test_a_rate_that_only_one_variant_allows_chooses_it():
    assert synthesise(SyntheticConfig("III-AVB", 30)).variant == "ventricular escape"
    assert synthesise(SyntheticConfig("III-AVB", 50)).variant == "junctional escape"


def test_everyday_rhythms_are_critical_by_their_rate_width_or_st_segment_only():
    def found(rhythm, rate):
        return kinds(synthesise(SyntheticConfig(rhythm, rate)))

    for rhythm in RHYTHMS:
        assert found(rhythm, 72) == (["st_elevation"] if rhythm == "STE" else [])
    assert found("sinus", 34) == ["bradycardia"]
    assert found("sinus", 170) == ["tachycardia"]
    assert found("LBBB", 115) == []
    assert found("RBBB", 130) == ["broad_complex_tachycardia"]
    assert found("LBBB", 160) == ["broad_complex_tachycardia", "tachycardia"]


def test_pvcs_and_a_pair_of_them_are_no_tachycardia():
    assert kinds(synthesise(SyntheticConfig("PVC", 100, 60))) == []


def test_the_demonstrations_show_every_kind_of_critical_event():
    shown = {kind for config in DEMOS.values() for kind in kinds(synthesise(config))}
    assert shown == set(KINDS)


def test_broad_complexes_are_broad_and_narrow_ones_narrow():
    for rhythm in ("AIVR", "hyperkalaemia", "BBB tachycardia", "AF with LBBB", "WPW"):
        assert all(width(qrs) >= 0.12 for ecg in forty(rhythm) for qrs in waves(ecg, "QRS")), rhythm
    for rhythm in ("SVT", "AFL", "AT", "Wenckebach", "sinus pause", "sinus bradycardia", "long QT", "STEMI"):
        assert all(width(qrs) < 0.11 for ecg in forty(rhythm) for qrs in waves(ecg, "QRS")), rhythm
