"""The Experiments page in a browser: a study is started, stopped and resumed, and its tables are read."""

from dataclasses import replace

import pytest
from app_server import served
from run_processes import until
from twelve_lead_stores import write_hospitals
from visitor import Visitor, browser, expect

from ecgapp.config import Settings
from ecgapp.experiments.experiment_config import Size
from ecgapp.experiments.study_protocol import protocol_named
from ecgapp.jobs import ARM, RunStore
from ecgapp.storage import admin_password, documents

PASSWORD = "correct horse battery"
SMALL = {"filters": 4, "blocks": 3, "sampling_rate": 50.0, "n_folds": 4, "fewest_folds": 2, "epochs": 40}


@pytest.fixture(scope="module")
def chrome():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server with a data set of the nine classes."""
    settings = Settings(tmp_path_factory.mktemp("lab"))
    write_hospitals(settings.stores / "hospitals", 72)
    admin_password.set_password(settings, PASSWORD)
    with served(settings.home) as app:
        yield app


def test_a_study_is_started_stopped_resumed_and_its_tables_are_read(chrome, lab, tmp_path):
    visitor = Visitor.at(chrome, lab, "experiments")
    visitor.sign_in(PASSWORD)
    visitor.sees("No experiment yet")
    visitor.pick("experiment_protocol", "Singstad")
    choose_small_settings(visitor)
    visitor.sees("3 arms with 12 trials")
    picture(visitor, tmp_path, "form")
    visitor.click("Start")
    visitor.sees("It goes on when this page or the server is closed.")
    jobs = RunStore(lab.settings.runs)
    until(lambda: any(job.state == "running" for job in jobs.all(ARM)))
    picture(visitor, tmp_path, "running")
    visitor.click("Stop")
    until(lambda: all(job.state == "stopped" for job in jobs.all(ARM)))
    visitor.sees("Stopped: 0 of 3 arms finished")
    picture(visitor, tmp_path, "stopped")
    visitor.click("Resume")
    until(lambda: all(job.state == "finished" for job in jobs.all(ARM)))
    visitor.sees("Finished: all 3 arms.")
    picture(visitor, tmp_path, "finished")
    visitor.page.get_by_text("Results", exact=True).click()
    visitor.sees("What the results show")
    picture(visitor, tmp_path, "results")
    visitor.page.get_by_text("One arm", exact=True).click()
    visitor.sees("4 ended trials")
    picture(visitor, tmp_path, "one-arm")
    assert visitor.other_hosts() == set()


def choose_small_settings(visitor):
    """Fill in settings of the quick size with which each trial takes about a second."""
    visitor.pick("experiment_size", "Quick")
    visitor.page.get_by_text("Other settings of the study").click()
    preset = protocol_named("singstad2020").preset(Size.QUICK)
    box = visitor.widget("experiment_settings_singstad2020_quick").locator("textarea")
    box.fill(documents.dump(replace(preset, **SMALL)))
    box.press("Control+Enter")


def picture(visitor, tmp_path, name):
    """The whole page, for eyes; pytest keeps the last three runs' folders."""
    expect(visitor.page.get_by_test_id("stSkeleton")).to_have_count(0)
    height = visitor.page.get_by_test_id("stMainBlockContainer").evaluate("page => page.scrollHeight")
    visitor.page.set_viewport_size({"width": 1280, "height": height + 80})
    visitor.page.screenshot(path=tmp_path / f"{name}.png")
