"""The gate's two questions: readable at all, similar to the training data; and what it says of each."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
import tiny_models
import torch
from dataset_sources import write_ptb_xl
from streamlit.testing.v1 import AppTest

from ecgapp import analysis
from ecgapp.__main__ import main
from ecgapp.analysis import Judges
from ecgapp.analysis.admission import Admission, GateAnswer
from ecgapp.analysis.admission_words import LOOK, UNREADABLE, WITHHELD
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import LAYOUTS, ImportOptions
from ecgapp.errors import ConfigError, DatasetError, ModelError
from ecgapp.evaluate.detectors.record_readability import unreadable
from ecgapp.evaluate.detectors.refusals import BAD, GOOD, ScoredKind, auroc, gate_metrics
from ecgapp.evaluate.reliability_diagram import wilson
from ecgapp.models import PARTS, Gate, GateConfig, Readability, build, load_card, load_model
from ecgapp.models.weights import read_model
from ecgapp.promotion.checks import refuse_unusable
from ecgapp.records import DEMOS, LEADS, RHYTHMS, ECGRecord, SyntheticConfig, synthesise, write_wfdb
from ecgapp.records.wfdb_annotations import read_marks
from ecgapp.report import Bundle
from ecgapp.signals.quality.legibility import contradiction, disagreement, evenness, roughness
from ecgapp.signals.quality.readability_features import NUMBERS, dominant_rhythm, readability_numbers
from ecgapp.storage import documents
from ecgapp.training.gate.bad_signals import FORMULAS, RECORDED, read_noise, shuffled, twelve, with_noise
from ecgapp.training.gate.gate_records import DISTORTED
from ecgapp.training.gate.readability_fit import MeasuredRecord, cross_fitted, fit_readable
from ecgapp.training.gate.rhythm_records import rhythm_windows
from ecgapp.training.gate.similarity_fit import GateFitConfig, Judged, fit_latent, fit_score, scores
from ecgapp.ui.shell.page_start import TORCH_THREADS

WEIGHTS = PROJECT / "weights"
REVIEW, PERFORMANCE = (str(PROJECT / "pages" / f"{page}.py") for page in ("review", "performance"))
READABLE, GATES = "gate_readable", ("gate", "gate_lead")
WINDOW = synthesise(SyntheticConfig(sampling_rate=100)).record.signal
NOISE = np.random.default_rng(0).normal(0, 0.3, WINDOW.shape).astype(np.float32)


def ecg(**changes):
    return synthesise(SyntheticConfig(**{"noise": 0.008, "wander": 0.03, **changes})).record


def of_signal(signal, rate=100.0, leads=LEADS, **changes):
    return ECGRecord("made", np.asarray(signal, np.float32), rate, leads=leads, **changes)


@pytest.fixture(scope="module", params=GATES)
def gate(request):
    return load_model([WEIGHTS], request.param)


@pytest.fixture(scope="module")
def readability():
    """The judge of the first question."""
    return load_model([WEIGHTS], READABLE)


@pytest.fixture(scope="module")
def both(gate, readability):
    """The judges of both questions."""
    return Judges(readability, gate)


@pytest.fixture(scope="module")
def whole(readability):
    """The judges of twelve leads."""
    return Judges(readability, load_model([WEIGHTS], "gate"))


# The numbers on the signal


@pytest.mark.parametrize("measure", [roughness, disagreement], ids=lambda measure: measure.__name__)
def test_noise_is_rougher_than_an_ecg_and_its_beats_do_not_agree(measure):
    assert measure(NOISE, 100.0) > measure(WINDOW, 100.0) + 0.3


def test_an_ecg_is_quiet_between_beats_and_noise_is_not():
    assert evenness(NOISE) > evenness(WINDOW) + 0.5


def test_the_numbers_do_not_change_with_the_scale_of_a_lead():
    scaled = WINDOW * np.linspace(0.2, 5, 12, dtype=np.float32)[:, None]
    for measure in (lambda x: roughness(x, 100.0), evenness, lambda x: contradiction(x, LEADS)):
        assert measure(scaled) == pytest.approx(measure(WINDOW), abs=1e-3)


def test_limb_leads_that_follow_from_two_do_not_contradict_each_other_and_shuffled_ones_do():
    assert contradiction(WINDOW, LEADS) < np.log(2e-4)
    moved = WINDOW[[6, *range(1, 6), 0, *range(7, 12)]]  # V1 in the place of I
    assert contradiction(moved, LEADS) > np.log(1e-3)
    assert contradiction(WINDOW[6:], LEADS[6:]) == pytest.approx(np.log(1e-4))


def test_too_few_beats_agree_with_nothing():
    assert disagreement(WINDOW[:, :120], 100.0) == 1.0
    assert disagreement(np.zeros((12, 1000), np.float32), 100.0) == 1.0


# The network and the score


def tiny_gate():
    torch.manual_seed(0)
    return build(GateConfig(tiny_models.encoder())).eval()


def test_a_gate_answers_two_numbers_a_window_and_survives_its_document():
    assert tiny_gate()(torch.randn(3, 12, 1000)).shape == (3, 2)
    config = GateConfig(tiny_models.encoder())
    assert documents.load(type(config), documents.dump(config)) == config


def test_no_part_speaks_in_a_records_favour():
    gate = tiny_gate()
    parts = torch.zeros(len(PARTS))
    assert (gate.contributions(parts - 5) == 0).all()
    assert gate.score(parts + 1) > gate.score(parts) == gate.score(parts - 5)


def test_whitened_latents_lie_at_a_mean_squared_distance_of_about_one():
    gate = tiny_gate()
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(5000, gate.config.latent)) @ rng.normal(size=(gate.config.latent,) * 2)
    fit_latent(gate, latents)
    white = (torch.from_numpy(latents).float() - gate.latent_mean) @ gate.whitening
    assert float(white.square().mean()) == pytest.approx(1.0, rel=0.1)


FIT = GateFitConfig("fit", "Fit", tiny_models.preprocessing(), pretrained="tiny_cae", train_folds=(1, 2))
ONE_LEAD = replace(tiny_models.preprocessing(), leads=("any lead",))
FIT_READABLE = replace(FIT, question="readable", pretrained="", preprocessing=ONE_LEAD)


def judged(rng, n=300):
    """Good records around 0, two kinds of others that differ in one part each."""
    rows = []
    for kind, role, part in (("good", GOOD, None), ("loud", BAD, 0), ("torn", BAD, 4)):
        values = rng.normal(size=(n, len(PARTS)))
        if part is not None:
            values[:, part] += 6
        rows += [
            Judged(kind, role, (1, 2, 8, 9)[row % 4], tuple(value))
            for row, value in enumerate(values.tolist())
        ]
    return rows


def test_fitting_weighs_what_tells_the_kinds_apart_and_keeps_to_its_allowance():
    gate, rows = tiny_gate(), judged(np.random.default_rng(1))
    threshold = fit_score(gate, rows, replace(FIT, allowance=0.05))
    assert set(gate.weights.argsort()[-2:].tolist()) == {0, 4}
    assert (gate.weights >= 0).all()
    kept = scores(gate, [row for row in rows if row.role == GOOD and row.fold == 8])
    assert (kept >= threshold).mean() <= 0.05
    bad = scores(gate, [row for row in rows if row.role == BAD and row.fold == 9])
    assert (bad >= threshold).mean() > 0.9


def test_folds_without_records_of_either_kind_are_refused():
    rows = judged(np.random.default_rng(1))
    with pytest.raises(ConfigError, match="training folds"):
        fit_score(tiny_gate(), [row for row in rows if row.role == GOOD], FIT)
    with pytest.raises(ConfigError, match="validation folds"):
        fit_score(tiny_gate(), [row for row in rows if row.fold != 8], FIT)
    with pytest.raises(ConfigError, match="fold is for"):
        replace(FIT, test_folds=(1,))
    with pytest.raises(ConfigError, match="question"):
        replace(FIT, pretrained="")


# What spoils a record


def test_six_decibels_are_half_the_noise():
    clean = WINDOW[list(RECORDED)].astype(float)
    noise = NOISE[list(RECORDED)].astype(float)
    strong, weak = (with_noise(clean, 100.0, noise, level) - clean for level in (0, 6))
    assert np.allclose(strong / weak, 10**0.3)


def test_spoiled_leads_still_obey_einthoven_and_shuffled_ones_are_mostly_elsewhere():
    rng = np.random.default_rng(0)
    for make in FORMULAS.values():
        signal = twelve(make(WINDOW[list(RECORDED)].astype(float), 100.0, rng))
        assert np.isfinite(signal).all()
        assert np.allclose(signal[0] + signal[2], signal[1], atol=1e-4)
    marked = np.repeat(np.arange(12.0), 5).reshape(12, 5)
    for _ in range(20):
        assert (shuffled(marked, rng)[:, 0] != marked[:, 0]).sum() >= 6


def test_noise_is_read_by_halves_as_the_database_stores_it(tmp_path):
    first, second = np.array([1, -2, 2047, -2048]), np.array([3, -4, 5, -6])
    low, high = first & 0xFF, second & 0xFF
    middle = (first >> 8 & 0x0F) | (second >> 4 & 0xF0)
    (tmp_path / "ma.dat").write_bytes(np.stack([low, middle, high], 1).astype(np.uint8).tobytes())
    assert np.allclose(read_noise(tmp_path, "ma", False).samples * 200, [first[:2], second[:2]])
    assert np.allclose(read_noise(tmp_path, "ma", True).samples * 200, [first[2:], second[2:]])


# Figures


def test_shares_have_an_interval_also_where_nobody_was_refused():
    none = wilson(0, 50)
    assert (none.value, none.low) == (0.0, 0.0)
    assert 0.05 < none.high < 0.09
    assert wilson(0, 0) is None


def test_metrics_count_each_kind_at_the_threshold():
    good, bad = np.array([0.1, 0.2, 0.6, 0.3]), np.array([0.9, 0.5, 0.7])
    kinds = [ScoredKind("a", GOOD, good), ScoredKind("b", BAD, bad)]
    metrics = gate_metrics(kinds, 0.5, "made", {"b": (["a"], ["b"])}, {})
    assert [kind.refused for kind in metrics.kinds] == [1, 3]
    assert metrics.auroc.value == pytest.approx(11 / 12)
    assert metrics.false_refusals.value == 0.25
    curve = np.array(metrics.curves[0].points)
    assert (np.diff(curve[:, 0]) < 0).all()
    assert (np.diff(curve[:, 1:], axis=0) >= 0).all()
    assert auroc(good, np.zeros(0)) is None


# The first question, fitted


def rhythm(rate=100.0, seconds=10.0, frequency=5.0, seed=0):
    """Like ventricular fibrillation: one rhythm whose rate and size waver, (1, n_samples) in mV."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    slow = np.interp(times, np.arange(0, seconds + 0.5, 0.5), rng.normal(0, 1, int(2 * seconds) + 1))
    phase = 2 * np.pi * np.cumsum(frequency * (1 + 0.06 * slow)) / rate
    size = 0.5 * (1 + 0.3 * np.interp(times, [0, seconds / 2, seconds], rng.uniform(-1, 1, 3)))
    waves = size * (np.sin(phase) + 0.3 * np.sin(2 * phase + 0.5)) + rng.normal(0, 0.02, times.size)
    return waves[None].astype(np.float32)


def tachycardia(rate=100.0, seconds=10.0, per_minute=180.0, seed=0):
    """Like ventricular tachycardia: broad beats that follow each other without rest, (1, n_samples) in mV."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    phase = (times * per_minute / 60 + rng.uniform()) % 1
    beat = np.where(phase < 0.45, np.sin(np.pi * phase / 0.45), -0.5 * np.sin(np.pi * (phase - 0.45) / 0.55))
    return (beat + rng.normal(0, 0.02, times.size))[None].astype(np.float32)


def measured(make, kind, role, n=40):
    return [
        MeasuredRecord(kind, role, number % 10 + 1, readability_numbers(make(seed=number), 100.0))
        for number in range(n)
    ]


def noise(seed):
    return np.random.default_rng(seed).normal(0, 1, (1, 1000)).astype(np.float32)


def heartbeats(seed):
    return ecg(sampling_rate=100.0, seed=seed, heart_rate=50.0 + seed % 60).signal[:1]


def test_the_numbers_of_one_lead_have_names_and_do_not_change_with_its_scale_or_its_company():
    leads = np.concatenate([heartbeats(1), rhythm(), noise(1), np.zeros((1, 1000), np.float32)])
    numbers = readability_numbers(leads, 100.0)
    assert numbers.shape == (4, len(NUMBERS))
    assert np.isfinite(numbers).all()
    assert (numbers[3] == 0).all()
    np.testing.assert_allclose(readability_numbers(7 * leads[1:2] + 3, 100.0)[0], numbers[1], atol=2e-3)
    found = dict(zip(NUMBERS, numbers.T, strict=True))
    assert found["concentration"][1] > found["concentration"][[0, 2]].max() + 0.2
    assert found["roughness"][2] > found["roughness"][:2].max()
    assert found["disagreement"][0] < found["disagreement"][2]


def test_the_dominant_rhythm_of_a_lead_is_found_and_noise_has_none():
    frequencies, shares = dominant_rhythm(np.concatenate([rhythm(frequency=4.0), noise(0)]), 100.0)
    assert frequencies[0] == pytest.approx(4.0, rel=0.1)
    assert shares[0] > 0.6 > 0.4 > shares[1]


def test_a_rare_kind_of_good_records_teaches_as_much_as_a_common_one():
    rows = [
        *measured(heartbeats, "sinus", GOOD),
        *measured(rhythm, "fibrillation", GOOD, 10),
        *measured(noise, "noise", BAD),
    ]
    network, threshold = fit_readable(rows, rows, replace(FIT_READABLE, allowance=0.05))
    made = [readability_numbers(make(seed=900), 100.0) for make in (rhythm, heartbeats, noise)]
    fresh = [unreadable(numbers, network) for numbers in made]
    assert fresh[0] < threshold > fresh[1]
    assert fresh[2] > threshold
    crossed = cross_fitted(rows, FIT_READABLE, threshold)
    assert np.isfinite(crossed).all()
    assert (crossed[-40:] >= threshold).mean() > 0.9


def test_a_record_is_read_where_a_quarter_of_its_windows_can_be():
    network = load_model([WEIGHTS], READABLE).network
    sound, bad = readability_numbers(heartbeats(1), 100.0), readability_numbers(noise(1), 100.0)
    mixed = np.concatenate([sound] * 4 + [bad] * 8)
    assert unreadable(mixed, network) < 0.5 < unreadable(bad, network)
    assert unreadable(np.concatenate([sound] + [bad] * 11), network) > 0.5


def test_readable_folds_without_records_of_either_kind_are_refused():
    rows = measured(heartbeats, "sinus", GOOD, 4)
    with pytest.raises(ConfigError, match="training folds"):
        fit_readable(rows, rows, FIT_READABLE)


def test_windows_of_known_rhythm_are_of_what_fills_most_of_them(tmp_path, monkeypatch):
    marks = tmp_path / "marks.csv"
    lines = ["x,0,12,organised,", "x,12,38,fibrillation,", "x,38,41,noise,shock", "x,41,60,organised,"]
    marks.write_text("\n".join(["record,start_s,end_s,rhythm,note", *lines]), encoding="utf-8")
    monkeypatch.setattr("ecgapp.training.gate.rhythm_records.CUDB_MARKS", marks)
    write_wfdb(of_signal(np.tile(rhythm(seconds=60.0), (1, 1)), leads=("ECG",)), tmp_path, "x")
    (tmp_path / "x.hea").write_bytes((tmp_path / "x.hea").read_bytes())
    windows = list(rhythm_windows("cudb", tmp_path))
    told = ["organised", "fibrillation", "fibrillation", "organised"]  # the fourth and fifth hold noise
    assert [window.rhythm for window in windows] == told
    assert {window.record.duration for window in windows} == {10.0}
    with pytest.raises(DatasetError, match="Unpack"):
        list(rhythm_windows("mitdb", tmp_path / "none"))


def test_annotations_keep_their_texts():
    def word(code, value):
        return (code << 10 | value).to_bytes(2, "little")

    content = word(28, 100) + word(63, 4) + b"(VFL" + word(1, 50) + word(0, 0)
    assert [(mark.sample, mark.code, mark.text) for mark in read_marks(content)] == [
        (100, 28, "(VFL"),
        (150, 1, ""),
    ]


# The shipped gates


@pytest.mark.parametrize("name", [READABLE, *GATES])
def test_a_shipped_gate_says_how_well_it_does_and_passes_every_check_of_a_model(name):
    refuse_unusable(read_model([WEIGHTS], name))
    card = load_card(WEIGHTS, name)
    assert (card.is_gate, card.purpose, card.is_delineator) == (True, "gate", False)
    assert card.asks_if_readable == (name == READABLE)
    assert card.gate.auroc.value > 0.9
    assert card.gate.false_refusals.value < 0.05
    assert {kind.role for kind in card.gate.kinds} >= {"good", "bad", "graded"}


def test_no_dangerous_rhythm_of_a_patient_that_the_fit_did_not_use_is_refused():
    kinds = {kind.kind: kind for kind in load_card(WEIGHTS, READABLE).gate.kinds}
    for kind in (
        "synthetic, VF",
        "synthetic, VT",
        "cudb, fibrillation",
        "cudb, ventricular tachycardia",
        "cudb, flutter",
    ):
        assert (kinds[kind].refused, kinds[kind].n > 10) == (0, True)
    for kind in ("ventricular tachycardia", "atrial flutter", "paced", "pre-excitation"):
        assert kinds[kind].refused == 0


@pytest.mark.parametrize("rate", [100.0, 250.0, 500.0])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [rhythm, tachycardia])
def test_fibrillation_and_tachycardia_of_one_lead_are_never_refused(readability, make, seed, rate):
    record = of_signal(make(rate, seed=seed), rate, ("ECG",))
    assert not analysis.admit(record, Judges(readability)).refused


@pytest.mark.parametrize("demo", DEMOS)
def test_no_demonstration_is_refused_and_everyday_ones_keep_their_labels(both, demo):
    told = analysis.admit(synthesise(DEMOS[demo]).record, both)
    assert not told.refused or "asystole" in told.reason
    assert told.readable.judged
    if DEMOS[demo].rhythm in RHYTHMS:
        assert (told.labels_withheld, told.reason) == (False, "")
        assert all(part.weight >= 0 for part in told.similar.parts)


NEVER = [kind for kind in FORMULAS if kind not in DISTORTED]
OF_ONE_LEAD = ("white noise", "pink noise", "random walk")  # of the others one lead tells too little


def spoiled(kind, seed=3):
    record = ecg()
    signal = FORMULAS[kind](record.signal[list(RECORDED)].astype(float), 500.0, np.random.default_rng(seed))
    return replace(record, signal=twelve(signal))


@pytest.mark.parametrize("kind", NEVER)
def test_what_never_was_an_ecg_has_no_label(whole, kind):
    told = analysis.admit(spoiled(kind), whole)
    assert told.labels_withheld
    assert told.reason.startswith((UNREADABLE, WITHHELD))


@pytest.mark.parametrize("kind", [*OF_ONE_LEAD, "sine wave", "speech-like"])
def test_what_no_reader_could_read_is_refused(readability, kind):
    record = spoiled(kind)
    for one in (record, replace(record, signal=record.signal[1:2], leads=("II",), derived=frozenset())):
        told = analysis.admit(one, Judges(readability))
        assert told.refused
        assert told.reason.startswith(UNREADABLE)


def test_shuffled_leads_are_readable_and_their_labels_are_withheld(whole):
    record, rng = ecg(), np.random.default_rng(0)
    for _ in range(5):
        told = analysis.admit(replace(record, signal=shuffled(record.signal, rng)), whole)
        assert (told.refused, told.labels_withheld) == (False, True)
        assert told.reason.startswith(WITHHELD)
        assert "contradict" in told.reason
        assert "not an ECG" not in told.reason


def test_a_record_without_any_signal_may_be_loose_electrodes_or_asystole(whole):
    told = analysis.admit(of_signal(np.full((12, 1000), 0.3)), whole)
    assert told.refused
    assert "electrodes are off" in told.reason
    assert "asystole" in told.reason
    assert LOOK in told.reason
    assert told.readable.urgent


def test_noise_that_is_nearly_nothing_names_asystole_too(whole):
    told = analysis.admit(of_signal(0.02 * NOISE), whole)
    assert told.refused
    assert "asystole" in told.reason


def test_a_refused_signal_with_the_rate_and_size_of_a_heart_may_be_fibrillation(readability):
    times = np.arange(1000) / 100
    pure = 0.5 * np.sin(2 * np.pi * 5.0 * times)[None]
    told = analysis.admit(of_signal(pure, leads=("ECG",)), Judges(readability))
    assert told.refused
    assert "ventricular fibrillation" in told.reason
    assert LOOK in told.reason
    assert told.readable.urgent
    huge = analysis.admit(of_signal(400 * pure, leads=("ECG",)), Judges(readability))
    assert huge.refused
    assert "fibrillation" not in huge.reason
    assert not huge.readable.urgent
    white = analysis.admit(of_signal(NOISE), Judges(readability))
    assert "fibrillation" not in white.reason


def test_a_recognised_rhythm_overrules_the_refusal_and_that_is_told(whole):
    record = of_signal(twelve(NOISE[list(RECORDED)].astype(float)))
    assert analysis.admit(record, whole).refused
    told = analysis.admit(record, whole, rhythm=True)
    assert not told.refused
    assert told.similar.judged
    assert told.readable.reason


def test_what_the_ventricular_network_takes_for_its_rhythm_is_not_refused(readability, monkeypatch):
    record = of_signal(NOISE)
    ecg_opened = analysis.OpenedECG(record, analysis.InstalledModels(Settings(PROJECT)))
    assert ecg_opened.admission().refused
    again = analysis.OpenedECG(record, analysis.InstalledModels(Settings(PROJECT)))
    wild = SimpleNamespace(share=lambda start, end: 1.0, runs=(SimpleNamespace(probability=0.95),))
    monkeypatch.setattr(analysis.OpenedECG, "ventricular", lambda _ecg: wild)
    told = again.admission()
    assert not told.refused
    assert "rhythm was recognised" in told.readable.reason


def test_what_cannot_be_judged_is_not_refused_but_told(whole):
    gaps = WINDOW.copy()
    gaps[3, 100:200] = np.nan
    for record in (of_signal(gaps), of_signal(WINDOW[:, :300]), of_signal(WINDOW[:6], leads=LEADS[:6])):
        told = analysis.admit(record, whole)
        assert not told.labels_withheld
        assert "was not judged" in told.reason


@pytest.mark.parametrize("rate", [100, 250, 360, 1000])
@pytest.mark.parametrize("duration", [6, 10, 33])
def test_rates_and_lengths_do_not_matter(whole, rate, duration):
    assert not analysis.admit(ecg(sampling_rate=rate, duration=duration), whole).labels_withheld


def test_a_record_whose_volts_are_lost_is_judged_the_same(whole):
    record = ecg()
    lost = (record.signal - record.signal.mean(1, keepdims=True)) / record.signal.std(1, keepdims=True)
    told, same = (analysis.admit(r, whole) for r in (record, replace(record, signal=lost, units="z-score")))
    assert same.readable.score == pytest.approx(told.readable.score, abs=1e-3)
    assert same.similar.score == pytest.approx(told.similar.score, abs=1e-3)


def test_another_model_judges_nothing():
    other = load_model([WEIGHTS], "cae_lead2")
    for judges in (Judges(other), Judges(None, other)):
        with pytest.raises(ModelError, match="Choose a gate"):
            analysis.admit(ecg(), judges)
    assert not analysis.admit(ecg(), Judges()).has_judge


def test_the_gate_that_reads_all_leads_together_is_preferred_where_they_are_there():
    cards = {name: load_card(WEIGHTS, name) for name in ("cae_lead2", READABLE, *GATES[::-1])}
    assert [card.name for card in analysis.judge_cards(ecg(), cards)] == [READABLE, "gate"]
    few = analysis.judge_cards(of_signal(WINDOW[:3], leads=LEADS[:3]), cards)
    assert [card.name for card in few] == [READABLE, "gate_lead"]
    assert analysis.judge_cards(ecg(), {"cae_lead2": cards["cae_lead2"]}) == (None, None)


def test_a_broken_judge_withholds_labels_and_refuses_nothing():
    broken = Admission(GateAnswer(None, 0.5, True, "It cannot be asked."))
    assert (broken.refused, broken.labels_withheld) == (False, True)
    assert broken.in_figures == ""


# Page, command line, report


@pytest.fixture
def home(tmp_path, monkeypatch):
    tiny_models.install(tmp_path / "weights")
    for name in (f"{name}.{suffix}" for name in ("gate", READABLE) for suffix in ("json", "safetensors")):
        shutil.copy(WEIGHTS / name, tmp_path / "weights")
    tiny_models.stand_alone(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def noise_files(tmp_path):
    return write_wfdb(of_signal(twelve(NOISE[list(RECORDED)].astype(float))), tmp_path, "ecg")


def said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error, page.subheader)
    words = " ".join(element.value for elements in kinds for element in elements)
    return words.replace("\\", "")


def test_the_page_shows_a_refused_record_with_its_reason_and_no_label_anywhere(home, noise_files):
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    files = [(path.name, path.read_bytes(), "") for path in noise_files]
    page.get("file_uploader")[0].set_value(files).run()
    assert not page.exception
    assert UNREADABLE in said(page)
    shown = {chart.proto.id.rsplit("-", 1)[-1] for chart in page.get("plotly_chart")}
    assert shown == {"tracing", "steps", "reconstruction"}
    assert not any("Finding" in table.value.columns for table in page.dataframe)
    assert "Saliency" not in said(page)
    assert "fibrillation" not in said(page)


def test_a_gate_that_cannot_be_opened_lets_no_label_through(home):
    st.cache_resource.clear()  # tests before this one opened the very same gate
    weights = home / "weights" / "gate.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    page.selectbox(key="demo").set_value(next(iter(DEMOS))).run()
    assert not page.exception
    assert "cannot be asked" in said(page)
    assert not any("Finding" in table.value.columns for table in page.dataframe)


def test_the_page_withholds_the_labels_of_shuffled_leads_and_keeps_what_is_measured(home, tmp_path):
    record = ecg()
    moved = replace(record, signal=shuffled(record.signal, np.random.default_rng(0)))
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    files = [(path.name, path.read_bytes(), "") for path in write_wfdb(moved, tmp_path, "moved")]
    page.get("file_uploader")[0].set_value(files).run()
    assert not page.exception
    assert WITHHELD in said(page)
    assert UNREADABLE not in said(page)
    assert not any("Finding" in table.value.columns for table in page.dataframe)


def test_an_admitted_record_shows_its_findings_as_before(home):
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    page.selectbox(key="demo").set_value(next(iter(DEMOS))).run()
    assert not page.exception
    assert not page.error
    assert any("Finding" in table.value.columns for table in page.dataframe)


def test_page_command_and_report_judge_alike(home, noise_files, capsys, monkeypatch):
    saved = {}

    def button(_label, data, file_name, *_arguments, **_options):
        saved[file_name] = data

    monkeypatch.setattr("streamlit.download_button", button)
    torch.set_num_threads(TORCH_THREADS)  # the page's own number: with another one the last bits differ
    assert main(["predict", str(noise_files[0]), "--json"]) == 0
    told = capsys.readouterr()
    (document,) = json.loads(told.out)
    assert document["findings"] == []
    assert document["admission"]["readable"]["failed"]
    assert document["refused"] == document["admission"]["readable"]["reason"]
    assert document["refused"] in told.err
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    page.get("file_uploader")[0].set_value([(p.name, p.read_bytes(), "") for p in noise_files]).run()
    next(button for button in page.button if button.label == "Make the report").click().run()
    assert not page.exception
    bundle = documents.load(Bundle, saved["ecg-numbers.json"].decode())
    assert (bundle.model, bundle.predictions, bundle.measurements) == (None, (), None)
    assert documents.to_plain(bundle.admission) == document["admission"]
    assert f"Score {bundle.admission.readable.score:.2f}" in said(page)


@pytest.mark.parametrize(("name", "question"), [("gate", "Question 2"), (READABLE, "Question 1")])
def test_the_performance_page_shows_the_question_curves_and_every_kind_with_n(home, name, question):
    page = AppTest.from_file(PERFORMANCE, default_timeout=60).run()
    page.selectbox(key="performance_model").set_value(name).run()
    assert not page.exception
    assert question in said(page)
    assert any(chart.proto.id.endswith("roc") for chart in page.get("plotly_chart"))
    tables = [table.value for table in page.dataframe]
    assert "AUROC" in tables[0].columns
    kinds = {kind for table in tables[1:] for kind in table["Kind"]}
    assert {kind.kind for kind in load_card(WEIGHTS, name).gate.kinds} == kinds


# Fitting from a folder, and real records


def test_the_command_fits_judges_and_saves_a_gate_that_loads_again(tmp_path, monkeypatch, capsys):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    tiny_models.install(tmp_path / "weights")
    folds = (1, 2, 4, 6, 8, 9)
    write_ptb_xl(tmp_path / "data" / "ptb-xl", folds, (11, 12, 13, 14, 15, 16))
    (tmp_path / "data" / "nstdb").mkdir()
    for name in ("bw", "ma"):
        random = np.random.default_rng(0).integers(0, 255, 3 * 12_000).astype(np.uint8)
        (tmp_path / "data" / "nstdb" / f"{name}.dat").write_bytes(random.tobytes())
    recipe = tmp_path / "fit.json"
    given = {"sources": ("ptb-xl",), "train_folds": (1, 2, 4, 6)}
    recipe.write_text(documents.dump(replace(FIT, **given)), encoding="utf-8")
    words = ["fit-gate", str(recipe), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert "fit is saved" in capsys.readouterr().out
    model = load_model([tmp_path / "out"], "fit")
    assert isinstance(model.network, Gate)
    assert model.card.gate.n == 1
    assert analysis.admit(ecg(), Judges(None, model)).similar.judged
    other = replace(FIT_READABLE, name="first", **given)
    recipe.write_text(documents.dump(other), encoding="utf-8")
    assert main(words) == 0
    first = load_model([tmp_path / "out"], "first")
    assert isinstance(first.network, Readability)
    assert analysis.admit(ecg(), Judges(first)).readable.judged


def test_real_records_pass_and_real_noise_does_not(real_data, whole):
    scan = LAYOUTS["ptb-xl"].scan(real_data / "ptb-xl", ImportOptions())
    told = [
        analysis.admit(scan.read(entry.where), whole)
        for entry in [entry for entry in scan.entries if entry.fold == 9][:30]
    ]
    assert sum(one.refused for one in told) == 0
    assert sum(one.labels_withheld for one in told) <= 2
    scan = LAYOUTS["cinc2017"].scan(real_data / "cinc2017", ImportOptions())
    entries = [entry for entry in scan.entries if entry.fold == 9]

    def score(code):
        chosen = [entry for entry in entries if entry.codes == (f"CINC2017:{code}",)][:12]
        judged = [analysis.admit(scan.read(entry.where), Judges(whole.readability)) for entry in chosen]
        return np.median([one.readable.score for one in judged])

    assert score("~") > score("N")


@pytest.mark.parametrize("source", ["cudb", "mitdb"])
def test_no_real_window_of_a_dangerous_rhythm_is_refused(real_data, readability, source):
    wild = ("fibrillation", "flutter", "tachycardia")
    windows = [one for one in rhythm_windows(source, real_data / source) if one.rhythm.endswith(wild)]
    assert len(windows) > 10
    assert not any(analysis.admit(one.record, Judges(readability)).refused for one in windows)


def test_settings_follow_the_recipes():
    for name in (READABLE, *GATES):
        recipe = (PROJECT / "docs" / "recipes" / f"{name}.json").read_text(encoding="utf-8")
        config = documents.load(GateFitConfig, recipe)
        card = load_card(WEIGHTS, name)
        assert card.preprocessing == config.preprocessing
        assert (card.provenance.pretrained or "").startswith(config.pretrained)
