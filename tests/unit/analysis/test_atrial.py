"""P waves beside QRS complexes: one to one, two to one, or each in its own rhythm."""

from functools import cache

import numpy as np
import pytest
from shipped_delineator import delineator, measured

from ecgapp.analysis import measure
from ecgapp.records import ECGRecord, SyntheticConfig, read_record, synthesise
from ecgapp.records.synthetic import ventricles
from ecgapp.records.synthetic.dipole import dipole, project, twelve_leads
from ecgapp.signals.p_waves import p_period

NORMAL, ATRIA = ventricles.NORMAL, ventricles.ATRIA
P_TO_R = 0.17  # s from the beginning of P, where a beat is conducted


def heart(beats, p_onsets, seconds=12.0, seed=0):
    """Twelve leads with QRS and T at ``beats`` (s of R) and P waves that begin at ``p_onsets``."""
    bumps = []
    for beat in beats:
        st_segment, t_wave = NORMAL.repolarisation(0.9)
        bumps += [bump.moved(beat, 1.0) for bump in (*NORMAL.qrs, *st_segment, *t_wave)]
    first = min(bump.onset for bump in ATRIA)
    bumps += [bump.moved(onset - first, 1.0) for onset in p_onsets for bump in ATRIA]
    signal = project(dipole(bumps, round(seconds * 500), 500.0))
    signal = signal + 0.006 * np.random.default_rng(seed).normal(size=signal.shape)
    return ECGRecord("block", twelve_leads(signal), 500.0)


@cache
def complete_block(seed):
    """A complete block: 36 to 45 beats a minute, and P waves at 72 to 100."""
    rng = np.random.default_rng(seed)
    slow, fast = 60 / rng.uniform(36, 45), 60 / rng.uniform(72, 100)
    beats = np.arange(0.6, 11.8, slow)
    return measured(heart(beats, np.arange(rng.uniform(0, fast), 11.8, fast), seed=seed)), fast


@cache
def two_to_one(seed):
    """Every other of 75 to 100 P waves a minute is conducted."""
    period = 60 / np.random.default_rng(seed).uniform(75, 100)
    p_onsets = np.arange(0.3, 11.6, period)
    return measured(heart(p_onsets[::2] + P_TO_R, p_onsets, seed=seed)), period


@pytest.mark.parametrize("seed", range(6))
def test_p_waves_with_a_rhythm_of_their_own_are_dissociated_and_have_no_pr(seed):
    found, period = complete_block(seed)
    assert found.atrial.dissociated
    assert found.atrial.rate == pytest.approx(60 / period, rel=0.05)
    assert found.value("PR") is None
    assert "P waves and QRS complexes" in next(row.reason for row in found.rows if row.name == "PR")
    assert found.value("QRS") is not None


@pytest.mark.parametrize("seed", range(6))
def test_two_p_waves_a_beat_are_counted_and_their_pr_is_constant(seed):
    found, period = two_to_one(seed)
    assert found.atrial.ratio == pytest.approx(2.0, abs=0.1)
    assert found.atrial.rate == pytest.approx(60 / period, rel=0.05)
    assert found.atrial.scatter < 0.03
    assert not found.atrial.dissociated
    assert found.value("PR") is not None


@pytest.mark.parametrize("rhythm", ["sinus", "PAC", "PVC", "I-AVB", "LBBB", "AF"])
def test_no_other_rhythm_is_dissociated_or_has_two_p_waves_a_beat(rhythm):
    for seed in range(4):
        record = synthesise(SyntheticConfig(rhythm, 55 + 12 * seed, noise=0.01, seed=seed)).record
        found = measured(record).atrial
        assert not found.dissociated
        assert found.ratio is None or found.ratio == pytest.approx(1.0, abs=0.15)


def test_a_period_is_found_where_waves_are_hidden_and_none_where_they_come_at_random():
    regular = np.arange(0.2, 20, 0.8)
    hidden = np.delete(regular, [3, 7, 8, 15])
    assert p_period(regular) == pytest.approx(0.8)
    assert p_period(hidden) == pytest.approx(0.8)
    rng = np.random.default_rng(0)
    found = [p_period(np.sort(rng.uniform(0, 10, 11))) for _ in range(100)]
    assert sum(period is not None for period in found) <= 3
    assert p_period(regular[:4]) is None


def test_the_second_degree_block_of_the_mit_bih_database_has_two_p_waves_a_beat(real_data):
    record = read_record([real_data / "mitdb" / "231.hea"])
    blocked, conducted = (measure(record, delineator(), start).atrial for start in (400.0, 1500.0))
    assert blocked.ratio == pytest.approx(2.0, abs=0.1)
    assert conducted.ratio == pytest.approx(1.0, abs=0.1)
    assert not blocked.dissociated
