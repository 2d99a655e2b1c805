"""A map over the beats and by wave: aligned at R, nothing lost, nothing made up."""

import numpy as np
import pytest

from ecgapp.analysis import Explanation
from ecgapp.analysis.beat_relevance import BETWEEN, WAVES, by_beat, by_wave
from ecgapp.explain import Attribution
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.signals import beat_list, r_peaks

RECORD = synthesise(SyntheticConfig("sinus", 60, duration=25.0)).record
BEATS = r_peaks(RECORD.signal, RECORD.sampling_rate) / RECORD.sampling_rate


def explanation(values, start=5.0):
    return Explanation("AF", LEADS, values, 100.0, start, Attribution(values, 0.0, "x", "y", 1.0, 0.0))


def marked(offset, start=5.0, lead="V1"):
    """A map with one sample of each beat, ``offset`` seconds from R."""
    values = np.zeros((12, 1000), dtype=np.float32)
    places = np.round((BEATS + offset - start) * 100).astype(int)
    values[LEADS.index(lead), places[(places >= 0) & (places < 1000)]] = 1.0
    return explanation(values, start)


@pytest.mark.parametrize("start", [0.0, 5.0, 15.0])
@pytest.mark.parametrize("offset", [-0.2, 0.0, 0.1, 0.3])
def test_beats_are_aligned_at_r(start, offset):
    found = by_beat(RECORD, beat_list(RECORD), marked(offset, start))
    assert abs(found.times[found.mean.argmax()] - offset) <= 0.01
    assert found.mean.sum() == pytest.approx(2.0, rel=0.2)  # one logit a beat, in stretches of 20 ms
    assert found.lead == "V1"
    assert found.n_beats >= 8


def test_the_median_beat_has_its_peak_at_r():
    found = by_beat(RECORD, beat_list(RECORD), marked(0.1, lead="II"))
    assert abs(found.times[np.abs(found.beat).argmax()]) <= 0.02


def test_what_is_the_same_in_every_beat_has_no_spread():
    found = by_beat(RECORD, beat_list(RECORD), explanation(np.full((12, 1000), 0.5, dtype=np.float32)))
    np.testing.assert_allclose(found.mean, 12 * 0.5 * 2, rtol=1e-6)
    assert not found.spread.any()


@pytest.mark.parametrize(("wave", "offset"), [("P", -0.15), ("QRS", 0.0), ("ST", 0.12), ("T", 0.3)])
def test_relevance_is_counted_for_the_wave_in_which_it_lies(wave, offset):
    shares = {share.wave: share for share in by_wave(beat_list(RECORD), marked(offset))}
    assert shares[wave].relevance > 0.85  # the window's first and last beat are cut


def test_the_shares_of_relevance_and_of_time_sum_to_one():
    values = np.random.default_rng(0).normal(size=(12, 1000)).astype(np.float32)
    shares = by_wave(beat_list(RECORD), explanation(values))
    assert [share.wave for share in shares] == [*(wave for wave, _, _ in WAVES), BETWEEN]
    assert sum(share.relevance for share in shares) == pytest.approx(1)
    assert sum(share.time for share in shares) == pytest.approx(1)
    for share in shares:  # noise knows no waves
        assert share.relevance == pytest.approx(share.time, abs=0.03)


def test_without_beats_there_is_nothing_to_align():
    flat = synthesise(SyntheticConfig(duration=25.0)).record
    flat.signal[:] = 0
    empty = explanation(np.ones((12, 1000), dtype=np.float32))
    assert by_beat(flat, beat_list(flat), empty) is None
    assert by_wave(beat_list(flat), empty) == ()
