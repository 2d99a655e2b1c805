"""The Data page: closed to strangers, imports a folder, shows what is in it, deletes on request."""

import os
import signal
import sys
from functools import partial

import pytest
from admin_pages import PASSWORD, open_page, said, twelve_lead_store
from dataset_sources import write_ptb_xl
from run_processes import QUICK, end_all, until

from ecgapp.config import Settings
from ecgapp.datasets import ImportOptions, import_dataset, open_store, store_names
from ecgapp.datasets.importing import background, unfinished
from ecgapp.datasets.importing import importer as importing
from ecgapp.datasets.importing.background import (
    CANCELLED,
    ImportConfig,
    import_report,
    latest_import,
    new_import,
    start_import,
)
from ecgapp.errors import DatasetError
from ecgapp.jobs import RunStore
from ecgapp.storage import admin_password, documents
from ecgapp.training import pretraining_defaults
from ecgapp.ui.data.store_view import check_store_unused
from ecgapp.ui.shell import auth
from ecgapp.worker import execute

WORDS_OF_PATH = "secret-ward-7"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(admin_password, "COST", 2**8)
    settings = Settings(tmp_path / "home")
    yield settings
    end_all(RunStore(settings.runs))


def ended_import(settings):
    """The latest import, once it has ended."""
    runs = RunStore(settings.runs)
    until(lambda: latest_import(runs).ended_for_now)
    return latest_import(runs)


def submit_import(page, layout, source, name=""):
    page.selectbox(key="import_layout").set_value(layout)
    page.text_input(key="import_source").set_value(str(source))
    page.text_input(key="import_name").set_value(name)
    next(button for button in page.button if button.label == "Import").click()
    return page.run()


def test_a_stranger_sees_a_password_form_and_nothing_else(settings):
    twelve_lead_store(settings, "hospital")
    admin_password.set_password(settings, PASSWORD)
    page = open_page("data", settings, signed_in=False)
    assert [field.label for field in page.text_input] == ["Password"]
    assert "hospital" not in said(page)
    assert not page.exception


def test_the_right_password_opens_the_page_and_signing_out_closes_it(settings):
    admin_password.set_password(settings, PASSWORD)
    page = open_page("data", settings, signed_in=False)
    page.text_input[0].set_value("wrong one")
    page.button[0].click().run()
    assert "This password is wrong." in said(page)
    page.text_input[0].set_value(PASSWORD)
    page.button[0].click().run()
    assert "No data set yet" in said(page)
    page.button(key="sign_out").click().run()
    assert [field.label for field in page.text_input] == ["Password"]


def test_the_first_password_is_chosen_on_the_same_machine_only(settings, monkeypatch):
    monkeypatch.setattr(auth, "_is_same_machine", lambda: False)
    page = open_page("data", settings, signed_in=False)
    assert "Set it from a browser on the app's own machine" in said(page)
    assert not page.text_input
    monkeypatch.setattr(auth, "_is_same_machine", lambda: True)
    page.run()
    for field, word in zip(page.text_input, (PASSWORD, PASSWORD + "!"), strict=True):
        field.set_value(word)
    page.button[0].click().run()
    assert "differ" in said(page)
    assert not admin_password.is_password_set(settings)
    for field in page.text_input:
        field.set_value(PASSWORD)
    page.button[0].click().run()
    assert admin_password.is_password_set(settings)
    assert "No data set yet" in said(page)


def test_the_page_opens_empty(settings):
    page = open_page("data", settings)
    assert "No data set yet" in said(page)
    assert "not a medical device" in said(page)
    assert not page.exception


def test_a_folder_is_imported_and_the_page_reports_it(settings, tmp_path):
    source = write_ptb_xl(tmp_path / "source")
    page = submit_import(open_page("data", settings), "ptb-xl", source)
    ended_import(settings)
    page.run()
    assert "3 records were imported into ptb-xl. Refused: 0." in said(page)
    assert page.dataframe[0].value["Records"].tolist() == [3]
    labels = page.dataframe[1].value
    assert labels.loc[labels.index[0], "all"] == labels.filter(like="fold").iloc[0].sum()
    assert "ptb-xl/0000" in said(page)
    assert not page.exception


def test_a_refused_record_is_counted_with_its_reason(settings, tmp_path):
    source = write_ptb_xl(tmp_path / "source")
    signal = next(source.rglob("00002_lr.dat"))
    signal.write_bytes(signal.read_bytes()[:100])
    page = submit_import(open_page("data", settings), "ptb-xl", source)
    ended_import(settings)
    page.run()
    assert "2 records were imported into ptb-xl. Refused: 1." in said(page)
    reasons = next(frame.value for frame in page.dataframe if "Reason" in frame.value)
    assert reasons["Records"].tolist() == [1]


def test_a_path_that_does_not_exist_is_refused_without_repeating_it(settings, caplog):
    page = submit_import(open_page("data", settings), "folder", f"/{WORDS_OF_PATH}")
    assert "no such folder" in said(page)
    assert WORDS_OF_PATH not in said(page)
    assert WORDS_OF_PATH not in caplog.text


def test_an_import_that_breaks_down_tells_neither_page_nor_log_a_path(settings, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError(f"cannot read /{WORDS_OF_PATH}/x.hea")

    monkeypatch.setattr(importing, "_refuse_taken", fail)
    runs = RunStore(settings.runs)
    config = ImportConfig("folder", str(tmp_path), str(settings.stores / "data"))
    run = new_import(runs, config, here=True)
    ended = execute(runs, run.id, settings)
    assert (ended.state, ended.message.partition(".")[0]) == ("failed", "The import broke down unexpectedly")
    page = open_page("data", settings)
    assert ended.message in said(page)
    log = "\n".join(runs.log_tail(run.id, technical=True))
    assert "ValueError" in log
    assert "ecgapp.datasets.importing.importer, line" in log
    assert WORDS_OF_PATH not in said(page) + log
    assert str(tmp_path) not in log


def test_an_import_that_is_begun_in_a_terminal_is_started_by_no_page(settings, tmp_path):
    runs = RunStore(settings.runs)
    run = new_import(runs, ImportConfig("folder", str(tmp_path), str(settings.stores / "data")), here=True)
    open_page("data", settings)
    assert (runs.get(run.id).state, runs.get(run.id).pid) == ("starting", None)
    assert [event.kind for event in runs.events(run.id)] == ["queued", "starting"]


def test_a_finished_import_leaves_no_path_of_its_source_among_the_jobs(settings, tmp_path):
    source = write_ptb_xl(tmp_path / WORDS_OF_PATH)
    start_import("ptb-xl", str(source), "data", settings)
    assert ended_import(settings).state == "finished"
    folder = RunStore(settings.runs).folder(latest_import(RunStore(settings.runs)).id)
    files = [settings.runs / "runs.sqlite", folder / "config.json", folder / "log.txt"]
    until(lambda: not (settings.runs / "runs.sqlite-wal").exists())  # its last user removes it
    assert [path.name for path in files if WORDS_OF_PATH.encode() in path.read_bytes()] == []


def test_a_folder_of_another_layout_is_refused_in_one_sentence(settings, tmp_path):
    (tmp_path / "empty").mkdir()
    page = submit_import(open_page("data", settings), "ptb-xl", tmp_path / "empty")
    problem = ended_import(settings).message
    page.run()
    assert problem
    assert problem in said(page)
    assert str(tmp_path) not in said(page)
    assert store_names(settings) == ()


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "with space", "x" * 65])
def test_a_data_set_is_not_named_like_a_path(settings, tmp_path, name):
    with pytest.raises(DatasetError, match="letters, digits"):
        start_import("folder", str(tmp_path), name, settings)


SLOW_WORKER = """
import sys, time
from ecgapp.worker import main
from ecgapp.worker.kinds import import_job
plain = import_job.import_dataset
def slowly(layout, source, destination, options, progress, check):
    def wait(done, total):
        progress(done, total)
        while True:
            check()
            time.sleep(0.01)
    return plain(layout, source, destination, options, wait, check)
import_job.import_dataset = slowly
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def slow_import(settings, tmp_path, monkeypatch):
    """An import that stays at one of three records."""
    slow = partial(RunStore, command=[sys.executable, "-c", SLOW_WORKER], timing=QUICK)
    monkeypatch.setattr(background, "RunStore", slow)
    run = start_import("ptb-xl", str(write_ptb_xl(tmp_path / "source")), "one", settings)
    until(lambda: RunStore(settings.runs).get(run.id).done == 1)
    return RunStore(settings.runs).get(run.id)


def test_two_imports_at_once_are_refused_and_a_cancelled_one_leaves_nothing(settings, slow_import, tmp_path):
    with pytest.raises(DatasetError, match="under way"):
        start_import("ptb-xl", str(tmp_path / "source"), "two", settings)
    page = open_page("data", settings)  # of a server that did not start it
    assert [bar.proto.text for bar in page.get("progress")] == ["Importing one: 1 of 3 records"]
    page.button(key="import_cancel").click().run()
    assert ended_import(settings).message == CANCELLED
    page.run()
    assert CANCELLED in said(page)
    assert store_names(settings) == ()
    assert list(settings.stores.iterdir()) == []


def test_an_import_that_is_killed_is_shown_as_lost_and_can_be_begun_again(settings, slow_import, tmp_path):
    os.kill(slow_import.pid, signal.SIGKILL)
    killed = ended_import(settings)
    assert (killed.state, "killed" in killed.message) == ("lost", True)
    page = submit_import(open_page("data", settings), "ptb-xl", tmp_path / "source", "one")
    page.run()
    assert latest_import(RunStore(settings.runs)).id != slow_import.id
    assert store_names(settings) == ()


@pytest.fixture
def interrupted(settings, tmp_path, monkeypatch):
    """The store's name of an import of seven records that has kept four; its folder is ``source``."""
    for module in (importing, unfinished):
        monkeypatch.setattr(module, "PART_RECORDS", 4)
    source = write_ptb_xl(tmp_path / "source", folds=range(1, 8), patients=range(7))

    def stop(done, total):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset("ptb-xl", source, settings.stores / "ward", ImportOptions(leads=("II",)), stop)
    return "ward"


def press(page, label):
    next(button for button in page.button if label in button.label).click().run()


def test_an_interrupted_import_goes_on_from_the_page_with_its_own_choices(settings, interrupted):
    page = open_page("data", settings)
    assert "The import into ward was interrupted: 4 of 7 records are kept" in said(page)
    press(page, "Go on")
    runs = RunStore(settings.runs)
    assert import_report(runs, ended_import(settings)).read == 7
    page.run()
    assert "was interrupted" not in said(page)
    assert open_store(interrupted, settings).manifest.leads == ("II",)


def test_an_interrupted_import_can_be_discarded_from_the_page(settings, interrupted):
    page = open_page("data", settings)
    press(page, "Discard it and free")
    assert "was interrupted" not in said(page)
    assert list(settings.stores.iterdir()) == []


def test_an_interrupted_import_whose_folder_is_gone_says_so(settings, interrupted, tmp_path):
    page = open_page("data", settings)
    (tmp_path / "source").rename(tmp_path / "elsewhere")
    press(page, "Go on")
    assert "folder of this import is gone" in said(page)
    assert latest_import(RunStore(settings.runs)) is None


def test_an_action_is_refused_once_the_session_is_no_administrators(settings, tmp_path):
    page = open_page("data", settings)
    (settings.home / "admin.json").unlink()
    admin_password.set_password(settings, "another password")
    page = submit_import(page, "ptb-xl", write_ptb_xl(tmp_path / "source"))
    assert latest_import(RunStore(settings.runs)) is None
    assert [field.label for field in page.text_input] == ["Password"]


def test_a_data_set_is_deleted_only_after_the_box_is_ticked(settings):
    twelve_lead_store(settings, "hospital")
    page = open_page("data", settings)
    assert page.button(key="delete_hospital").disabled
    page.checkbox(key="delete_sure_hospital").check().run()
    page.button(key="delete_hospital").click().run()
    assert store_names(settings) == ()
    assert "No data set yet" in said(page)


def test_a_data_set_that_a_run_needs_is_kept(settings):
    runs = RunStore(settings.runs)
    run = runs.create("cae", "pretrain", "cpu", documents.dump(pretraining_defaults(("hospital",))))
    with pytest.raises(DatasetError, match="needs this data set"):
        check_store_unused("hospital", runs)
    check_store_unused("another", runs)
    runs.cancel(run.id)
    check_store_unused("hospital", runs)


def test_a_damaged_data_set_is_named_and_the_others_stay_usable(settings):
    twelve_lead_store(settings, "good")
    twelve_lead_store(settings, "bad")
    next((settings.stores / "bad").glob("*.parquet")).write_bytes(b"no table")
    page = open_page("data", settings)
    assert "bad: " in said(page)
    assert "damaged" in said(page)
    assert page.dataframe[0].value["Data set"].tolist() == ["good"]
    page.selectbox(key="store").set_value("bad").run()
    assert not page.exception


def test_labels_are_counted_by_fold_as_they_are_in_the_store(settings):
    store = twelve_lead_store(settings, "hospital", n_records=20)
    page = open_page("data", settings)
    table = next(frame.value for frame in page.dataframe if "records with an answer" in frame.value)
    assert table.loc["AF", "all"] == sum("SCP:AFIB" in codes for codes in store.codes())
    assert table.loc["AF", "fold 2"] == 2
    assert len(open_store("hospital", settings)) == 20


def test_other_tracings_are_shown_on_request(settings):
    twelve_lead_store(settings, "hospital")
    page = open_page("data", settings)
    before = [caption.value for caption in page.caption if "Codes" in caption.value]
    page.button(key="show_others").click().run()
    after = [caption.value for caption in page.caption if "Codes" in caption.value]
    assert len(before) == len(after) == 2
    assert before != after


def test_every_file_is_checked_on_request_and_a_changed_byte_is_told(settings):
    store = twelve_lead_store(settings, "hospital")
    page = open_page("data", settings)
    page.button(key="verify_store").click().run()
    assert "agree with their checksums" in said(page)
    shard = store.path / store.manifest.shards[0].signals
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x7f")
    page.button(key="verify_store").click().run()
    assert "agree with their checksums" not in said(page)
    assert "damaged" in said(page)
