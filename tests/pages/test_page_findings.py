"""The findings panel: each class in patients at a prevalence to set, with rule and faulty leads beside it."""

from dataclasses import replace

import pytest
import tiny_models
from streamlit.testing.v1 import AppTest

from ecgapp import analysis
from ecgapp.analysis.support import count, per_cent
from ecgapp.config import PROJECT, Settings
from ecgapp.evaluate import meaning_at, validation_prevalence
from ecgapp.models import save_model
from ecgapp.records import LEADS, synthesise, write_wfdb
from ecgapp.records.synthetic import SyntheticConfig

PAGE = str(PROJECT / "pages" / "review.py")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A classifier that finds fibrillation and normal in everything, and the delineator."""
    home = tmp_path_factory.mktemp("home")
    model, known = tiny_models.classifier()
    lines = tuple(0.001 if name in ("AF", "Normal") else 0.999 for name in model.card.task.label_names)
    save_model(home / "weights", replace(model, card=replace(model.card, thresholds=lines)), known)
    save_model(home / "weights", analysis.open_model("delineator", Settings(home)))
    return home


@pytest.fixture
def page(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    page.selectbox(key="demo").set_value("Atrial fibrillation").run()
    assert not page.exception
    return page


def table(page):
    frames = (frame.value for frame in page.dataframe)
    return next(frame for frame in frames if "Finding" in frame).set_index("Finding")


def box(page, label):
    return next(box for box in page.selectbox if box.label == label)


def prevalence(page):
    return next(field for field in page.number_input if field.label.startswith("Prevalence of"))


def said(page):
    return " ".join(element.value for element in page.markdown)


def metrics(label):
    model, _ = tiny_models.classifier()
    return next(row for row in model.card.validation.per_label if row.label == label)


def test_each_class_is_told_in_patients_at_the_validation_prevalence_until_another_is_set(page):
    box(page, "In detail").set_value("AF").run()
    known = metrics("AF")
    assert prevalence(page).value == pytest.approx(100 * validation_prevalence(known))
    assert "that of the validation records" in said(page)
    share = meaning_at(known, validation_prevalence(known), True).share
    assert table(page).loc["AF", "Have it, of 100"] == f"{100 * share.value:.0f} " + (
        f"({100 * share.low:.0f}-{100 * share.high:.0f})"
    )


def test_a_prevalence_is_set_by_class_holds_for_the_session_and_can_be_taken_back(page):
    before = table(page)["Have it, of 100"]
    box(page, "In detail").set_value("AF").run()
    prevalence(page).set_value(1.0).run()
    after = table(page)["Have it, of 100"]
    share = meaning_at(metrics("AF"), 0.01, True).share
    assert after["AF"].startswith(count(share.value))
    usual = per_cent(validation_prevalence(metrics("AF")))
    assert f"have it, at a prevalence of 1 %, as set here (validation records: {usual})." in said(page)
    assert "Probability for this ECG at that prevalence" in said(page)
    assert (after.drop("AF") == before.drop("AF")).all()
    page.selectbox(key="demo").set_value("First-degree AV block").run()
    box(page, "In detail").set_value("AF").run()
    assert prevalence(page).value == pytest.approx(1.0)
    page.button(key="prevalence_back").click().run()
    assert "that of the validation records" in said(page)
    assert not page.exception


def test_the_textbooks_rule_stands_beside_each_class_in_a_word_and_the_doubtful_ones_in_figures(page):
    box(page, "In detail").set_value("AF").run()
    rules = table(page)["Rule"]
    assert rules["AF"] == "present"
    assert rules["Normal"] == "✗ absent"
    assert rules["I-AVB"] == "cannot tell"
    assert "P waves precede" in said(page)
    assert "**Normal** is above its threshold. Textbook rule: absent: RR changes by" in said(page)


def test_too_few_positives_give_no_patients_and_no_prevalence(page):
    box(page, "In detail").set_value("STE").run()
    assert table(page).loc["STE", "Have it, of 100"] == "-"
    assert "Too few validation records" in said(page)


def test_a_class_that_hangs_on_a_faulty_lead_says_so(page, tmp_path):
    record = synthesise(SyntheticConfig("AF")).record
    record.signal[LEADS.index("V1")] = 0
    header, signal = write_wfdb(record, tmp_path, "ecg")
    files = [("ecg.hea", header.read_bytes(), "text/plain"), ("ecg.dat", signal.read_bytes(), "")]
    assert "Quality" not in table(page)
    page.get("file_uploader")[0].set_value(files).run()
    assert table(page)["Quality"]["LBBB"] == "⚠"
    assert "of which one is faulty: V1 (no signal)" in said(page)


def test_a_key_goes_to_the_next_finding_those_above_their_threshold_first(page):
    seen = [box(page, "Class").value]
    for _ in range(9):
        page.button(key="next_finding").click().run()
        seen.append(box(page, "Class").value)
    assert set(seen[:2]) == {"AF", "Normal"}
    assert seen[0] == seen[9]
    assert len(set(seen)) == 9
    assert not page.exception
