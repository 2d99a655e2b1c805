"""The Experiments page: what it asks and refuses, what it starts, and what it shows of arms and results."""

import json
from dataclasses import replace

import pytest
import tiny_study
from admin_pages import open_page, said, twelve_lead_store
from metric_files import add_metrics
from run_processes import set_columns
from tiny_experiments import ARMS, CONFIG, TinyRun, with_settings

from ecgapp.experiments.arm_jobs import jobs_of, start_ready_arms
from ecgapp.experiments.collection import write_report
from ecgapp.experiments.experiment_folder import EXPERIMENT, TimeEstimate, installed_experiments
from ecgapp.experiments.study_protocol import protocol_named
from ecgapp.jobs import ARM, metric_names
from ecgapp.storage import admin_password, documents
from ecgapp.ui.experiments.live_experiments import ARM_CLOSELY, RESULTS


@pytest.fixture
def hospital(settings):
    """An installation with a data set of ten records of atrial fibrillation."""
    twelve_lead_store(settings)
    return settings


def open_tiny(settings, **changes):
    """The page with the tiny study chosen, quick, with these settings."""
    page = open_page("experiments", settings)
    page.selectbox(key="experiment_protocol").set_value("tiny")
    page.selectbox(key="experiment_size").set_value("quick").run()
    if changes:
        text = documents.dump(with_settings(**changes).settings)
        page.text_area(key="experiment_settings_tiny_quick").set_value(text).run()
    assert not page.exception
    return page


def press(page, key):
    page.button(key=key).click()
    page.run()
    assert not page.exception
    return page


def seen(page):
    """All text of the page, with its tables and toasts."""
    tables = [frame.value.to_string() for frame in page.dataframe]
    return "\n".join([said(page), *tables, *(toast.value for toast in page.toast)])


def started(settings, runs, *ended, **changes):
    """A started experiment of which these arms have finished."""
    run = TinyRun(settings, with_settings(**changes))
    start_ready_arms(run.folder, runs, ("cpu",))
    for key in ended:
        run.run(key)
        set_arm(run, runs, key, state="finished", started=0.0, claimed=0.0, ended=90.0)
        start_ready_arms(run.folder, runs, ("cpu",))
    if ended:
        write_report(run.folder, run.stores)
    return run


def set_arm(run, runs, key, **columns):
    job = jobs_of(run.folder.path.name, runs)[key]
    set_columns(runs, job.id, **{"heartbeat": 1e12, **columns})
    return job


def test_a_stranger_sees_a_password_form_and_no_experiment(hospital, runs):
    started(hospital, runs)
    admin_password.set_password(hospital, "correct horse")
    page = open_page("experiments", hospital, signed_in=False)
    assert [field.label for field in page.text_input] == ["Password"]
    assert "not a medical device" in said(page)
    assert not page.dataframe
    assert not page.exception


def test_without_a_data_set_and_without_an_experiment_the_page_says_what_to_do(settings):
    page = open_page("experiments", settings)
    assert "Import a data set on the Data page first" in said(page)
    assert "No experiment yet. Choose a study and data sets above and press Start" in said(page)
    assert "not a medical device" in said(page)
    assert not page.exception


def test_the_plan_says_what_the_data_lack_and_which_arms_will_run(hospital):
    page = open_tiny(hospital)
    assert "Do the arms differ?" in said(page)
    assert "20 records, of them 10 with atrial fibrillation" in said(page)
    assert "The study had 1,000 records; these data sets have 20" in said(page).replace("\\", "")
    assert any("4 arms with 7 trials" in expander.label for expander in page.expander)
    arms = page.dataframe[0].value
    assert list(arms["Arm"]) == ["First arm", "Arm 1", "Arm 2", "Arm 3"]
    assert list(arms["Builds on"]) == ["", *["First arm"] * 3]


def test_the_plan_has_the_arms_that_will_run_once_the_settings_are_fitted_to_the_data(hospital, monkeypatch):
    def fitted(config, stores):
        return replace(config, settings=replace(config.settings, n_arms=1))

    monkeypatch.setattr(protocol_named("tiny"), "fitted", fitted)
    page = open_tiny(hospital)
    assert list(page.dataframe[0].value["Arm"]) == ["First arm", "Arm 1"]
    press(page, "experiment_start")
    (folder,) = installed_experiments(hospital.experiments)
    assert folder.record().config.settings.n_arms == 1


def test_a_data_set_without_the_positives_is_refused_in_one_sentence(hospital):
    page = open_tiny(hospital, least=11)
    assert [error.value for error in page.error] == [
        "The data sets have 10 records of atrial fibrillation; the study needs 11."
    ]
    assert not [button for button in page.button if button.label == "Start"]


def test_settings_that_make_no_sense_are_refused_in_a_sentence(hospital):
    page = open_tiny(hospital)
    for text, words in (
        ("{", "not valid JSON"),
        ('{"protocol": "tiny", "colour": 1}', "no field named colour"),
    ):
        page.text_area(key="experiment_settings_tiny_quick").set_value(text).run()
        assert words in page.error[0].value
        assert not page.exception


def test_start_queues_the_first_arms_of_one_experiment_however_often_it_is_clicked(hospital, runs):
    page = open_tiny(hospital, n_trials=3)
    page.number_input(key="experiment_seed").set_value(5).run()
    for _ in range(2):
        press(page, "experiment_start")
    (folder,) = installed_experiments(hospital.experiments)
    config = folder.record().config
    assert (config.seed, config.size, config.stores) == (5, "quick", ("hospital",))
    assert config.settings.n_trials == 3
    assert [job.name for job in runs.all(ARM)] == ["tiny: First arm"]
    assert "Queued: 0 of 4 arms finished" in page.get("progress")[0].proto.text


def test_the_time_is_measured_in_a_process_and_kept_for_the_time_left(hospital, runs, monkeypatch):
    monkeypatch.setattr(
        "ecgapp.ui.experiments.experiment_form.measure_experiment",
        lambda *_: TimeEstimate("cpu", {"first": 60.0, **dict.fromkeys(ARMS[1:], 3600.0)}),
    )
    page = press(open_tiny(hospital), "experiment_measure")
    assert "About 3 h 01 min on one cpu" in said(page)
    assert list(page.dataframe[0].value["Time"]) == ["1 min 00 s", *["1 h 00 min"] * 3]
    press(page, "experiment_start")
    assert "About 3 h 01 min left" in page.get("progress")[0].proto.text
    (folder,) = installed_experiments(hospital.experiments)
    assert folder.estimate().seconds["first"] == 60.0


def test_arms_are_shown_with_their_states_and_what_they_wait_for(hospital, runs):
    run = started(hospital, runs)
    set_arm(run, runs, "first", state="running", done=1, total=4, seconds_left=75.0)
    page = open_page("experiments", hospital)
    arms = next(frame.value for frame in page.dataframe if "State" in frame.value)
    assert list(arms["State"]) == ["running", *["waits for “First arm”, which has not finished"] * 3]
    assert list(arms["Time"]) == ["1 min 15 s left", "–", "–", "–"]
    assert list(arms["Progress"]) == [25.0, 0.0, 0.0, 0.0]
    assert "Running: 0 of 4 arms finished" in page.get("progress")[0].proto.text


def test_a_failed_arm_says_why_and_runs_again_at_a_click_with_what_waits_for_it(hospital, runs):
    run = started(hospital, runs)
    set_arm(run, runs, "first", state="failed", message="The loss is not a number.")
    page = open_page("experiments", hospital)
    arms = next(frame.value for frame in page.dataframe if "State" in frame.value)
    assert list(arms["State"]) == [
        "failed: The loss is not a number.", *["waits for “First arm”, which failed"] * 3,
    ]  # fmt: skip
    assert page.button(key="experiment_resume").label == "Run the failed arms again"
    press(page, "experiment_resume")
    assert jobs_of(run.folder.path.name, runs)["first"].state == "queued"


def test_an_experiment_is_stopped_resumed_and_deleted(hospital, runs):
    run = started(hospital, runs, "first")
    page = press(open_page("experiments", hospital), "experiment_stop")
    assert {job.state for job in runs.all(ARM)} == {"finished", "stopped"}
    assert "Stopped: 1 of 4 arms finished" in page.get("progress")[0].proto.text
    press(page, "experiment_resume")
    assert [job.state for job in runs.all(ARM)].count("queued") == 3
    press(page, "experiment_stop")
    press(page, "experiment_delete")
    assert not run.folder.path.exists()
    assert "No experiment yet" in said(page)


def test_tables_beside_the_papers_and_figures_fill_as_arms_end(hospital, runs):
    started(hospital, runs, "first", "arm-1")
    page = open_page("experiments", hospital)
    page.segmented_control(key="experiment_view").set_value(RESULTS).run()
    assert not page.exception
    table = page.table[0].value.replace(r"\\", "", regex=True)
    assert list(table["n"]) == ["1", "2", "0", "0"]
    assert list(table["Paper"]) == ["0.500"] * 4
    assert list(table["Ours"])[2:] == ["–", "–"]
    assert "3 trials have ended" in said(page)
    words = said(page).replace("\\", "")
    assert "Not all arms have ended: 2 of 4 arms have finished; missing: Arm 2, Arm 3." in words
    assert "n = 20 records of hospital." in words
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert {trace["type"] for trace in figure["data"]} == {"bar", "scatter"}
    assert figure["data"][0]["error_y"]["symmetric"] is False
    labels = [button.label for button in page.get("download_button")]
    assert labels == ["Tables as CSV", "Results as JSON", "Report as PDF"]


def test_before_the_first_arm_has_ended_the_results_say_so(hospital, runs):
    started(hospital, runs)
    page = open_page("experiments", hospital)
    page.segmented_control(key="experiment_view").set_value(RESULTS).run()
    assert "No arm has ended yet" in said(page)


def test_an_arm_is_opened_with_its_live_curves_and_those_of_its_trials(hospital, runs):
    run = started(hospital, runs, "first")
    run.run("arm-1")
    job = set_arm(run, runs, "arm-1", state="running", done=1, total=4)
    for epoch in (1, 2):
        add_metrics(
            runs, job.id, [(metric_names.TRAIN_LOSS, epoch, 0.5), (metric_names.VALIDATION_LOSS, epoch, 0.4)]
        )
    page = open_page("experiments", hospital)
    page.segmented_control(key="experiment_view").set_value(ARM_CLOSELY).run()
    assert not page.exception
    assert page.selectbox(key=f"experiment_arm_{run.folder.path.name}").value == "arm-1"
    assert len(page.get("plotly_chart")) == 2
    trials = next(frame.value for frame in page.dataframe if "Score" in frame.value)
    assert list(trials["Trial"]) == [1, 2]
    names = [trace["name"] for trace in json.loads(page.get("plotly_chart")[1].proto.spec)["data"]]
    assert names == ["trial 1", "trial 2"]


def test_a_damaged_experiment_is_one_sentence_and_can_be_deleted(hospital, runs):
    run = started(hospital, runs)
    set_arm(run, runs, "first", state="stopped")
    (run.folder.path / EXPERIMENT).write_text("{")
    page = open_page("experiments", hospital)
    assert "The experiment's folder is damaged" in page.error[0].value
    assert not page.exception
    press(page, "experiment_delete")
    assert installed_experiments(hospital.experiments) == ()


def test_arms_do_not_stand_among_the_trainings(hospital, runs):
    started(hospital, runs)
    page = open_page("training", hospital)
    assert "No training yet" in said(page)
    assert "First arm" not in seen(page)


def test_the_tiny_study_is_what_these_tests_show():
    assert CONFIG.settings == tiny_study.TinyConfig()
