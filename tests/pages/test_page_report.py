"""The review page's report: made when asked for, with what was typed, and in a sentence where it fails."""

import json

import pytest
import tiny_models
from rasters import words
from streamlit.testing.v1 import AppTest

from ecgapp.config import PROJECT
from ecgapp.errors import SignalError
from ecgapp.models import save_model
from ecgapp.records import DEMOS
from ecgapp.report import Bundle
from ecgapp.storage import documents
from ecgapp.ui.review.report_buttons import FILES
from ecgapp.ui.shell.ecg_in_view import IN_VIEW
from ecgapp.ui.sign_off.caliper_panel import CaliperState
from ecgapp.ui.tracing.caliper import Caliper

PAGE = str(PROJECT / "pages" / "review.py")
NAMES = [name for name, _, _ in FILES.values()]


@pytest.fixture
def page(home, monkeypatch):
    """The page with a synthetic record open."""
    tiny_models.stand_alone(monkeypatch, home)
    return opened(AppTest.from_file(PAGE, default_timeout=60).run())


@pytest.fixture
def saved(monkeypatch):
    """The content that each button of the last run would save, by the file's name."""
    files = {}

    def button(_place, _label, data, file_name, *_arguments, **_options):
        files[file_name] = data

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", button)
    monkeypatch.setattr(
        "streamlit.download_button", lambda *words, **options: button(None, *words, **options)
    )
    return files


def opened(page, number=0):
    page.selectbox(key="demo").set_value(list(DEMOS)[number]).run()
    assert not page.exception
    return page


def make(page, reference=""):
    next(box for box in page.text_input if "Reference" in box.label).set_value(reference)
    next(button for button in page.button if button.label == "Make the report").click().run()
    assert not page.exception
    return page


def buttons(page):
    return [button.proto.label for button in page.get("download_button")]


def test_nothing_is_made_before_it_is_asked_for(page, monkeypatch):
    def early(*_arguments):
        raise AssertionError("made without being asked for")

    monkeypatch.setattr("ecgapp.report.pdf", early)
    page.run()
    assert not page.exception
    assert buttons(page) == []


def test_asked_for_it_can_be_saved_as_report_tracing_and_numbers(page):
    make(page)
    assert buttons(page) == [label for _, _, label in FILES.values()]
    page.run()
    assert len(buttons(page)) == 3


def test_the_files_are_of_the_record_and_model_in_view_with_what_was_typed(page, saved):
    make(page, "Bed 4")
    assert list(saved) == NAMES
    assert "Reference: Bed 4" in words(saved["ecg-report.pdf"])
    bundle = documents.load(Bundle, saved["ecg-numbers.json"].decode())
    assert bundle.model.name == "tiny_nine"
    shown = page.dataframe[0].value.set_index("Finding")["Probability"]
    assert {row.label: row.probability for row in bundle.predictions} == dict(shown)
    assert "Bed 4" not in saved["ecg-numbers.json"].decode()
    assert saved["ecg-tracing.png"].startswith(b"\x89PNG")
    assert any("with the reference Bed 4." in line.value for line in page.markdown)


def test_the_tracing_stands_as_on_the_screen_where_that_is_asked_for(page, saved):
    page.session_state["layout"] = "12x1"
    page.session_state["speed"] = 50
    page.selectbox(key="band").set_value("0.5-40 Hz").run()
    make(page)
    said = words(saved["ecg-report.pdf"])
    assert "25 mm/s" in said
    assert "filter: none, as recorded" in said
    next(box for box in page.checkbox if "on the screen" in box.label).check()
    make(page)
    said = words(saved["ecg-report.pdf"])
    assert "50 mm/s" in said
    assert "filter: 0.5-40 Hz, zero phase" in said
    assert "page 1 of 3" in said
    told = documents.load(Bundle, saved["ecg-numbers.json"].decode()).tracing
    assert (told.layout.columns, told.scale.speed, told.filter) == (1, 50, "0.5-40 Hz, zero phase")


def test_calipers_that_were_kept_are_printed_with_their_names(page, saved):
    measured = page.session_state[IN_VIEW].page_state[CaliperState].calipers
    measured.add(Caliper("II", 1.0, 1.86, -0.2, 1.1, -0.1, 1.0), "none, as recorded")
    measured.keep("RR")
    make(page)
    said = words(saved["ecg-report.pdf"], 2)
    assert "RR: II 1.000-1.860 s: 860 ms (70/min)" in said
    assert "filter: none, as recorded." in said


def test_the_map_is_checked_where_that_is_asked_for(page, saved, home):
    model, known = tiny_models.classifier(thresholds=(0.01,) * 9)
    save_model(home / "weights", model, known)
    make(page)
    assert "has not been checked" in words(saved["ecg-report.pdf"], 2)
    next(box for box in page.checkbox if "trusted" in box.label).check()
    make(page)
    assert "Reliability of this map" in words(saved["ecg-report.pdf"], 2)
    tiny_models.install(home / "weights")


def test_another_record_has_neither_the_files_nor_the_reference_of_the_one_before(page):
    opened(make(page, "Bed 4"), 1)
    assert buttons(page) == []
    assert next(box for box in page.text_input if "Reference" in box.label).value == ""


def test_a_report_that_cannot_be_drawn_is_a_sentence(page, monkeypatch):
    def broken(*_arguments, **_options):
        raise OSError("no font on this disk")

    monkeypatch.setattr("matplotlib.backends.backend_pdf.PdfPages.savefig", broken)
    make(page)
    (error,) = page.error
    assert "could not be drawn" in error.value
    assert "font on this disk" not in error.value
    assert buttons(page) == []


def test_a_record_that_no_model_takes_gets_its_tracing_and_the_reason(page, saved, monkeypatch):
    def refused(*_arguments, **_options):
        raise SignalError("The record is too short for this model.")

    monkeypatch.setattr("ecgapp.analysis.OpenedECG.findings", refused)
    make(page)
    assert "too short for this model" in words(saved["ecg-report.pdf"], 2)
    assert json.loads(saved["ecg-numbers.json"])["model"] is None
    assert "25 mm/s" in words(saved["ecg-report.pdf"])
