"""The worklist page: opens empty, fills, orders, opens on the Review page, walks on, and deletes."""

import logging
import sqlite3
import time
from contextlib import closing, nullcontext
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from run_processes import end_all, locked, set_columns, until
from streamlit.testing.v1 import AppTest

from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.config import DISCLAIMER, PROJECT, Settings
from ecgapp.jobs import SCORE, RunStore
from ecgapp.jobs.rows import OLDER, NewRun
from ecgapp.models import save_model
from ecgapp.records import SyntheticConfig, synthesise, write_wfdb
from ecgapp.reviews import EventKind, Journal, ReviewEvent
from ecgapp.storage import admin_password
from ecgapp.storage.database import BUSY_SECONDS
from ecgapp.ui.shell import auth
from ecgapp.ui.worklist import worklist_view
from ecgapp.worklist import Worklist, intake, start_scoring
from ecgapp.worklist.scorer import Scorer

PASSWORD = "correct horse"
MODEL_COLUMNS = {"Judgement", "Urgency", "Uncertainty"}


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """An installation with one tiny classifier, whose scoring the test does itself."""
    tiny_models.stand_alone(monkeypatch, tmp_path)
    monkeypatch.setattr(intake, "start_scoring", lambda settings: None)
    monkeypatch.setattr(worklist_view, "start_scoring", lambda settings: None)
    settings = Settings.from_environment()
    model, known = tiny_models.classifier()
    save_model(settings.weights, model, known)
    return settings


@pytest.fixture
def page(settings):
    page = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60).run()
    return page.switch_page("pages/worklist.py").run()


def ecg(seed):
    record = synthesise(SyntheticConfig(duration=10.0, heart_rate=50 + 10 * (seed % 5))).record
    noise = np.random.default_rng(seed).normal(0, 0.05, record.signal.shape).astype(np.float32)
    return replace(record, signal=record.signal + noise, derived=frozenset())


def files_of(folder, *names):
    found = []
    for seed, name in enumerate(names):
        for path in write_wfdb(ecg(seed), folder, name):
            found.append((path.name, path.read_bytes(), ""))
    return found


def drop(page, settings, files, *, score=True):
    page.get("file_uploader")[0].set_value(files).run()
    assert not page.exception
    until(lambda: not page.session_state["worklist_intake"].under_way)
    if score:
        Scorer(settings, 0).run(0.0)
    page.run()
    assert not page.exception
    return page


def opened(page):
    """The Review page after the button; a test has to follow the way by itself."""
    page.button(key="worklist_open").click().run()
    assert not page.exception
    return page.switch_page("pages/review.py").run()


def listed(page):
    return page.dataframe[0].value


def said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error)
    return " ".join(str(element.value) for elements in kinds for element in elements)


def test_it_opens_empty_with_the_disclaimer_and_a_hint(page):
    assert not page.exception
    assert DISCLAIMER in page.caption[0].value
    assert "The worklist is empty" in page.info[0].value
    assert not page.dataframe


def test_a_page_without_a_classifier_says_so(tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path)
    page = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60).run()
    page.switch_page("pages/worklist.py").run()
    assert not page.exception
    assert "none is installed" in said(page)


def test_dropped_records_are_listed_by_urgency_with_their_formulas_at_hand(page, settings, tmp_path):
    drop(page, settings, [*files_of(tmp_path, "a", "b", "c"), ("photo.jpg", b"x", "")])
    table = listed(page)
    assert list(table["State"]) == ["scored", "scored", "scored"]
    assert [float(words.split()[0]) for words in table["Urgency"]] == sorted(
        (float(words.split()[0]) for words in table["Urgency"]), reverse=True
    )
    assert all(table["Judgement"].str.len() > 10)
    assert set(table["File"]) == {"a", "b", "c"}
    files = page.dataframe[1].value
    assert list(files["File"]) == ["photo"]
    assert files["Why"][0].startswith("This kind of file is not read here.")
    assert "not for triage" in said(page)
    help_text = page.segmented_control(key="worklist_sort").proto.help
    assert "Level 6, read now: a critical finding" in help_text
    assert "Uncertainty is 1 if a probability is at its threshold" in help_text


def test_progress_is_shown_while_records_wait(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a", "b"), score=False)
    assert list(listed(page)["State"]) == ["waiting", "waiting"]
    (bar,) = page.get("progress")
    assert bar.proto.text.startswith("Scored: 0 of 2.")


def test_the_scoring_is_stopped_stays_so_and_is_resumed(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a", "b"), score=False)
    runs = RunStore(settings.runs)
    job = runs.add(NewRun(SCORE, "worklist", "", "", "{}", ""))
    set_columns(runs, job.id, state="running", heartbeat=1e12)
    page.run()
    page.button(key="worklist_stop").click().run()
    assert runs.get(job.id).state == "stopping"
    set_columns(runs, job.id, state="stopped", ended=time.time())
    assert start_scoring(settings) == ""
    assert runs.get(job.id).state == "stopped"
    page.run()
    assert worklist_view.STOPPED in page.get("progress")[0].proto.text
    assert page.button(key="worklist_stop").label == worklist_view.RESUME[0]
    page.button(key="worklist_stop").click().run()
    assert not page.exception
    assert worklist_view.GOES_ON in page.get("progress")[0].proto.text
    try:
        start_scoring(settings)
        assert not runs.get(job.id).ended_for_now
    finally:
        end_all(runs)


@pytest.mark.parametrize("version", [3, 4])
def test_a_list_of_jobs_that_is_of_another_version_or_locked_does_not_hide_the_worklist(
    page, settings, tmp_path, monkeypatch, version
):
    drop(page, settings, files_of(tmp_path, "a"), score=False)
    runs = RunStore(settings.runs)
    if version == 4:
        runs.all()
    else:
        settings.runs.mkdir(exist_ok=True)
        with closing(sqlite3.connect(runs.database.path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
    monkeypatch.setattr(worklist_view, "start_scoring", start_scoring)
    with locked(runs) if version == 4 else nullcontext():
        begun = time.monotonic()
        page.run()
        assert time.monotonic() - begun < BUSY_SECONDS
    assert not page.exception
    (error,) = page.error
    assert error.value == OLDER if version == 3 else "The list of runs cannot be" in error.value
    assert list(listed(page)["State"]) == ["waiting"]


def test_order_and_filters_change_the_table(page, settings, tmp_path):
    drop(page, settings, [*files_of(tmp_path, "a", "b", "c"), ("photo.jpg", b"x", "")])
    page.segmented_control(key="worklist_sort").set_value("number").run()
    assert list(listed(page)["No."]) == [1, 2, 3]
    page.multiselect(key="worklist_states").set_value(["scored"]).run()
    assert list(listed(page)["No."]) == [1, 2, 3]
    page.multiselect(key="worklist_states").set_value(["refused"]).run()
    assert "No record of the list fits" in said(page)


def test_a_record_opens_on_the_review_page_and_the_walk_goes_on_in_the_same_order(page, settings, tmp_path):
    drop(page, settings, [*files_of(tmp_path, "a", "b", "c"), ("photo.jpg", b"x", "")])
    order = [number for number in listed(page)["No."] if number != 4]
    opened(page)
    assert not page.exception
    for place, number in enumerate(order, 1):
        assert f"Worklist No. {number}: {place} of 3, by urgency" in said(page)
        assert page.button(key="worklist_previous").disabled == (place == 1)
        assert page.button(key="worklist_next").disabled == (place == 3)
        if place < 3:
            page.button(key="worklist_next").click().run()
    page.button(key="worklist_previous").click().run()
    assert f"No. {order[1]}: 2 of 3" in said(page)
    page.button(key="worklist_back").click().run()
    page.switch_page("pages/worklist.py").run()
    assert list(listed(page)["Opened"]) == ["opened"] * 3
    page.toggle(key="worklist_unopened").set_value(True).run()
    assert "No record of the list fits" in said(page)


def test_the_walk_passes_over_what_was_deleted_meanwhile_and_ends_with_another_record(
    page, settings, tmp_path
):
    drop(page, settings, files_of(tmp_path, "a", "b", "c"))
    order = list(listed(page)["No."])
    opened(page)
    Worklist(settings).delete([order[1]])
    page.button(key="worklist_next").click().run()
    assert f"No. {order[2]}: 3 of 3" in said(page)
    assert f"No. {order[1]}: This ECG is no longer on the worklist." in said(page)
    page.selectbox(key="demo").select_index(0).run()
    assert "worklist_next" not in {button.key for button in page.button}


def test_a_chosen_row_is_opened_even_where_the_order_changed_meanwhile(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a", "b", "c"))
    last = int(listed(page)["No."].iloc[-1])
    page.session_state[worklist_view.CHOSEN] = last
    page.run()
    assert page.button(key="worklist_open").label == f"Open No. {last}"
    opened(page)
    assert f"Worklist No. {last}: 3 of 3" in said(page)


def test_a_drop_without_an_ecg_lists_its_files_apart_and_deletes_them(page, settings, tmp_path):
    drop(page, settings, [("photo.jpg", b"x", "")])
    assert "Files without an ECG: 1" in [heading.value for heading in page.subheader]
    assert "worklist_open" not in {button.key for button in page.button}
    page.radio(key="worklist_delete_what_None").set_value("files without an ECG").run()
    page.checkbox(key="worklist_sure_files without an ECG").check().run()
    page.button(key="worklist_delete").click().run()
    assert not page.dataframe


ALARM = CriticalFinding(
    CriticalKind.PAUSE, "pause of 4.2 s", ("II",), 2.0, 6.2, "No beat for 4.2 s.", "electrode off", "a source"
)


@pytest.fixture
def alarmed(monkeypatch):
    """The second record that is dropped has a critical finding."""

    def critical(opened):
        return (ALARM,) if np.allclose(opened.record.signal, ecg(1).signal, atol=0.001) else ()

    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", critical)


def test_a_critical_finding_leads_the_list_and_is_told_in_red_where_it_is_chosen(
    alarmed, page, settings, tmp_path
):
    drop(page, settings, files_of(tmp_path, "a", "b", "c"))
    table = listed(page)
    assert table["No."][0] == 2
    assert list(table["Read now"]) == ["pause of 4.2 s", "", ""]
    assert table["Urgency"][0].endswith("read now")
    page.session_state[worklist_view.CHOSEN] = 2
    page.run()
    assert page.error[0].value.replace("\\", "") == "No. 2: Read this ECG now: pause of 4.2 s."


def test_who_reads_first_is_alarmed_all_the_same(alarmed, page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a", "b", "c"), score=False)
    Scorer(settings, 0).run(0.0)
    page.session_state["reads_first"] = True
    page.run()
    assert list(listed(page)["No."]) == [2, 1, 3]
    assert list(listed(page)["Read now"]) == ["pause of 4.2 s", "", ""]
    assert not MODEL_COLUMNS & set(listed(page))
    opened(page)
    assert "Worklist No. 2: 1 of 3, critical findings first" in said(page)
    assert "Read this ECG now" in page.error[0].value
    assert "shown before your read" in page.error[0].value
    kinds = [event.kind for event in Journal(settings).events()]
    assert sorted(kinds) == [EventKind.ALARMED, EventKind.OPENED]


def test_who_reads_first_sees_nothing_that_a_model_said_and_has_seen_it_after_it_was_shown(
    page, settings, tmp_path
):
    drop(page, settings, files_of(tmp_path, "a", "b", "c"), score=False)
    Scorer(settings, 0).run(0.0)
    page.session_state["reads_first"] = True
    page.run()
    assert not page.exception
    assert "Read without the model first' is on" in said(page)
    assert not MODEL_COLUMNS & set(listed(page))
    assert list(listed(page)["No."]) == [1, 2, 3]
    assert not page.multiselect
    assert not page.get("download_button")
    assert not page.session_state["outputs_seen"]
    page.session_state["reads_first"] = False
    page.run()
    assert page.session_state["outputs_seen"] == {item.key for item in Worklist(settings).items()}


def test_the_reviews_status_stands_in_its_line_and_what_is_kept_for_training_stays(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a"))
    (item,) = Worklist(settings).items()
    journal = Journal(settings)
    journal.add(ReviewEvent(item.key, EventKind.KEPT, "Ada"))
    page.run()
    assert list(listed(page)["Review"]) == ["unconfirmed"]
    page.checkbox(key="worklist_sure_what is shown").check().run()
    page.button(key="worklist_delete").click().run()
    assert not page.dataframe
    assert list(Worklist(settings).archive.keys()) == [item.key]


def test_deleting_says_what_it_frees_and_frees_it(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a", "b"))
    page.session_state[worklist_view.CHOSEN] = 2
    page.run()
    assert "Deletes No. 2: its line and its samples, 0.2 MB" in said(page)
    page.checkbox(key="worklist_sure_No. 2").check().run()
    page.button(key="worklist_delete").click().run()
    assert list(listed(page)["No."]) == [1]
    page.radio(key="worklist_delete_what_2").set_value("everything on the list").run()
    assert page.button(key="worklist_delete").disabled
    page.checkbox(key="worklist_sure_everything on the list").check().run()
    page.button(key="worklist_delete").click().run()
    assert not page.dataframe
    assert not list(Worklist(settings).archive.keys())


def test_a_folder_is_offered_to_administrators_only(page, settings, tmp_path):
    assert "worklist_source" not in {box.key for box in page.text_input}
    (tmp_path / "ward").mkdir()
    files_of(tmp_path / "ward", "a", "b")
    admin_password.set_password(settings, PASSWORD)
    page.session_state[auth.PASS] = admin_password.check_password(settings, PASSWORD)
    page.run()
    page.text_input(key="worklist_source").set_value(str(tmp_path / "none"))
    next(button for button in page.button if button.label == "Add its records").click().run()
    assert "no such folder" in said(page)
    page.text_input(key="worklist_source").set_value(str(tmp_path / "ward"))
    next(button for button in page.button if button.label == "Add its records").click().run()
    until(lambda: not page.session_state["worklist_intake"].under_way)
    assert [item.key != "" for item in Worklist(settings).items()] == [True, True]


def test_names_stay_in_the_session_that_dropped_them(page, settings, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        drop(page, settings, files_of(tmp_path / "..", "Mueller_Hans"))
    assert list(listed(page)["File"]) == ["Mueller_Hans"]
    assert "Mueller" not in caplog.text
    assert not any("Mueller" in str(path) for path in (settings.home / "archive").rglob("*"))
    assert b"Mueller" not in (settings.worklist / "worklist.sqlite3").read_bytes()
    other = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=60).run()
    other.switch_page("pages/worklist.py").run()
    assert list(listed(other)["No."]) == [1]
    assert "File" not in listed(other)


def test_a_damaged_list_is_one_sentence(page, settings):
    (settings.worklist / "worklist.sqlite3").write_bytes(b"no database at all" * 100)
    page.run()
    assert not page.exception
    assert "The worklist cannot be read or written" in said(page)


def test_samples_that_are_gone_are_one_sentence_and_the_page_stays(page, settings, tmp_path):
    drop(page, settings, files_of(tmp_path, "a"))
    (item,) = Worklist(settings).items()
    Worklist(settings).archive.delete(item.key)
    page.button(key="worklist_open").click().run()
    assert not page.exception
    assert "no longer kept on this machine" in said(page)
    assert page.dataframe
