"""The review page: opens empty, opens full, and says in one sentence what is wrong with a drop."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
import tiny_models
import torch
from streamlit.testing.v1 import AppTest

from ecgapp import analysis
from ecgapp.analysis import Admission, GateAnswer
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.config import DISCLAIMER, PROJECT, Settings
from ecgapp.models import pack, save_model
from ecgapp.promotion import Decision, install_import
from ecgapp.records import DEMOS, LEADS, ECGRecord, SyntheticConfig, synthesise, write_wfdb

CHARTS = ("tracing", "steps", "reconstruction", "saliency", "relevance_beat", "relevance_waves")
PAGE = str(PROJECT / "pages" / "review.py")


@pytest.fixture
def page(home, monkeypatch):
    tiny_models.stand_alone(monkeypatch, home)
    return AppTest.from_file(PAGE, default_timeout=30).run()


def files_of(record, folder, name="ecg"):
    header, signal = write_wfdb(record, folder, name)
    return [(f"{name}.hea", header.read_bytes(), "text/plain"), (f"{name}.dat", signal.read_bytes(), "")]


def ecg(duration=10.0, **changes):
    return replace(synthesise(SyntheticConfig(duration=duration)).record, **changes)


def drop(page, files):
    page.get("file_uploader")[0].set_value(files).run()
    assert not page.exception
    return page


def charts(page):
    return {
        chart.proto.id.rsplit("-", 1)[-1]: json.loads(chart.proto.spec) for chart in page.get("plotly_chart")
    }


def everything_said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error, page.subheader)
    return " ".join(element.value for elements in kinds for element in elements)


def test_it_opens_empty_with_the_disclaimer_and_a_hint(page):
    assert not page.exception
    assert DISCLAIMER in page.caption[0].value
    assert "No ECG is open" in page.info[0].value
    assert list(charts(page)) == ["blank"]


def test_an_empty_page_tells_every_class_that_is_looked_for_with_its_figures(page, home):
    cards = analysis.available_models(Settings(home, home / "no shipped weights")).values()
    rows = [(label.name, card.name) for card in cards if card.task for label in card.task.labels]
    told = page.dataframe[0].value
    assert rows
    assert list(zip(told["Class"], told["Model"], strict=True)) == rows
    assert told["Recall (95 %)"].str.len().min() > 0


@pytest.mark.parametrize("turned", [False, True], ids=["header first", "signal first"])
def test_a_dropped_record_shows_everything(page, tmp_path, turned):
    files = files_of(ecg(), tmp_path)
    drop(page, files[::-1] if turned else files)
    assert sorted(charts(page)) == sorted(CHARTS)
    assert not page.error
    table = page.dataframe[0].value
    assert len(table) == 9
    assert set(table["Status"]) == {"unconfirmed"}
    assert DISCLAIMER in everything_said(page)


def test_the_uploader_is_emptied_once_the_record_is_open(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    assert not page.get("file_uploader")[0].value


def test_the_fresh_uploader_behind_an_open_record_closes_nothing(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    drop(page, [])
    assert "tracing" in charts(page)
    assert "Uploaded ECG" in printed(page)


def test_taking_refused_files_out_takes_their_sentence_away(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path)[:1])
    assert page.error
    drop(page, [])
    assert not page.error


def test_neither_the_uploads_name_nor_its_bytes_stay(page, home, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        drop(page, files_of(ecg(), tmp_path, "Mueller_Hans"))
        drop(page, files_of(ecg(), tmp_path, "Mueller_Hans")[:1])
    assert "Mueller" not in everything_said(page) + json.dumps(charts(page)) + caplog.text
    assert not list((home / "uploads").rglob("*"))


def test_findings_say_their_threshold_precision_and_n(page, tmp_path):
    table = drop(page, files_of(ecg(), tmp_path)).dataframe[0].value.set_index("Finding")
    for label, row in table.iterrows():
        assert row["Result"] == ("▲ above" if row["Probability"] >= row["Threshold"] else "below")
        assert row["Positives of n"].endswith("of 200")
        if label != "STE":
            assert "(" in row["Precision (95 %)"]


def test_a_class_with_few_positives_shows_no_percentage(page, tmp_path):
    table = drop(page, files_of(ecg(), tmp_path)).dataframe[0].value.set_index("Finding")
    assert table.loc["STE", "Precision (95 %)"] == "insufficient validation data (n = 2)"
    assert table.loc["STE", "Have it, of 100"] == "-"


def test_a_demonstration_is_labelled_synthetic(page):
    page.selectbox(key="demo").set_value(next(iter(DEMOS))).run()
    assert not page.exception
    assert "SYNTHETIC" in json.dumps(charts(page)["tracing"]["layout"])


def printed(page):
    return " ".join(note["text"] for note in charts(page)["tracing"]["layout"]["annotations"])


def test_the_tracing_is_unfiltered_until_a_filter_is_chosen_and_then_says_so_with_st_beside_it(
    page, tmp_path
):
    drop(page, files_of(ecg(), tmp_path))
    assert "filter: none, as recorded" in printed(page)
    page.selectbox(key="band").set_value("0.5-40 Hz").run()
    page.selectbox(key="notch").set_value("50 Hz").run()
    assert "filter: 0.5-40 Hz and 50 Hz notch, zero phase" in printed(page)
    assert "ST 110 ms after R, relative to the PR level" in everything_said(page)


def test_the_tracing_can_show_what_the_model_saw(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    page.toggle(key="as_model").set_value(True).run()
    assert not page.exception
    assert "0.5-40 Hz, zero phase; leads are then normalised   100 Hz" in printed(page)


def test_a_record_of_minutes_has_pages_to_turn_and_an_overview(page, tmp_path):
    drop(page, files_of(ecg(65.0), tmp_path))
    assert "0-10 s of 65.0 s" in printed(page)
    assert charts(page)["overview"]["layout"]["xaxis"]["range"] == [0.0, 65.0]
    for _ in range(6):
        page.button(key="page_on").click().run()
    assert "55-65 s of 65.0 s" in printed(page)
    assert page.button(key="page_on").disabled
    page.button(key="page_back").click().run()
    assert "45-55 s of 65.0 s" in printed(page)
    page.slider[0].set_value(12.5).run()
    assert "12.5-22.5 s of 65.0 s" in printed(page)
    assert not page.exception


def test_the_layouts_go_round_with_one_key(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    seen = []
    for _ in range(4):
        page.button(key="next_layout").click().run()
        seen.append(page.session_state["layout"])
    assert seen == ["6x2", "12x1", "3x4", "6x2"]


def test_layout_speed_gain_and_order_are_drawn_and_printed(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    page.get("button_group")[0].set_value(["12x1"]).run()
    page.toggle(key="half_chest").set_value(True).run()
    assert not page.exception
    assert "V1-V6 at half gain, 5 mm/mV" in printed(page)
    assert [trace["name"] for trace in charts(page)["tracing"]["data"]][:12] == list(LEADS)


def test_a_real_upload_is_not_labelled_synthetic(page, tmp_path):
    drop(page, files_of(ecg(synthetic=False), tmp_path))
    assert "SYNTHETIC" not in json.dumps(charts(page)["tracing"]["layout"])


def test_a_long_record_says_its_windows_and_lets_one_be_chosen(page, tmp_path):
    drop(page, files_of(ecg(25.0), tmp_path))
    assert "4 windows of 10 s" in everything_said(page)
    page.selectbox(key="step_window").set_value(3).run()
    assert not page.exception
    assert charts(page)["steps"]["data"][-1]["x0"] == 15.0


def test_a_short_record_says_that_it_was_padded(page, tmp_path):
    assert "zeros were put behind its end" in everything_said(drop(page, files_of(ecg(6.0), tmp_path)))


def test_another_class_gets_its_own_saliency_in_the_window_that_is_named(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    box = next(box for box in page.selectbox if box.label == "Class")
    other = next(label for label in ("AF", "PVC") if label != box.value)
    box.set_value(other).run()
    if any(button.key == "map_below" for button in page.button):
        page.button(key="map_below").click().run()
    said = everything_said(page)
    assert f"**{other} (" in said
    assert "Window shown: 0.0-10.0 s" in said
    assert other in json.dumps(charts(page)["saliency"]["layout"]["annotations"])


def test_a_record_with_two_leads_shows_its_tracing_and_models_say_what_they_miss(page, tmp_path):
    record = ecg()
    drop(page, files_of(ECGRecord("x", record.signal[:2], 500.0, ("MLII", "V1")), tmp_path))
    assert list(charts(page)) == ["tracing"]
    assert any("has no lead" in warning.value for warning in page.warning)
    assert "Not recorded:" in everything_said(page)


def test_an_autoencoder_of_one_lead_reads_the_lead_that_there_is_and_says_so(home, tmp_path, monkeypatch):
    alone = tmp_path / "home"
    save_model(alone / "weights", tiny_models.autoencoder("of_ii", leads=("II",)))
    tiny_models.stand_alone(monkeypatch, alone)
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    drop(page, files_of(ECGRecord("x", ecg().signal[[0, 6]], 500.0, ("I", "V1")), tmp_path))
    assert "reconstruction" in charts(page)
    assert page.selectbox(key="reconstruction_lead_of_ii").value == "I"
    assert "I in place of II" in everything_said(page)
    page.selectbox(key="reconstruction_lead_of_ii").set_value("V1").run()
    assert "V1 in place of II" in everything_said(page)
    assert not page.exception


def test_a_flat_lead_is_named_before_anything_is_read(page, tmp_path):
    record = ecg()
    record.signal[LEADS.index("V4")] = 0
    assert "No signal in V4" in everything_said(drop(page, files_of(record, tmp_path)))


def test_missing_samples_leave_the_tracing_and_refuse_the_models(page, tmp_path):
    record = ecg()
    record.signal[LEADS.index("V4"), 1000:1500] = np.nan
    drop(page, files_of(record, tmp_path))
    assert list(charts(page)) == ["tracing"]
    assert "Samples are missing in V4" in everything_said(page)


def edited(files, before, after):
    name, content, kind = files[0]
    assert before in content
    return [(name, content.replace(before, after, 1), kind), files[1]]


BAD = {
    "header without signal": lambda files: files[:1],
    "signal without header": lambda files: files[1:],
    "truncated signal": lambda files: [files[0], (files[1][0], files[1][1][:-1001], "")],
    "rate 0": lambda files: edited(files, b" 500 ", b" 0 "),
    "gain 0": lambda files: edited(files, b" 1000", b" 0"),
    "wrong checksum": lambda files: [files[0], (files[1][0], files[1][1][:-2] + b"\x01\x00", "")],
    "a text file renamed": lambda files: [("ecg.hea", b"Dear colleague, thank you for", ""), files[1]],
    "a picture": lambda files: [("photo.png", b"\x89PNG\r\n", "image/png")],
    "empty files": lambda files: [("ecg.hea", b"", ""), ("ecg.dat", b"", "")],
    "a hostile name": lambda files: [("../../etc/passwd", b"root:x:0:0", "")],
    "absurd sizes": lambda files: [
        ("x.hea", b"x 2000000000 500 5000\nx.dat 16 1000 16 0 0 0 0 I\n", ""),
        files[1],
    ],
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_bad_drop_is_one_sentence_and_the_page_stays_usable(page, tmp_path, wrong):
    good = files_of(ecg(), tmp_path)
    drop(page, BAD[wrong](good))
    assert len(page.error) == 1
    sentence = page.error[0].value
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    assert str(tmp_path) not in sentence
    assert list(charts(page)) == ["blank"]
    drop(page, good)
    assert not page.error
    assert "tracing" in charts(page)


def test_a_bad_drop_closes_the_record_before_it(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    drop(page, files_of(ecg(), tmp_path)[:1])
    assert list(charts(page)) == ["blank"]
    assert len(page.error) == 1


def test_the_missing_half_may_be_dropped_later(page, tmp_path):
    files = files_of(ecg(), tmp_path)
    drop(page, files[:1])
    drop(page, files)
    assert not page.error
    assert "tracing" in charts(page)


def test_without_models_the_tracing_is_still_shown(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path / "new")
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    drop(page, files_of(ecg(), tmp_path))
    assert list(charts(page)) == ["tracing"]
    assert "Training page" in everything_said(page)


def test_damaged_weights_are_a_sentence(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    tiny_models.install(tmp_path / "weights")
    (tmp_path / "weights" / "tiny_nine.safetensors").write_bytes(b"damaged")
    st.cache_resource.clear()
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    drop(page, files_of(ecg(), tmp_path))
    assert any("weights" in warning.value for warning in page.warning)
    assert "tracing" in charts(page)


def test_a_model_promoted_meanwhile_is_used_at_once(page, home, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    before = page.dataframe[0].value.set_index("Finding")["Threshold"]
    model, known = tiny_models.classifier(thresholds=(0.9,) * 9)
    model.network.head[1].bias += 1.0
    save_model(home / "weights", model, known)
    page.run()
    after = page.dataframe[0].value.set_index("Finding")["Threshold"]
    assert set(before) == {0.5}
    assert set(after) == {0.9}
    tiny_models.install(home / "weights")


def test_promotion_and_roll_back_switch_the_page_without_a_restart_and_show_the_hash(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    settings = Settings.from_environment()
    first, second = (pack(*tiny_models.classifier("ward", thresholds=(line,) * 9)) for line in (0.5, 0.9))
    model, known = tiny_models.classifier("ward")
    model.network.head[1].bias += 1.0
    third = pack(model, known)
    shown = []
    page = None
    for version in (first, second, third, first):
        install_import(version, Decision("Ada", "a test"), settings)
        if page is None:
            page = AppTest.from_file(PAGE, default_timeout=30).run()
            drop(page, files_of(ecg(), tmp_path))
        page.run()
        table = page.dataframe[0].value.set_index("Finding")
        shown.append((table["Threshold"].iloc[0], round(table["Probability"].sum(), 6)))
        assert f"ward, sha256 {version.card.sha256[:12]}" in [caption.value for caption in page.caption]
    assert [line for line, _ in shown] == [0.5, 0.9, 0.5, 0.5]
    assert shown[0][1] == shown[1][1] == shown[3][1] < shown[2][1]


def test_a_page_that_was_drawn_before_a_promotion_still_opens_its_own_version(tmp_path):
    settings = Settings(tmp_path, tmp_path / "none")
    model, known = tiny_models.classifier("ward")
    old = pack(model, known)
    install_import(old, Decision("Ada", "a test"), settings)
    model.network.head[1].bias += 1.0
    install_import(pack(model, known), Decision("Ada", "another"), settings)
    opened = analysis.open_version(old.card, settings)
    assert opened.card == old.card
    torch.testing.assert_close(opened.network.head[1].bias + 1.0, model.network.head[1].bias)


def test_nothing_is_computed_twice_for_one_record(page, tmp_path, monkeypatch):
    drop(page, files_of(ecg(), tmp_path))

    def again(*_arguments):
        raise AssertionError("computed twice")

    for name in ("find", "explain", "reconstruct", "prepare"):
        monkeypatch.setattr(f"ecgapp.analysis.opened_ecg.{name}", again)
    page.run()
    assert not page.exception
    assert sorted(charts(page)) == sorted(CHARTS)


def test_no_ecg_lies_in_a_cache_that_users_share(page, tmp_path, monkeypatch):
    def shared(*_arguments, **_options):
        raise AssertionError("st.cache_data is shared by all users")

    monkeypatch.setattr(st, "cache_data", shared)
    drop(page, files_of(ecg(), tmp_path))
    assert sorted(charts(page)) == sorted(CHARTS)


ALARMS = (
    CriticalFinding(
        CriticalKind.VENTRICULAR_FIBRILLATION, "ventricular fibrillation", LEADS, 2.0, 6.0,
        "No complexes.", "electrode artefact", "a source", "network",
    ),
    CriticalFinding(
        CriticalKind.ST_ELEVATION, "ST elevation", ("V2", "V3"), 18.0, 20.0, "V2 +3.6 mm.", "pericarditis",
        "another source",
    ),
)  # fmt: skip


@pytest.fixture
def alarmed(monkeypatch):
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", lambda ecg: ALARMS)


def plain(words):
    return words.replace("\\", "")


def test_critical_findings_stand_in_red_above_all_with_evidence_and_what_else_they_could_be(
    alarmed, page, tmp_path
):
    drop(page, files_of(ecg(25.0), tmp_path))
    (box,) = page.error
    told = plain(box.value)
    assert told.startswith("**Critical.** **Read this ECG now: ventricular fibrillation.** No complexes.")
    assert "Could also be: electrode artefact." in told
    assert "**Read this ECG now: ST elevation.** (18.0-20.0 s) V2 +3.6 mm." in told
    details = plain(everything_said(page))
    assert "found by network. Could also be: electrode artefact. Limits: a source." in details
    assert "Could also be: pericarditis. Limits: another source." in details


def test_their_evidence_is_marked_on_the_tracing_until_the_reader_hides_it(alarmed, page, tmp_path):
    drop(page, files_of(ecg(25.0), tmp_path))
    marked = charts(page)["tracing"]["layout"]["shapes"]
    assert [(shape["x0"], shape["x1"]) for shape in marked if shape.get("name") == "evidence"] == [(2.0, 6.0)]
    page.toggle(key="mark_alarms").set_value(False).run()
    assert not [s for s in charts(page)["tracing"]["layout"].get("shapes", ()) if s.get("name") == "evidence"]


def test_a_finding_on_another_page_has_a_way_to_it(alarmed, page, tmp_path):
    drop(page, files_of(ecg(25.0), tmp_path))
    page.button(key="go_to_critical_0").click().run()
    assert not page.exception
    assert "12.5-22.5 s of 25.0 s" in printed(page)
    marked = charts(page)["tracing"]["layout"]["shapes"]
    assert {shape["x0"] for shape in marked if shape.get("name") == "evidence"} == {18.0}


def test_without_critical_findings_there_is_no_red_box_and_no_switch(page, tmp_path):
    drop(page, files_of(ecg(), tmp_path))
    assert not page.error
    assert "mark_alarms" not in {toggle.key for toggle in page.toggle}


def test_a_record_of_one_lead_is_alarmed_and_says_why_it_has_no_labels(alarmed, page, tmp_path):
    drop(page, files_of(ECGRecord("x", ecg().signal[:1], 500.0, ("ECG",)), tmp_path))
    assert "Read this ECG now" in page.error[0].value
    assert any("has no lead" in box.value for box in page.warning)


def test_what_the_gate_refuses_keeps_tracing_and_alarms(alarmed, page, tmp_path, monkeypatch):
    refused = Admission(GateAnswer(0.9, 0.5, True, "This signal cannot be read as an ECG: noise."))
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.admission", lambda ecg: refused)
    drop(page, files_of(ecg(), tmp_path))
    assert "tracing" in charts(page)
    assert "Read this ECG now" in page.error[0].value
    assert any("cannot be read as an ECG" in box.value for box in page.warning)
    assert "saliency" not in charts(page)
