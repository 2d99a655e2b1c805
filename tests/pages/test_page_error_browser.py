"""The performance page's parts below the slider: alerts, reliability, confusion, data sets, mistakes."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tiny_models
from admin_pages import PASSWORD, said
from sklearn import metrics
from streamlit.testing.v1 import AppTest
from wrong_answers import ALARMED, MISSED, mistaken

from ecgapp.analysis import (
    Admission,
    GateAnswer,
    Judges,
    SaliencyQuestion,
    explain,
    find,
    open_version,
    version_predictions,
)
from ecgapp.config import PROJECT, Settings
from ecgapp.evaluate import Mistake
from ecgapp.models import load_card, save_model
from ecgapp.records import fingerprint
from ecgapp.storage import admin_password
from ecgapp.ui.performance.error_view import OPENED
from ecgapp.ui.performance.selection import Selection
from ecgapp.ui.performance.threshold_panel import PART, PARTS, per_class_csv, predictions_csv
from ecgapp.ui.shell import auth


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    mistaken(Settings(home, home / "shipped"))
    return home


@pytest.fixture
def settings(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    return Settings(home, home / "no shipped weights")


def part(settings, name, *, signed_in=False):
    """The page with this part open."""
    page = AppTest.from_file(str(PROJECT / "pages" / "performance.py"), default_timeout=60)
    page.session_state[PART] = name
    return _run(page, settings, signed_in=signed_in)


def _run(page, settings, *, signed_in):
    if signed_in:
        if not admin_password.is_password_set(settings):
            admin_password.set_password(settings, PASSWORD)
        page.session_state[auth.PASS] = admin_password.check_password(settings, PASSWORD)
    page.run()
    assert not page.exception
    return page


def spec(page):
    return json.loads(page.get("plotly_chart")[0].proto.spec)


def test_every_part_opens_alone_and_the_first_is_the_one_that_was_there_before(settings):
    for name in PARTS:
        page = part(settings, name)
        assert len(page.get("plotly_chart")) == (0 if name == "Errors" else 1), name


def test_alerts_are_those_of_the_two_by_two_at_the_records_own_share(settings):
    page = part(settings, "In patients")
    sentence = next(words.value for words in page.markdown if "of 100 patients" in words.value)
    assert "of whom 50 have AF (atrial fibrillation)" in sentence
    assert f"about **{100 * 41 / 80:.0f} (" in sentence  # 38 found, 3 alarms
    assert "**48 (" in sentence
    assert "**2.5 (" in sentence


def test_another_prevalence_moves_the_alerts(settings):
    page = part(settings, "In patients")
    page.number_input[0].set_value(10.0).run()
    sentence = next(words.value for words in page.markdown if "of 100 patients" in words.value)
    assert "of whom 10 have" in sentence
    assert f"about **{10 * 38 / 40 + 90 * 3 / 40:.0f} (" in sentence
    table = page.dataframe[0].value
    assert len(table) == 21
    assert set(table) == {"Threshold", "Alerts per 100", "Rightly", "Missed", "Sensitivity, %"}


def test_a_class_with_few_positives_has_no_alerts_and_no_reliability(settings):
    for name in ("In patients", "Reliability"):
        page = part(settings, name)
        next(box for box in page.selectbox if box.label == "Class").set_value("PVC").run()
        assert "insufficient validation data (n = 0)" in page.info[0].value


def test_the_reliability_diagram_shows_its_bins_with_n_and_the_table_says_the_same(settings):
    page = part(settings, "Reliability")
    points = spec(page)["data"][1]
    assert sum(int(words.removeprefix("n = ")) for words in points["text"]) == 80
    assert page.dataframe[0].value["Records"].sum() == 80
    assert "expected calibration error" in said(page)
    assert "**Calibration error of all classes**, 80 records, 15 bins" in said(page)
    assert list(page.dataframe[1].value["Class"]) == list(
        load_card(settings.weights, "tiny_nine").task.label_names
    )


def test_the_confusion_is_written_into_its_cells_and_into_a_table(settings):
    page = part(settings, "Confusion")
    heat = spec(page)["data"][0]
    assert heat["text"][0][0] == "95 %<br>38"
    table = page.dataframe[0].value
    assert table.loc["AF", "AF"] == "38"
    assert table.loc["Normal", "AF"] == "3, 3 wrongly"
    assert table.loc["AF", "nothing found"] == "2, 2 wrongly"
    assert table.loc["AF", "Records"] == 40


def test_each_data_set_has_its_line(settings):
    page = part(settings, "Data sets")
    line = page.dataframe[0].value.iloc[0]
    assert (line["Data set"], line["Records"], line["Classes"]) == ("hospital", 80, "AF, Normal")
    assert "Age, sex and recorder are not in these data" in said(page)


def test_mistakes_are_listed_the_worst_first_with_what_the_record_has(settings):
    page = part(settings, "Errors")
    table = page.dataframe[0].value
    assert list(table["Record"]) == ["t/2", "t/4", "t/0"]
    assert list(table["It has"]) == ["Normal"] * 3
    assert list(table["The model found"]) == ["AF, Normal"] * 3
    assert "found in **3** of 40 records" in said(page)
    page.session_state["mistake_kind"] = Mistake.FALSE_NEGATIVE
    page.run()
    assert list(page.dataframe[0].value["Record"]) == ["t/3", "t/1"]
    assert "missed in **2** of 40 records" in said(page)


def test_the_slider_moves_the_list(settings):
    page = part(settings, "Errors")
    page.slider[0].set_value(0.65).run()
    assert list(page.dataframe[0].value["Record"]) == ["t/2", "t/4"]


def test_records_are_opened_by_administrators_only(settings):
    page = part(settings, "Errors")
    assert "opened by administrators only" in said(page)
    page = part(settings, "Errors", signed_in=True)
    assert "opened by administrators only" not in said(page)
    assert "to open its tracing" in said(page)


def viewed(settings, *, signed_in):
    """One false positive opened: the view alone, for the list's selection is the browser's."""

    def view():
        from ecgapp.analysis import version_predictions
        from ecgapp.evaluate import Mistake
        from ecgapp.models import load_card
        from ecgapp.ui.performance.error_view import Wrong, error_view
        from ecgapp.ui.performance.selection import Selection
        from ecgapp.ui.shell import session

        settings = session.settings()
        card = load_card(settings.weights, "tiny_nine")
        known = version_predictions(card, settings)
        selection = Selection(card, card.task, known, card.thresholds, card.validation)
        error_view(selection, Wrong(2, "AF", Mistake.FALSE_POSITIVE))

    return _run(AppTest.from_function(view, default_timeout=60), settings, signed_in=signed_in)


def test_a_mistake_opens_with_its_saliency_and_says_whose_probability_it_is(settings):
    page = viewed(settings, signed_in=True)
    assert not page.exception
    words = said(page)
    assert "a false positive" in words
    assert "In the validation it got 0.900" in words
    assert "it has: Normal (normal ECG)" in words
    card = load_card(settings.weights, "tiny_nine")
    opened = page.session_state[OPENED][1]
    model = open_version(card, settings)
    findings = find(opened.ecg.record, model)
    question = SaliencyQuestion("AF", findings.best_window("AF"))
    again = explain(findings.prepared, model, question)
    (answer,) = opened.answers.values()
    np.testing.assert_allclose(answer.explanation.values, again.values, atol=1e-6)
    assert opened.ecg.record.record_id == "t/2"
    assert page.session_state["outputs_seen"] == {fingerprint(opened.ecg.record)}
    assert "No gate is installed" in words
    assert len(page.get("plotly_chart")) == 1
    assert len(page.dataframe[0].value) == 12


def test_a_mistake_says_what_the_gate_would_make_of_its_record(settings, monkeypatch):
    unlike = Admission(
        GateAnswer(0.1, 0.5, False), GateAnswer(0.97, 0.5, True, "Labels are withheld: noisy.")
    )
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.judges_for", lambda *_: Judges())
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.admit", lambda _record, _judges: unlike)
    words = said(viewed(settings, signed_in=True))
    assert "The Review page shows no label of it. Labels are withheld: noisy." in words
    assert "Score 0.97, limit 0.50" in words
    assert "a false positive" in words


def test_without_an_administrators_right_nothing_of_the_record_is_drawn(settings):
    page = viewed(settings, signed_in=False)
    assert "not signed in" in said(page)
    assert not page.get("plotly_chart")
    assert OPENED not in page.session_state


def test_predictions_of_an_earlier_version_have_no_error_browser_and_a_sentence(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    settings = Settings(tmp_path, tmp_path / "none")
    save_model(tmp_path / "weights", *tiny_models.classifier())
    for name in ("Errors", "Data sets"):
        page = part(settings, name)
        assert "do not say which records they are of" in page.info[0].value
        assert not page.dataframe


def test_a_data_set_that_is_not_here_is_named_and_its_rows_are_listed(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    settings = Settings(tmp_path, tmp_path / "none")
    mistaken(settings)
    (tmp_path / "stores" / "hospital").rename(tmp_path / "elsewhere")
    page = part(settings, "Errors")
    assert len(page.dataframe[0].value) == 3
    assert "Not on this machine: **hospital**" in said(page)


def selection(settings):
    card = load_card(settings.weights, "tiny_nine")
    return Selection(card, card.task, version_predictions(card, settings), card.thresholds, card.validation)


def test_the_saved_predictions_give_the_saved_figures(settings):
    table = pd.read_csv(io.BytesIO(predictions_csv(selection(settings))))
    figures = pd.read_csv(io.BytesIO(per_class_csv(selection(settings)))).set_index("class")
    assert list(table["record"].iloc[list(MISSED)]) == ["t/1", "t/3"]
    truth, found = table["AF target"], table["AF probability"]
    assert figures.loc["AF", "auroc"] == pytest.approx(metrics.roc_auc_score(truth, found), abs=1e-9)
    decided = found >= figures.loc["AF", "threshold"]
    assert figures.loc["AF", "precision"] == pytest.approx(metrics.precision_score(truth, decided), abs=1e-9)
    assert figures.loc["AF", "false_positive"] == len(ALARMED)
    assert np.isnan(figures.loc["PVC", "recall"])
    np.testing.assert_array_equal(table["fold"], selection(settings).predictions.folds)


def test_an_unknown_answer_is_empty_in_the_file(settings):
    known = selection(settings)
    targets = known.predictions.targets.copy()
    targets[0, 0] = np.nan
    told = predictions_csv(
        replace(known, predictions=replace(known.predictions, targets=targets, names=None))
    )
    table = pd.read_csv(io.BytesIO(told))
    assert np.isnan(table["AF target"][0])
    assert table["AF target"][1] == 1
    assert "record" not in table


def test_every_chart_has_its_table_and_no_line_or_point_is_told_by_colour_alone(settings):
    page = part(settings, "Classes")
    told = [trace["line"]["dash"] for trace in spec(page)["data"] if trace["mode"] == "lines"]
    marked = [trace["marker"]["symbol"] for trace in spec(page)["data"] if trace["mode"] == "markers"]
    assert len(set(told)) == len(told) == len(set(marked)) == 2  # AF and Normal
    table = page.dataframe[2].value
    assert list(table.columns) == ["Recall at least", "AF", "Normal"]
    assert table.iloc[-1].tolist() == ["0.95", "0.97 at 0.80", "1.00 at 0.80"]  # AF: 38 of 40 found, 1 alarm
