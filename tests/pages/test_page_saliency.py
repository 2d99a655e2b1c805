"""The review page's saliency: shown of what was found, graded on request, and computed once."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from streamlit.testing.v1 import AppTest

from ecgapp import analysis
from ecgapp.config import PROJECT
from ecgapp.explain import BASELINES, INTEGRATED_GRADIENTS, METHODS, RECONSTRUCTION, Attribution
from ecgapp.models import EnsembleConfig, save_model
from ecgapp.records import DEMOS
from ecgapp.signals import BeatList
from ecgapp.ui.tracing.saliency_overlay import METHOD_NAMES

PAGE = str(PROJECT / "pages" / "review.py")
FOUND, NOT_FOUND = "AF", "PVC"
OTHER = next(name for name in DEMOS if name != "Atrial fibrillation")


def install(folder, autoencoder=None):
    """A classifier that finds atrial fibrillation in everything, and nothing else in anything."""
    model, known = tiny_models.classifier()
    names = model.card.task.label_names
    lines = tuple(0.001 if name == FOUND else 0.999 for name in names)
    save_model(folder, replace(model, card=replace(model.card, thresholds=lines)), known)
    save_model(folder, autoencoder or tiny_models.autoencoder())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    install(home / "weights")
    return home


def opened(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    page.selectbox(key="demo").set_value("Atrial fibrillation").run()
    assert not page.exception
    return page


@pytest.fixture
def page(home, monkeypatch):
    return opened(home, monkeypatch)


def charts(page):
    return {chart.proto.id.rsplit("-", 1)[-1] for chart in page.get("plotly_chart")}


def said(page):
    kinds = (page.caption, page.markdown, page.info, page.warning)
    return " ".join(element.value for elements in kinds for element in elements)


def buttons(page):
    return {button.key for button in page.button}


def choose(page, label):
    box = next(box for box in page.selectbox if box.label == "Class")
    return box.set_value(label).run()


def test_a_class_that_was_found_is_mapped_at_once_and_checked_on_request(page):
    assert {"saliency", "relevance_beat", "relevance_waves"} <= charts(page)
    assert "check_map" in buttons(page)
    assert "deletion" not in charts(page)
    page.button(key="check_map").click().run()
    assert not page.exception
    assert "check_map" not in buttons(page)
    assert "deletion" in charts(page)
    assert "Reliability of this map:" in said(page)


@pytest.mark.parametrize(
    ("error", "told"), [(0.14, False), (0.16, True), (0.642, True), (float("nan"), True)]
)
def test_a_map_whose_sum_misses_by_too_much_says_so_at_once(page, monkeypatch, error, told):
    explain = analysis.explain

    def missing(*question):
        found = explain(*question)
        return replace(found, attribution=replace(found.attribution, completeness_error=error))

    monkeypatch.setattr("ecgapp.analysis.opened_ecg.explain", missing)
    page.selectbox(key="demo").set_value(OTHER).run()
    lines = [warning.value for warning in page.warning if "Do not rely on this map" in warning.value]
    assert bool(lines) is told
    share = "an unknown share" if error != error else f"{100 * error:.0f} %"
    assert not told or f"misses by {share} the change" in lines[0]
    assert "check_map" in buttons(page)  # nobody pressed it


def test_only_a_method_that_promises_its_sum_can_miss_it():
    for method in METHODS:
        made = Attribution(np.zeros((12, 10), np.float32), 9.0, method, "zeros", 1.0, 0.0)
        assert bool(made.shortfall) == (method == INTEGRATED_GRADIENTS)


def test_a_class_below_its_threshold_is_mapped_only_on_request_and_says_why(page):
    choose(page, NOT_FOUND)
    assert "saliency" not in charts(page)
    assert "below its threshold" in said(page)
    page.button(key="map_below").click().run()
    assert "saliency" in charts(page)
    assert "map_below" not in buttons(page)
    choose(page, FOUND)
    choose(page, NOT_FOUND)
    assert "saliency" in charts(page)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_draws_its_map_and_says_how_it_was_made(page, method):
    page.selectbox(key="method").set_value(method).run()
    assert not page.exception
    assert "saliency" in charts(page)
    assert f"{METHOD_NAMES[method]} (Captum)" in said(page)


def test_every_baseline_is_named_beside_its_map(page):
    assert tuple(page.selectbox(key="baseline").options) == BASELINES
    for baseline in BASELINES:
        page.selectbox(key="baseline").set_value(baseline).run()
        assert not page.exception
        assert f"against this baseline: {baseline}" in said(page)


def test_the_reconstruction_is_no_baseline_where_no_autoencoder_reads_the_same_leads(tmp_path, monkeypatch):
    install(tmp_path / "weights", tiny_models.autoencoder(leads=("II",)))
    page = opened(tmp_path, monkeypatch)
    assert RECONSTRUCTION not in page.selectbox(key="baseline").options


def test_once_checked_all_methods_are_at_hand_and_nothing_is_computed_again(page, monkeypatch):
    page.button(key="check_map").click().run()

    def again(*_arguments, **_options):
        raise AssertionError("computed twice")

    for name in ("find", "explain", "examine"):
        monkeypatch.setattr(f"ecgapp.analysis.opened_ecg.{name}", again)
    for method in (*METHODS, *METHODS):
        page.selectbox(key="method").set_value(method).run()
        assert not page.exception
        assert "Reliability of this map:" in said(page)


def checks_of(page):
    """The reliability card's table."""
    return next(table.value for table in page.table if "Result" in table.value)


def test_a_grade_is_a_sign_and_a_word_and_never_a_colour_alone(page):
    page.button(key="check_map").click().run()
    checks = checks_of(page)
    for result in checks["Result"]:
        assert result.replace("\N{NO-BREAK SPACE}", " ") in {
            "✔ green", "▲ amber", "✖ red", "does not apply",
        }  # fmt: skip
    assert len(checks) == 6


def test_an_ensembles_stability_is_a_figure(tmp_path, monkeypatch):
    model, known = tiny_models.classifier()
    lines = tuple(0.001 if name == FOUND else 0.999 for name in model.card.task.label_names)
    config = EnsembleConfig(model.card.network, 2)
    ensemble = tiny_models.TrainedModel(
        tiny_models.build(config).eval(), replace(model.card, network=config, thresholds=lines)
    )
    save_model(tmp_path / "weights", ensemble, known)
    page = opened(tmp_path, monkeypatch)
    page.button(key="check_map").click().run()
    assert checks_of(page).loc["Stability over seeds", "Figure"] != "–"


def test_a_pause_without_beats_still_has_its_map(page, monkeypatch):
    none = BeatList(tiny_models.np.zeros(0, int), 500.0, (), 10.0)
    monkeypatch.setattr("ecgapp.analysis.measured_ecg.beat_list", lambda *_: none)
    page.selectbox(key="demo").set_value("Left bundle branch block").run()
    assert not page.exception
    assert "too few beats to average" in said(page)
