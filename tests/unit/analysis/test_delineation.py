"""Onsets and offsets of waves: marks are read, matched, learnt and counted correctly."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from streamlit.testing.v1 import AppTest

from ecgapp.__main__ import main
from ecgapp.analysis import open_model
from ecgapp.analysis.measurement.delineation import delineate, judged_leads
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets.layouts.ludb_waves import MarkedRecord, marked_records
from ecgapp.errors import ConfigError, CorruptRecordError, ModelError, SignalError
from ecgapp.evaluate.detectors.delineation_metrics import LeadWaves, delineation_metrics, matched_errors
from ecgapp.models import (
    Delineator,
    DelineatorConfig,
    FoldAutoencoderConfig,
    JangAutoencoderConfig,
    PatchAutoencoderConfig,
    build,
    load_card,
    load_model,
)
from ecgapp.records import LEADS, SyntheticConfig, Wave, synthesise, write_wfdb
from ecgapp.records.wfdb_annotations import Mark, read_marks, waves_of
from ecgapp.signals import PreprocessingConfig
from ecgapp.signals.segments import UNKNOWN, classes_of, waves_in
from ecgapp.storage import documents
from ecgapp.training.data.augmentation import AugmentationConfig
from ecgapp.training.delineator_training import ANY_LEAD, DelineationConfig, MarkedLead, MarkedWindows, learn

ONSET, OFFSET, P, N, T = 39, 40, 24, 1, 27
SMALL = FoldAutoencoderConfig(1, 512, patch=8, widths=(8, 12), depths=(1, 1), latent=5)
CONFIG = DelineationConfig(
    "tiny", "Tiny", DelineatorConfig(SMALL, width=8),
    PreprocessingConfig(ANY_LEAD, 250.0, 0.5, 40.0, 2, 512, 256),
    train_folds=(1, 2), test_folds=(3,), epochs=3, batch_size=8, learning_rate=1e-2,
    precision="fp32", augmentation=AugmentationConfig(muscle=0.02),
)  # fmt: skip


def words(*marks):
    return np.array([code << 10 | step for code, step in marks], "<u2").tobytes()


def wave(kind, onset, offset):
    return Wave(kind, onset, (onset + offset) / 2, offset)


def marked(seed, fold):
    ecg = synthesise(SyntheticConfig(duration=4, seed=seed, heart_rate=60 + 5 * seed))
    return MarkedRecord(ecg.record, fold, tuple(ecg.waves for _ in ecg.record.leads))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    return open_model("delineator", Settings(tmp_path_factory.mktemp("home")))


def test_marks_come_with_their_times_also_behind_a_long_pause_and_a_note():
    content = words((ONSET, 100), (N, 5), (63, 3)) + b"abc\0" + words((59, 0))
    content += np.array([1, 0], "<u2").tobytes() + words((OFFSET, 2), (0, 0))
    assert read_marks(content) == [
        Mark(100, ONSET),
        Mark(105, N, "abc"),
        Mark(105 + 65536 + 2, OFFSET),
    ]


def test_a_file_that_ends_within_a_mark_is_refused():
    with pytest.raises(CorruptRecordError):
        read_marks(words((N, 5)) + b"x")
    with pytest.raises(CorruptRecordError):
        read_marks(words((59, 0)))


def test_a_lead_whose_marks_are_not_whole_has_no_waves():
    whole = [Mark(500, ONSET), Mark(510, N), Mark(550, OFFSET)]
    assert waves_of(whole, 500.0) == (Wave("QRS", 1.0, 1.02, 1.1),)
    assert waves_of([*whole, Mark(600, T), Mark(640, OFFSET)], 500.0) == ()


def test_classes_and_waves_are_each_others_inverse_and_nothing_is_known_outside_the_marks():
    waves = (wave("QRS", 1.0, 1.1), wave("T", 1.3, 1.5), wave("P", 1.8, 1.9), wave("QRS", 2.0, 2.1))
    classes = classes_of(waves, 1000, 250.0)
    assert set(classes[:250]) == set(classes[526:]) == {UNKNOWN}
    found = waves_in(np.eye(4, dtype=np.float32)[np.maximum(classes, 0)].T, 250.0)
    assert [(w.kind, w.onset, w.offset) for w in found] == [
        (w.kind, pytest.approx(w.onset, abs=0.004), pytest.approx(w.offset, abs=0.004)) for w in waves
    ]


def test_a_flicker_of_a_class_is_no_wave_and_a_small_gap_does_not_split_one():
    likely = np.zeros((4, 250), np.float32)
    likely[0] = 0.5
    likely[2, 50:53] = 1.0
    likely[3, 100:130] = likely[3, 134:160] = 1.0
    assert [(w.kind, w.onset) for w in waves_in(likely, 250.0)] == [("T", 0.4)]


@pytest.mark.parametrize(
    ("behind", "found"),
    [(0.5, [("P", 0.4)]), (1.5, [])],
    ids=["not far behind", "far behind"],
)
def test_a_faint_p_wave_is_one_where_it_is_not_far_behind_the_likeliest(behind, found):
    logits = np.zeros((4, 250), np.float32)
    logits[1] = -8.0
    logits[1, 100:120] = -behind
    assert [(w.kind, w.onset) for w in waves_in(np.exp(logits), 250.0)] == found


def test_a_clear_p_wave_ends_where_it_is_no_longer_the_likeliest():
    logits = np.zeros((4, 250), np.float32)
    logits[1] = -8.0
    logits[1, 90:130], logits[1, 100:120] = -0.5, 4.0
    (only,) = waves_in(np.exp(logits), 250.0)
    assert (only.onset, only.offset) == (100 / 250, 119 / 250)


@pytest.mark.parametrize("warp", [0.0, 0.3])
def test_a_windows_waves_keep_their_classes_and_change_in_length_each_for_itself_if_warped(warp):
    classes = np.tile(np.repeat([0, 2], 30), 40)
    config = replace(
        CONFIG, warp=warp, batch_size=1, augmentation=AugmentationConfig(gain=0, wander=0, muscle=0)
    )
    ((signal, cut),) = MarkedWindows([MarkedLead(classes.astype(np.float32), classes)], config)
    known = cut[0] != UNKNOWN
    assert (signal[0, 0] - cut[0])[known].abs().max() <= 1.0  # between two samples, half their step
    lengths = np.diff(np.flatnonzero(np.diff(cut[0][known])))
    assert (np.ptp(lengths) > 2) == (warp > 0)


@pytest.mark.parametrize(
    "encoder",
    [
        SMALL,
        PatchAutoencoderConfig(1, 512, widths=(8, 12), depths=(1, 1)),
        JangAutoencoderConfig(n_samples=512, filters=2, latent=5),
    ],
    ids=lambda config: config.architecture,
)
def test_a_delineator_answers_for_every_sample_with_any_encoder(encoder):
    import torch

    network = build(DelineatorConfig(encoder, width=4))
    assert isinstance(network, Delineator)
    assert network.eval()(torch.randn(3, 1, 512)).shape == (3, 4, 512)


def test_a_delineator_of_several_leads_is_refused():
    with pytest.raises(ConfigError, match="one lead"):
        DelineatorConfig(FoldAutoencoderConfig(n_leads=12))


def test_learning_lowers_the_loss_and_the_same_seed_gives_the_same_network():
    records = [marked(seed, 1 + seed % 2) for seed in range(3)]
    losses = []
    first = learn(CONFIG, records, None, lambda _, loss: losses.append(loss))
    again = learn(CONFIG, records, None, lambda *_: None)
    assert losses[-1] < 0.8 * losses[0]
    for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        assert (one == other).all()


def test_records_of_other_folds_are_not_learnt_from():
    with pytest.raises(ConfigError, match="too few"):
        learn(CONFIG, [marked(seed, 3) for seed in range(3)], None, lambda *_: None)


def test_the_closest_pairs_meet_first_and_each_mark_once():
    errors = matched_errors(np.array([1.0, 2.0]), np.array([0.98, 1.10, 2.30]))
    assert errors.tolist() == [pytest.approx(-0.02)]


def test_figures_count_what_is_missed_what_is_made_up_and_nothing_outside_the_marks():
    truth = [wave("QRS", 1.0, 1.1), wave("P", 1.7, 1.8), wave("QRS", 2.0, 2.1), wave("QRS", 3.0, 3.1)]
    found = [
        wave("QRS", 0.2, 0.3),  # before the first mark: unknown
        wave("QRS", 1.01, 1.1), wave("QRS", 1.5, 1.6), wave("QRS", 2.03, 2.1), wave("T", 2.4, 2.6),
    ]  # fmt: skip
    metrics = delineation_metrics([LeadWaves(0, truth, found)], "made up", n_bootstrap=30)
    onset = next(b for b in metrics.boundaries if (b.wave, b.edge) == ("QRS", "onset"))
    assert (onset.n_marked, onset.n_found) == (3, 3)
    assert onset.sensitivity.value == pytest.approx(2 / 3)
    assert onset.precision.value == pytest.approx(2 / 3)
    assert onset.mean_error.value == pytest.approx(20.0)
    assert onset.deviation.value == pytest.approx(10.0)
    assert next(b for b in metrics.boundaries if b.wave == "P").sensitivity.value == 0


def test_the_shipped_delineator_meets_the_waves_of_a_heart_it_has_never_seen(shipped):
    ecg = synthesise(SyntheticConfig(noise=0.01, wander=0.05, seed=4))
    record = MarkedRecord(ecg.record, 0, tuple(ecg.waves for _ in LEADS))
    for boundary in delineation_metrics(judged_leads(shipped, [record]), "synthetic", 30).boundaries:
        assert boundary.sensitivity.value > 0.9, boundary
        assert boundary.precision.value > 0.9, boundary


def test_a_flat_lead_is_left_out_and_a_record_without_any_is_refused(shipped):
    record = synthesise(SyntheticConfig(duration=3)).record
    signal = record.signal.copy()
    signal[3] = 0.0
    assert "aVR" not in delineate(replace(record, signal=signal), shipped).leads
    with pytest.raises(SignalError):
        delineate(replace(record, signal=np.zeros_like(signal)), shipped)


def test_only_a_delineator_delineates(tmp_path):
    with pytest.raises(ModelError, match="delineator"):
        delineate(synthesise(SyntheticConfig(duration=3)).record, open_model("cae_lead2", Settings(tmp_path)))


def test_the_shipped_delineator_says_how_well_it_does():
    card = load_card(PROJECT / "weights", "delineator")
    assert card.purpose == "delineator"
    assert card.delineation is not None
    assert {b.wave for b in card.delineation.boundaries} == {"P", "QRS", "T"}
    least = {"P": 0.97, "QRS": 0.99, "T": 0.98}
    for boundary in card.delineation.boundaries:
        assert boundary.sensitivity.value >= least[boundary.wave], boundary
        assert boundary.precision.value >= least[boundary.wave], boundary
        assert abs(boundary.mean_error.value) <= 4, boundary


def test_the_performance_page_shows_a_delineators_boundaries(shipped, tmp_path, monkeypatch):
    for kind in ("json", "safetensors"):
        (tmp_path / "weights").mkdir(exist_ok=True)
        shutil.copy(PROJECT / "weights" / f"delineator.{kind}", tmp_path / "weights")
    tiny_models.stand_alone(monkeypatch, tmp_path)
    page = AppTest.from_file(str(PROJECT / "pages" / "performance.py"), default_timeout=30).run()
    assert not page.exception
    table = page.dataframe[0].value.set_index("Boundary")
    assert list(table.index) == [
        f"{kind} {edge}" for kind in ("P", "QRS", "T") for edge in ("onset", "offset")
    ]
    onset = shipped.card.delineation.boundaries[2].sensitivity
    assert table.loc["QRS onset", "Sensitivity"].startswith(f"{onset.value:.3f} ({onset.low:.3f}")


def test_cross_fitting_judges_each_fold_once_by_a_network_of_the_others():
    config = replace(CONFIG, train_folds=(3, 1, 2, 4, 5), test_folds=(), parts=2)
    assert [(part.train_folds, part.test_folds) for part in config.cross_fits] == [
        ((4, 5), (1, 2, 3)),
        ((1, 2, 3), (4, 5)),
    ]
    assert CONFIG.cross_fits == ()
    for nonsense in ({"test_folds": (9,)}, {"parts": 1}, {"parts": 6}):
        with pytest.raises(ConfigError, match="Cross-fitting"):
            replace(config, **nonsense)


def test_real_marks_are_read_as_cardiologists_made_them(real_data):
    records = marked_records(real_data / "ludb")
    assert len(records) >= 100
    kinds = {wave.kind for record in records for waves in record.waves for wave in waves}
    assert kinds == {"P", "QRS", "T"}
    assert all(w.onset <= w.peak <= w.offset for record in records for waves in record.waves for w in waves)


def write_marks(waves, path):
    """A file of triples, as LUDB's: two bytes a mark."""
    codes, marks, before = {"P": P, "QRS": N, "T": T}, [], 0
    for found in waves:
        times = (found.onset, found.peak, found.offset)
        for code, time in zip((ONSET, codes[found.kind], OFFSET), times, strict=True):
            sample = round(500 * time)
            marks.append((code, sample - before))
            before = sample
    path.write_bytes(words(*marks, (0, 0)))


@pytest.fixture
def ludb(tmp_path):
    """Three synthetic patients in LUDB's layout."""
    data = tmp_path / "ludb" / "data"
    data.mkdir(parents=True)
    for patient in range(1, 4):
        heart = synthesise(SyntheticConfig(duration=6, seed=patient))
        write_wfdb(heart.record, data, str(patient))
        for lead in LEADS:
            write_marks(heart.waves, data / f"{patient}.{lead.lower()}")
    lines = ["ID,Sex,Age,Rhythms", *(f"{patient},M,50,Sinus rhythm" for patient in range(1, 4))]
    (tmp_path / "ludb" / "ludb.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "ludb"


def test_marks_are_read_back_from_the_layout_of_the_database(ludb):
    records = marked_records(ludb)
    truth = synthesise(SyntheticConfig(duration=6, seed=1)).waves
    assert [len(record.waves) for record in records] == [12, 12, 12]
    for found, known in zip(records[0].waves[0], truth, strict=True):
        assert (found.kind, found.onset) == (known.kind, pytest.approx(known.onset, abs=0.0011))
    (ludb / "data" / "1.v6").unlink()
    assert len(marked_records(ludb)) == 2


def test_the_command_trains_judges_and_saves_a_model_that_loads_again(ludb, tmp_path, capsys):
    folds = [record.fold for record in marked_records(ludb)]
    train = tuple(dict.fromkeys(fold for fold in folds if fold != folds[0]))
    config = replace(CONFIG, train_folds=train, test_folds=(folds[0],), epochs=2)
    recipe, out = tmp_path / "tiny.json", tmp_path / "out"
    recipe.write_text(documents.dump(config), encoding="utf-8")
    assert main(["delineate", str(recipe), "--data", str(ludb), "--out", str(out)]) == 0
    assert "Epoch 2 of 2" in capsys.readouterr().out
    model = load_model([out], "tiny")
    assert model.card.delineation.n == folds.count(folds[0])
    assert model.card.provenance.initialisation == "random"


def test_a_cross_fitted_model_is_judged_on_every_record_and_learnt_from_all(ludb, tmp_path, capsys):
    folds = tuple(dict.fromkeys(record.fold for record in marked_records(ludb)))
    config = replace(CONFIG, train_folds=folds, test_folds=(), parts=len(folds), epochs=1, batch_size=4)
    recipe, out = tmp_path / "tiny.json", tmp_path / "out"
    recipe.write_text(documents.dump(config), encoding="utf-8")
    assert main(["delineate", str(recipe), "--data", str(ludb), "--out", str(out)]) == 0
    card = load_model([out], "tiny").card
    assert (card.delineation.n, card.delineation.n_leads) == (3, 36)
    assert (card.provenance.n_train, card.provenance.n_validation) == (3, 3)
    assert "each by a network trained without it" in card.provenance.validation_folds
    assert "did not see" in card.provenance.note
    assert f"without folds {folds[0]}:" in capsys.readouterr().out


def test_settings_that_cannot_be_read_are_refused_in_one_sentence(tmp_path, capsys):
    missing = ["delineate", str(tmp_path / "none.json"), "--data", str(tmp_path), "--out", str(tmp_path)]
    assert main(missing) == 1
    assert "Name a JSON file" in capsys.readouterr().err
