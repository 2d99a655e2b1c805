"""The gate: what no label may be shown for, how it says so, and that good records pass."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
import tiny_models
import torch
from dataset_sources import write_ptb_xl
from streamlit.testing.v1 import AppTest

from ecgapp import analysis, documents
from ecgapp.__main__ import main
from ecgapp.analysis.gate import NO_LABELS, REASONS
from ecgapp.config import PROJECT
from ecgapp.datasets import LAYOUTS, ImportOptions
from ecgapp.errors import ConfigError, ModelError
from ecgapp.evaluate.refusals import BAD, GOOD, Scored, auroc, gate_metrics
from ecgapp.evaluate.reliability import wilson
from ecgapp.models import PARTS, Gate, GateConfig, build, load_card, load_model
from ecgapp.models.weights import read_model
from ecgapp.promotion.checks import refuse_unusable
from ecgapp.records import DEMOS, LEADS, ECGRecord, SyntheticConfig, synthesise, write_wfdb
from ecgapp.report import Bundle
from ecgapp.signals.legibility import contradiction, disagreement, evenness, roughness
from ecgapp.training.gate import GateFitConfig, Judged, fit_latent, fit_score, scores
from ecgapp.training.spoiled import FORMULAS, RECORDED, read_noise, shuffled, twelve, with_noise
from ecgapp.ui.bootstrap import TORCH_THREADS

WEIGHTS = PROJECT / "weights"
REVIEW, PERFORMANCE = (str(PROJECT / "pages" / f"{page}.py") for page in ("review", "performance"))
GATES = ("gate", "gate_lead")
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
def whole():
    """The gate of twelve leads."""
    return load_model([WEIGHTS], "gate")


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


FIT = GateFitConfig("fit", "Fit", "tiny_cae", tiny_models.preprocessing(), train_folds=(1, 2))


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
    kinds = [Scored("a", GOOD, good), Scored("b", BAD, bad)]
    metrics = gate_metrics(kinds, 0.5, "made", {"b": (["a"], ["b"])}, {})
    assert [kind.refused for kind in metrics.kinds] == [1, 3]
    assert metrics.auroc.value == pytest.approx(11 / 12)
    assert metrics.false_refusals.value == 0.25
    curve = np.array(metrics.curves[0].points)
    assert (np.diff(curve[:, 0]) < 0).all()
    assert (np.diff(curve[:, 1:], axis=0) >= 0).all()
    assert auroc(good, np.zeros(0)) is None


# The shipped gates


def test_a_shipped_gate_says_how_well_it_does_and_passes_every_check_of_a_model(gate):
    refuse_unusable(read_model([WEIGHTS], gate.card.name))
    metrics = gate.card.gate
    assert (gate.card.is_gate, gate.card.purpose, gate.card.is_delineator) == (True, "gate", False)
    assert metrics.auroc.value > 0.95
    assert metrics.false_refusals.value < 0.05
    assert {kind.role for kind in metrics.kinds} >= {"good", "bad", "graded"}


@pytest.mark.parametrize("demo", DEMOS)
def test_every_demonstration_is_admitted(gate, demo):
    told = analysis.admit(synthesise(DEMOS[demo]).record, gate)
    assert not told.refused
    assert (told.reason, told.judged) == ("", True)
    assert all(part.weight >= 0 for part in told.parts)


NEVER = [kind for kind in FORMULAS if kind not in ("backwards", "wrong sampling rate")]
OF_ONE_LEAD = ("white noise", "pink noise", "random walk")  # of the others one lead tells too little


@pytest.mark.parametrize(
    ("name", "kind"), [*(("gate", kind) for kind in NEVER), *(("gate_lead", kind) for kind in OF_ONE_LEAD)]
)
def test_what_never_was_an_ecg_is_refused_with_a_reason(name, kind):
    record = ecg()
    signal = FORMULAS[kind](record.signal[list(RECORDED)].astype(float), 500.0, np.random.default_rng(3))
    told = analysis.admit(replace(record, signal=twelve(signal)), load_model([WEIGHTS], name))
    assert told.refused
    assert told.reason.startswith(tuple(reason[:17] for reason in REASONS.values()))
    assert told.reason.endswith(NO_LABELS)


def test_shuffled_leads_are_refused(whole):
    record, rng = ecg(), np.random.default_rng(0)
    for _ in range(5):
        assert analysis.admit(replace(record, signal=shuffled(record.signal, rng)), whole).refused


def test_a_record_without_any_signal_is_refused_and_that_is_the_reason(gate):
    told = analysis.admit(of_signal(np.full((12, 1000), 0.3)), gate)
    assert told.refused
    assert "No lead has a signal" in told.reason


def test_what_cannot_be_judged_is_not_refused_but_told(whole):
    gaps = WINDOW.copy()
    gaps[3, 100:200] = np.nan
    short, lacking = of_signal(WINDOW[:, :300]), of_signal(WINDOW[:6], leads=LEADS[:6])
    for record in (of_signal(gaps), short, lacking):
        told = analysis.admit(record, whole)
        assert (told.score, told.refused) == (None, False)
        assert told.reason.startswith("Whether this is an ECG was not judged.")


@pytest.mark.parametrize("rate", [100, 250, 360, 1000])
@pytest.mark.parametrize("duration", [6, 10, 33])
def test_rates_and_lengths_do_not_matter(whole, rate, duration):
    assert not analysis.admit(ecg(sampling_rate=rate, duration=duration), whole).refused


def test_a_record_whose_volts_are_lost_is_judged_the_same(whole):
    record = ecg()
    lost = (record.signal - record.signal.mean(1, keepdims=True)) / record.signal.std(1, keepdims=True)
    told, same = (analysis.admit(r, whole) for r in (record, replace(record, signal=lost, units="z-score")))
    assert same.score == pytest.approx(told.score, abs=1e-3)


def test_another_model_judges_nothing():
    with pytest.raises(ModelError, match="Choose a gate"):
        analysis.admit(ecg(), load_model([WEIGHTS], "cae_lead2"))


def test_the_gate_that_reads_all_leads_together_is_preferred_where_they_are_there():
    cards = {name: load_card(WEIGHTS, name) for name in ("cae_lead2", *GATES[::-1])}
    assert analysis.gate_for(ecg(), cards).name == "gate"
    assert analysis.gate_for(of_signal(WINDOW[:3], leads=LEADS[:3]), cards).name == "gate_lead"
    assert analysis.gate_for(ecg(), {"cae_lead2": cards["cae_lead2"]}) is None


# Page, command line, report


@pytest.fixture
def home(tmp_path, monkeypatch):
    tiny_models.install(tmp_path / "weights")
    for name in ("gate.json", "gate.safetensors"):
        shutil.copy(WEIGHTS / name, tmp_path / "weights")
    tiny_models.stand_alone(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def noise_files(tmp_path):
    return write_wfdb(of_signal(twelve(NOISE[list(RECORDED)].astype(float))), tmp_path, "ecg")


def said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error, page.subheader)
    return " ".join(element.value for elements in kinds for element in elements)


def test_the_page_shows_a_refused_record_with_its_reason_and_no_label_anywhere(home, noise_files):
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    files = [(path.name, path.read_bytes(), "") for path in noise_files]
    page.get("file_uploader")[0].set_value(files).run()
    assert not page.exception
    assert NO_LABELS in page.error[0].value
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
    assert "cannot be asked" in page.error[0].value
    assert NO_LABELS in page.error[0].value
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
    assert main(["predict", str(noise_files[0]), "--json"]) == 1
    told = capsys.readouterr()
    (document,) = json.loads(told.out)
    assert document["findings"] == []
    assert document["admission"]["refused"]
    assert document["admission"]["reason"] in told.err
    page = AppTest.from_file(REVIEW, default_timeout=60).run()
    page.get("file_uploader")[0].set_value([(p.name, p.read_bytes(), "") for p in noise_files]).run()
    next(button for button in page.button if button.label == "Make the report").click().run()
    assert not page.exception
    bundle = documents.load(Bundle, saved["ecg-numbers.json"].decode())
    assert (bundle.model, bundle.predictions, bundle.measurements) == (None, (), None)
    assert documents.to_plain(bundle.admission) == document["admission"]
    assert f"Score {bundle.admission.score:.2f}" in page.error[0].value


def test_the_performance_page_shows_curves_and_every_kind_with_n(home):
    page = AppTest.from_file(PERFORMANCE, default_timeout=60).run()
    page.selectbox(key="performance_model").set_value("gate").run()
    assert not page.exception
    assert any(chart.proto.id.endswith("roc") for chart in page.get("plotly_chart"))
    tables = [table.value for table in page.dataframe]
    assert "AUROC" in tables[0].columns
    kinds = {kind for table in tables[1:] for kind in table["Kind"]}
    assert {kind.kind for kind in load_card(WEIGHTS, "gate").gate.kinds} == kinds


# Fitting from a folder, and real records


def test_the_command_fits_judges_and_saves_a_gate_that_loads_again(tmp_path, monkeypatch, capsys):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    tiny_models.install(tmp_path / "weights")
    folds = (1, 2, 8, 9)
    write_ptb_xl(tmp_path / "data" / "ptb-xl", folds, (11, 12, 13, 14))
    (tmp_path / "data" / "nstdb").mkdir()
    for name in ("bw", "ma"):
        random = np.random.default_rng(0).integers(0, 255, 3 * 12_000).astype(np.uint8)
        (tmp_path / "data" / "nstdb" / f"{name}.dat").write_bytes(random.tobytes())
    recipe = tmp_path / "fit.json"
    recipe.write_text(documents.dump(replace(FIT, sources=("ptb-xl",))), encoding="utf-8")
    words = ["fit-gate", str(recipe), "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    assert "fit is saved" in capsys.readouterr().out
    model = load_model([tmp_path / "out"], "fit")
    assert isinstance(model.network, Gate)
    assert model.card.gate.n == 1
    assert analysis.admit(ecg(), model).judged


def test_real_records_pass_and_real_noise_does_not(real_data):
    scan = LAYOUTS["ptb-xl"].scan(real_data / "ptb-xl", ImportOptions())
    told = [
        analysis.admit(scan.read(entry.where), load_model([WEIGHTS], "gate"))
        for entry in [entry for entry in scan.entries if entry.fold == 9][:30]
    ]
    assert sum(one.refused for one in told) <= 2
    scan = LAYOUTS["cinc2017"].scan(real_data / "cinc2017", ImportOptions())
    entries = [entry for entry in scan.entries if entry.fold == 9]
    lead = load_model([WEIGHTS], "gate_lead")

    def score(code):
        chosen = [entry for entry in entries if entry.codes == (f"CINC2017:{code}",)][:12]
        return np.median([analysis.admit(scan.read(entry.where), lead).score for entry in chosen])

    assert score("~") > score("N")


def test_settings_follow_the_recipes():
    for name in GATES:
        recipe = (PROJECT / "docs" / "recipes" / f"{name}.json").read_text(encoding="utf-8")
        config = documents.load(GateFitConfig, recipe)
        card = load_card(WEIGHTS, name)
        assert card.preprocessing == config.preprocessing
        assert card.provenance.pretrained.startswith(config.pretrained)
