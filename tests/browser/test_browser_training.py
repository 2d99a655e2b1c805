"""The Training page in a real browser while a run goes on: nothing flickers, scrolls away or closes."""

from dataclasses import replace

import pytest
from admin_pages import twelve_lead_store
from app_server import served
from metric_files import add_metrics
from run_processes import end_all, set_columns
from small_training import FINETUNING, write_store
from visitor import Visitor, browser, expect

from ecgapp.config import Settings
from ecgapp.datasets import open_store
from ecgapp.jobs import RunStore, metric_names
from ecgapp.storage import admin_password, documents
from ecgapp.training.result.examples import RankedRecord, RankedRecords, write_ranking

PASSWORD = "correct horse battery"
SEVERAL_LOOKS = 7_000  # ms; the page looks at its runs every two seconds
WATCH = """main => {
    window.blank = 0;
    window.heights = new Set();
    const look = () => {
        const line = document.querySelector(".st-key-live_loss .scatterlayer .js-line");
        const shown = line && getComputedStyle(line).visibility === "visible";
        window.blank += shown && line.getBoundingClientRect().width ? 0 : 1;
        window.heights.add(main.scrollHeight);
        requestAnimationFrame(look);
    };
    look();
}"""  # counts the frames of the screen in which the chart shows no curve, and the heights of the page


BLINK = 3  # frames at most: Streamlit puts a figure that has changed in the place of the old one


@pytest.fixture(scope="module")
def chrome():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server with a password and the data set ``hospital``; each test has a run of its own on it."""
    settings = Settings(tmp_path_factory.mktemp("lab"))
    admin_password.set_password(settings, PASSWORD)
    write_store(settings.stores / "hospital", n_records=32)
    with served(settings.home) as app:
        yield app


@pytest.fixture
def running(lab):
    """A run that is told to be under way, with a few epochs and a worst ECG; no other run is in the list."""
    hospital = open_store("hospital", lab.settings)
    worst = RankedRecord("hospital", 1, 2.5, "1", hospital.manifest.digest)
    store = RunStore(lab.settings.runs)
    run = store.create("ward", "finetune", "cpu", documents.dump(replace(FINETUNING, stores=("hospital",))))
    set_columns(store, run.id, state="running", heartbeat=1e12, done=3, total=40)
    write_ranking(store.folder(run.id), RankedRecords(3, (), (worst,)))
    for epoch in range(1, 4):
        add_epoch(store, run, epoch)
    yield store, run
    end_all(store)
    set_columns(store, run.id, state="stopped")
    for ended in store.all():
        store.delete(ended.id)


def add_epoch(store, run, epoch):
    series = (metric_names.TRAIN_LOSS, metric_names.VALIDATION_LOSS, metric_names.F1, metric_names.AUROC)
    add_metrics(store, run.id, [(name, epoch, 1 / epoch) for name in series])
    add_metrics(store, run.id, [(metric_names.STEP_LOSS, 10 * epoch + step, 1 / epoch) for step in range(10)])


@pytest.fixture
def visitor(chrome, lab, running):
    person = Visitor.at(chrome, lab, "training")
    person.sign_in(PASSWORD)
    expect(person.widget("live_loss").locator(".scatterlayer .js-line").first).to_be_attached()
    yield person
    for tab in chrome.contexts:
        tab.close()


def test_curves_grow_in_place_while_the_reader_has_scrolled_down(visitor, running):
    store, run = running
    scrolled = visitor.page.get_by_test_id("stMain")
    visitor.page.get_by_text("Learning curve index (LCI)").scroll_into_view_if_needed()
    before = scrolled.evaluate("main => main.scrollTop")
    height = scrolled.evaluate("main => main.scrollHeight")
    assert before > 100
    scrolled.evaluate(WATCH)
    add_epoch(store, run, 4)
    points = visitor.widget("live_loss").locator(".scatterlayer .trace").last.locator(".points path")
    expect(points).to_have_count(4)
    assert visitor.page.evaluate("window.blank") <= BLINK
    assert visitor.page.evaluate("[...window.heights]") == [height]
    assert scrolled.evaluate("main => main.scrollTop") == before


def test_a_dialog_stays_open_and_keeps_what_is_typed_while_the_page_looks_at_its_runs(visitor, running):
    store, run = running
    visitor.click("Name and note")
    note = visitor.page.locator(".st-key-run_note textarea")
    note.fill("half a sentence")
    visitor.page.wait_for_timeout(SEVERAL_LOOKS)
    expect(note).to_have_value("half a sentence")
    visitor.click("Save")
    visitor.sees("Note: half a sentence")
    assert store.get(run.id).note == "half a sentence"


def test_a_worst_ecg_opens_its_tracing_which_closes_again(visitor):
    visitor.page.get_by_role("button", name="1. loss 2.5000").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.locator(".scatterlayer .js-line").first).to_be_attached()
    visitor.page.wait_for_timeout(SEVERAL_LOOKS)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    visitor.page.wait_for_timeout(SEVERAL_LOOKS)
    expect(dialog).to_have_count(0)
    assert visitor.other_hosts() == set()


def test_two_quick_clicks_on_start_make_one_run(visitor, running):
    store, _ = running
    visitor.click("New run from these settings")
    visitor.fill("again_seed", 5)
    visitor.page.get_by_role("dialog").get_by_role("button", name="Start").dblclick()
    visitor.sees("Queued: cpu is busy with ward.")
    visitor.page.wait_for_timeout(SEVERAL_LOOKS)
    assert len(store.all()) == 2


def test_three_quick_clicks_on_the_forms_start_make_one_run_and_another_tab_is_told_of_it(visitor, running):
    store, _ = running
    twelve_lead_store(visitor.app.settings, "all folds")
    other = visitor.page.context.browser.new_page(base_url=visitor.app.url)
    tabs = [visitor, replace(visitor, page=other)]
    other.goto("/training")
    tabs[1].sign_in(PASSWORD)
    visitor.page.reload()
    visitor.sign_in(PASSWORD)
    for tab in tabs:
        tab.page.get_by_text("New training").click()
        tab.page.get_by_role("button", name="Start training").click(click_count=3)
        tab.sees(
            "Queued: cpu is busy with ward." if tab is visitor else "very same settings is queued already"
        )
    visitor.page.wait_for_timeout(SEVERAL_LOOKS)
    assert len(store.all()) == 2
