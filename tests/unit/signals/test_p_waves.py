"""P waves are believed where they come with the beats, not where a fibrillating baseline looks so."""

import numpy as np
import pytest

from ecgapp.analysis import open_model
from ecgapp.analysis.measurement.delineation import delineate
from ecgapp.config import Settings
from ecgapp.records import SyntheticConfig, Wave, synthesise
from ecgapp.signals.p_waves import has_p_waves


def lead(p_share, scatter, n_beats=20, seed=0):
    """Beats a second apart, the first share of them with a P wave about 160 ms before the QRS complex."""
    rng = np.random.default_rng(seed)
    waves = []
    for beat in range(n_beats):
        at = 1.0 + beat
        if beat < p_share * n_beats:
            onset = at - 0.16 + scatter * rng.normal()
            waves.append(Wave("P", onset, onset + 0.04, onset + 0.08))
        waves += [Wave("QRS", at, at + 0.04, at + 0.09), Wave("T", at + 0.25, at + 0.3, at + 0.4)]
    return sorted(waves, key=lambda wave: wave.onset)


@pytest.mark.parametrize(
    ("share", "scatter", "believed"),
    [
        (1.0, 0.0, True),
        (1.0, 0.05, True),
        (0.5, 0.004, True),
        (0.8, 0.05, False),
        (0.5, 0.05, False),
        (0.1, 0.0, False),
    ],
    ids=["sinus", "block", "bigeminy", "coarse fibrillation", "fibrillation", "a stray one"],
)
def test_p_waves_are_believed_where_they_are_many_or_constant(share, scatter, believed):
    assert has_p_waves([lead(share, scatter, seed=seed) for seed in range(12)]) is believed


def test_nothing_is_doubted_where_there_are_no_beats():
    assert has_p_waves([(), ()])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("rhythm", "there"), [("sinus", True), ("AF", False)])
def test_the_shipped_delineator_finds_p_waves_in_sinus_rhythm_and_none_in_fibrillation(
    rhythm, there, seed, tmp_path
):
    record = synthesise(SyntheticConfig(rhythm, noise=0.02, seed=seed)).record
    found = delineate(record, open_model("delineator", Settings(tmp_path)))
    assert any(wave.kind == "P" for lead in found.leads for wave in found.waves(lead)) is there
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_a_record_keeps_its_other_waves_without_p(tmp_path, monkeypatch):
    record = synthesise(SyntheticConfig(noise=0.02, seed=3)).record
    model = open_model("delineator", Settings(tmp_path))
    before = delineate(record, model)
    monkeypatch.setattr("ecgapp.analysis.measurement.delineation.has_p_waves", lambda _: False)
    after = delineate(record, model)
    for name in after.leads:
        kept = [wave for wave in after.waves(name) if wave.kind == "QRS"]
        assert len(kept) == len([wave for wave in before.waves(name) if wave.kind == "QRS"])
        assert not any(wave.kind == "P" for wave in after.waves(name))
