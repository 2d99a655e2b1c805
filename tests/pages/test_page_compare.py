"""The compare page: empty, with one ECG, with both, and a sentence where one is refused or not scored."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from only_models import open_with
from streamlit.testing.v1 import AppTest

from ecgapp import analysis
from ecgapp.analysis import Admission, GateAnswer, Judges
from ecgapp.analysis.admission import admit
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.findings import find
from ecgapp.analysis.measurement.measurements import measure
from ecgapp.config import DISCLAIMER, PROJECT
from ecgapp.errors import SignalError
from ecgapp.records import DEMOS, LEADS, SyntheticConfig, fingerprint, synthesise, write_wfdb
from ecgapp.ui.shell.ecg_in_view import IN_VIEW, ECGInView
from ecgapp.ui.shell.open_ecgs import OPEN_ECGS

PAGE = str(PROJECT / "pages" / "compare.py")
SINUS, FIBRILLATION = list(DEMOS)[:2]
FIND = analysis.find


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An installation with one tiny classifier and the delineator that is shipped."""
    home = tmp_path_factory.mktemp("home")
    tiny_models.install(home / "weights")
    for suffix in ("json", "safetensors"):
        shutil.copy(PROJECT / "weights" / f"delineator.{suffix}", home / "weights")
    return home


@pytest.fixture
def page(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not page.exception
    return page


def choose(page, slot, title):
    page.selectbox(key=f"{slot}_demo").set_value(title).run()
    assert not page.exception
    return page


def both(page, earlier=SINUS, later=FIBRILLATION):
    return choose(choose(page, "earlier", earlier), "later", later)


def figures(page):
    return {
        chart.proto.id.rsplit("-", 1)[-1]: json.loads(chart.proto.spec) for chart in page.get("plotly_chart")
    }


def said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error)
    return " ".join(element.value for elements in kinds for element in elements)


def printed(figure):
    return " ".join(note["text"] for note in figure["layout"]["annotations"])


def table(page, column):
    return next(frame.value for frame in page.dataframe if column in frame.value.columns)


def drop(page, slot, record, folder, halves=2):
    number = ("earlier", "later").index(slot)
    files = [(path.name, path.read_bytes(), "") for path in write_wfdb(record, folder, "Mueller")][:halves]
    page.get("file_uploader")[number].set_value(files).run()
    assert not page.exception
    return page


def test_it_opens_empty_with_the_disclaimer_and_two_hints(page):
    assert DISCLAIMER in page.caption[0].value
    assert "No earlier ECG is open" in said(page)
    assert "No later ECG is open" in said(page)
    assert not figures(page)


def test_with_one_open_its_tracing_fills_the_paper_and_the_other_is_asked_for(page):
    choose(page, "earlier", SINUS)
    assert list(figures(page)) == ["compare_earlier"]
    assert "0-10 s of 10.0 s" in printed(figures(page)["compare_earlier"])
    assert "Open the second ECG" in said(page)


def test_both_are_drawn_at_one_scale_with_everything_that_changed(page):
    drawn = figures(both(page))
    assert sorted(drawn) == ["compare_beats", "compare_earlier", "compare_later"]
    spans, ratios, rows = set(), set(), set()
    for slot in ("earlier", "later"):
        layout = drawn[f"compare_{slot}"]["layout"]
        left, right = layout["xaxis"]["range"]
        spans.add(round(right - left, 6))
        ratios.add(layout["yaxis"]["scaleratio"])
        rows.add(tuple(layout["yaxis"]["range"]))
        assert slot.upper() in printed(drawn[f"compare_{slot}"])
        assert "25 mm/s" in printed(drawn[f"compare_{slot}"])
    assert len(spans) == len(ratios) == len(rows) == 1
    intervals = table(page, "Measurement").set_index("Measurement")
    assert intervals.loc["PR", "Later"] == "-"
    assert intervals.loc["PR", "Remark"] == "blank later"
    assert "Blank in the later ECG: P, PR, P axis" in said(page)
    assert len(table(page, "Finding")) == 9
    assert set(table(page, "Finding")["Status"]) == {"unconfirmed"}
    assert "Earlier to later, unconfirmed." in page.info[0].value


def test_one_set_of_controls_is_for_both(page):
    both(page)
    page.session_state["arrangement"] = "One above the other"
    page.session_state["pair_gain"] = 20
    page.selectbox(key="pair_band").set_value("0.5-40 Hz").run()
    for slot in ("earlier", "later"):
        words = printed(figures(page)[f"compare_{slot}"])
        assert "20 mm/mV" in words
        assert "filter: 0.5-40 Hz" in words
        assert "0-10 s" in words


def test_swapping_turns_both_around_and_takes_what_was_computed_along(page, monkeypatch):
    before = table(both(page), "Measurement")

    def again(*_arguments):
        raise AssertionError("computed twice")

    monkeypatch.setattr("ecgapp.analysis.measured_ecg.measure", again)
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.find", again)
    page.button(key="swap").click().run()
    assert not page.exception
    after = table(page, "Measurement")
    assert list(after["Earlier"]) == list(before["Later"])
    assert list(after["Later"]) == list(before["Earlier"])
    assert FIBRILLATION in printed(figures(page)["compare_earlier"])
    assert page.selectbox(key="earlier_demo").value == FIBRILLATION


def test_another_earlier_ecg_leaves_the_later_one_and_brings_its_own_results(page):
    first = table(both(page), "Measurement")
    second = table(choose(page, "earlier", "Left bundle branch block"), "Measurement")
    assert list(second["Later"]) == list(first["Later"])
    assert list(second["Earlier"]) != list(first["Earlier"])


def test_rates_and_lengths_may_differ(page, tmp_path):
    drop(page, "earlier", synthesise(SyntheticConfig(duration=4.0, sampling_rate=250.0)).record, tmp_path)
    drawn = figures(choose(page, "later", SINUS))
    spans = [np.ptp(drawn[f"compare_{slot}"]["layout"]["xaxis"]["range"]) for slot in ("earlier", "later")]
    assert spans[0] == pytest.approx(spans[1])
    assert "250 Hz" in printed(drawn["compare_earlier"])
    assert "500 Hz" in printed(drawn["compare_later"])
    assert "Mueller" not in said(page) + json.dumps(drawn)


def test_a_refused_drop_is_a_sentence_at_its_own_place_and_leaves_the_other(page, tmp_path):
    both(page)
    drop(page, "earlier", synthesise(SyntheticConfig()).record, tmp_path, halves=1)
    assert len(page.error) == 1
    assert list(figures(page)) == ["compare_later"]


def test_an_ecg_that_cannot_be_scored_is_told_of_and_the_rest_is_compared(page, monkeypatch):
    choose(page, "earlier", SINUS)

    def refusing(record, model):
        if record.record_id == "synthetic-AF":
            raise SignalError("The record is too short for this model.")
        return FIND(record, model)

    monkeypatch.setattr("ecgapp.analysis.opened_ecg.find", refusing)
    choose(page, "later", FIBRILLATION)
    (warning,) = (one.value for one in page.warning if "scored" in one.value)
    assert warning.startswith("The later ECG cannot be scored")
    assert "too short" in warning
    assert all("Finding" not in frame.value.columns for frame in page.dataframe)
    assert len(table(page, "Measurement")) == 13


def test_lost_volts_lay_no_beats_over_each_other(page, monkeypatch):
    lost = synthesise(SyntheticConfig()).record
    monkeypatch.setattr(
        "ecgapp.ui.shell.opening.synthesise",
        lambda config: replace(synthesise(config), record=replace(lost, units="z-score")),
    )
    both(page)
    assert "One ECG has no voltage calibration" in said(page)
    assert "compare_beats" not in figures(page)


def test_the_same_recording_twice_is_told_of(page):
    assert "Both are the same recording" in said(both(page, SINUS, SINUS))


def test_the_ecg_of_the_review_page_is_the_later_one_until_another_is_opened(page):
    reviewed = synthesise(DEMOS[FIBRILLATION]).record
    page.session_state[IN_VIEW] = ECGInView(open_with(reviewed), "Uploaded ECG")
    page.run()
    assert list(figures(page)) == ["compare_later"]
    assert "the one in view on the Review page" in said(page)
    another = synthesise(DEMOS[SINUS]).record
    page.session_state[IN_VIEW] = ECGInView(open_with(another), "Another ECG")
    page.run()
    assert "Another ECG" in printed(figures(page)["compare_later"])
    choose(page, "later", "ST elevation")
    assert "ST elevation" in printed(figures(page)["compare_later"])
    assert page.session_state[IN_VIEW].title == "Another ECG"
    assert page.session_state[IN_VIEW].page_state == {}


def columns_of(page):
    return {column for frame in page.dataframe for column in frame.value.columns}


@pytest.mark.parametrize("slot", ["earlier", "later"])
def test_of_an_ecg_that_the_gate_refuses_no_label_is_compared_but_what_was_measured(page, monkeypatch, slot):
    calls = []
    ecg_of = {"earlier": SINUS, "later": FIBRILLATION}

    def judge(record, _judges):
        refused = record.record_id == synthesise(DEMOS[ecg_of[slot]]).record.record_id
        return Admission(GateAnswer(0.9, 0.5, True, "Too noisy to read.")) if refused else Admission()

    monkeypatch.setattr("ecgapp.analysis.opened_ecg.judges_for", lambda *_: Judges())
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.admit", judge)
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.find", lambda *_: calls.append("find"))
    both(page)
    (told,) = (one.value for one in page.warning if "Too noisy" in one.value)
    assert told.startswith(f"The {slot} ECG: Too noisy to read.")
    assert not calls
    assert "Finding" not in columns_of(page)
    assert "Measurement" in columns_of(page)


def test_who_reads_first_gets_nothing_of_an_unread_ecg_until_they_ask_for_it(page, monkeypatch):
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.find", lambda *_: pytest.fail("computed"))
    page.session_state["reads_first"] = True
    both(page)
    assert not columns_of(page) & {"Finding", "Measurement"}
    assert "The later ECG is to be read first" in said(page)
    monkeypatch.setattr("ecgapp.analysis.opened_ecg.find", FIND)
    for slot in ("earlier", "later"):
        page.button(key=f"compare_unread_{slot}").click().run()
        assert not page.exception
    assert len(table(page, "Finding")) == 9
    seen = {fingerprint(synthesise(DEMOS[title]).record) for title in (SINUS, FIBRILLATION)}
    assert page.session_state["outputs_seen"] == seen


def test_what_was_compared_counts_as_seen(page):
    both(page)
    assert len(page.session_state["outputs_seen"]) == 2


def test_a_finding_that_hangs_on_a_faulty_lead_is_marked_and_explained(page, tmp_path):
    record = synthesise(SyntheticConfig("AF")).record
    record.signal[LEADS.index("V1")] = 0
    drop(choose(page, "earlier", SINUS), "later", record, tmp_path)
    remarks = table(page, "Finding").set_index("Finding")["Remark"]
    assert remarks["LBBB"].startswith("⚠ doubtful later")
    found = table(page, "Finding").set_index("Finding")
    above = [
        name for name in found.index if "above" in found.loc[name, "Earlier is"] + found.loc[name, "Later is"]
    ]
    told = [one for one in page.markdown if "is faulty: V1 (no signal)" in one.value]
    assert len(told) == len(above)


def changed(page):
    (told,) = (box.value for box in (*page.info, *page.warning) if "Earlier to later" in box.value)
    return told


def test_st_that_moved_stands_first_in_the_headline_and_is_no_longer_calm(page):
    both(page, SINUS, "ST elevation")
    told = changed(page)
    assert told.startswith("Earlier to later, unconfirmed. ST changed: ")
    assert "V3 +4." in told.split(".  ")[0]
    assert any("ST changed" in box.value for box in page.warning)


def test_two_readings_alike_have_no_shift_in_the_headline(page):
    both(page, SINUS, "First-degree AV block")
    assert "ST changed" not in changed(page)


def test_the_critical_findings_of_each_ecg_stand_above_what_changed(page, monkeypatch):
    alarm = CriticalFinding(
        CriticalKind.PAUSE, "a pause of 4 s", ("II",), 2.0, 6.0, "No beat.", "a loose electrode", "a source"
    )
    later = synthesise(DEMOS[FIBRILLATION]).record.record_id
    monkeypatch.setattr(
        "ecgapp.analysis.OpenedECG.critical",
        lambda ecg: (alarm,) if ecg.record.record_id == later else (),
    )
    both(page)
    (box,) = page.error
    assert box.value.replace("\\", "") == "**Later ECG: Read this ECG now: a pause of 4 s.** No beat."


def test_each_ecg_has_a_reference_of_its_own_which_is_printed_and_makes_no_markup(page):
    both(page)
    fields = [field for field in page.text_input if field.key.startswith("compare_reference_")]
    fields[0].set_value("2024-05-01 <b>[x](y)</b>").run()
    assert not page.exception
    assert "EARLIER: Normal sinus rhythm (2024-05-01 bxy/b)" in printed(figures(page)["compare_earlier"])
    assert "LATER: Atrial fibrillation<" in printed(figures(page)["compare_later"])


def test_an_ecg_that_is_open_on_two_pages_is_computed_once(page, monkeypatch):
    calls = []

    def counted(name, work):
        return lambda *given, **options: calls.append(name) or work(*given, **options)

    for module, work in (("opened_ecg", find), ("opened_ecg", admit), ("measured_ecg", measure)):
        monkeypatch.setattr(f"ecgapp.analysis.{module}.{work.__name__}", counted(work.__name__, work))
    review = AppTest.from_file(str(PROJECT / "pages" / "review.py"), default_timeout=60).run()
    review.selectbox(key="demo").set_value(SINUS).run()
    assert not review.exception
    once = sorted(calls)
    assert once == ["admit", "find", "measure"]
    for key in (IN_VIEW, OPEN_ECGS):
        page.session_state[key] = review.session_state[key]
    choose(page.run(), "earlier", SINUS)
    assert "the one in view on the Review page" in said(page)
    assert len(table(page, "Finding")) == 9
    assert sorted(calls) == once
