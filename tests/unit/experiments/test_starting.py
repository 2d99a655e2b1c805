"""The start of an experiment: what is refused, what makes another experiment, and its jobs."""

import shutil
from dataclasses import replace

import pytest
from admin_pages import twelve_lead_store
from rhythm_store import write_rhythms
from run_processes import set_columns
from small_training import FINETUNING
from tiny_experiments import ARMS, CONFIG, TinyRun, tiny_home, with_settings

from ecgapp.config import PROJECT, Settings
from ecgapp.errors import ConfigError, DatasetError, ExperimentError, JobError, StorageError
from ecgapp.experiments.arm_jobs import (
    arm_states,
    delete_experiment,
    experiment_state,
    jobs_of,
    resume_arm,
    resume_experiment,
    start_next_arms,
    start_ready_arms,
    stop_experiment,
)
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.experiment_folder import EXPERIMENT, installed_experiments
from ecgapp.experiments.starting import check_experiment, open_experiment, reopen_stores
from ecgapp.experiments.study_protocol import protocol_named
from ecgapp.experiments.trials.trial_data import load_trial_data
from ecgapp.jobs import RunStore
from ecgapp.storage import documents

CPU = ("cpu",)


@pytest.fixture
def settings(tmp_path):
    return tiny_home(tmp_path / "home")


@pytest.fixture
def runs(settings, monkeypatch):
    """A list of jobs that starts no process."""
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    return RunStore(settings.runs)


def states(folder, runs):
    return {status.arm.key: status.state for status in arm_states(folder, runs)}


def end(run, runs, key, state="finished"):
    """Let the arm's job end, after its results are there if it finished."""
    if state == "finished":
        run.run(key)
    set_columns(runs, jobs_of(run.folder.record().id, runs)[key].id, state=state, heartbeat=1e12)


def test_a_data_set_without_the_positives_is_refused_in_a_sentence_with_class_and_count(settings):
    with pytest.raises(ExperimentError) as refused:
        open_experiment(with_settings(least=11), settings)
    assert str(refused.value) == ("The data sets have 10 records of atrial fibrillation; the study needs 11.")
    assert installed_experiments(settings.experiments) == ()


def test_a_data_set_without_a_lead_that_the_study_reads_is_refused_by_name(settings):
    with pytest.raises(ExperimentError) as refused:
        open_experiment(with_settings(leads=("II", "V7", "V8")), settings)
    assert str(refused.value) == (
        "The data set hospital has no lead V7, V8; the study reads 3 leads. Leave this data set out."
    )
    assert installed_experiments(settings.experiments) == ()


@pytest.mark.parametrize("protocol", ["singstad2020", "verma2021", "ansari2020"])
def test_a_data_set_of_one_lead_is_refused_by_the_studies_of_twelve(protocol, tmp_path):
    settings = Settings(tmp_path, PROJECT / "weights")
    write_rhythms(settings.stores / "single", 4)
    config = ExperimentConfig(protocol_named(protocol).preset(Size.QUICK), ("single",), Size.QUICK)
    with pytest.raises(ExperimentError, match=r"has no lead II, III, .*, V6; the study reads 12 leads"):
        check_experiment(config, settings)


def test_records_without_a_lead_of_the_training_are_not_loaded(settings):
    run = TinyRun(settings)
    training = replace(FINETUNING, preprocessing=replace(FINETUNING.preprocessing, leads=("II", "V7")))
    with pytest.raises(DatasetError, match="hospital has no lead V7"):
        load_trial_data(training, run.context)


def test_a_check_writes_nothing(settings):
    checked = check_experiment(CONFIG, settings)
    assert checked.data.data == ("20 records, of them 10 with atrial fibrillation.",)
    assert not settings.experiments.exists()


def test_the_same_config_and_data_are_one_experiment(settings):
    first, again = TinyRun(settings).folder, TinyRun(settings).folder
    assert first == again
    assert installed_experiments(settings.experiments) == (first,)
    assert first.path.name == first.record().id
    for other in (replace(CONFIG, seed=4), replace(CONFIG, size="full"), with_settings(steps=5)):
        assert TinyRun(settings, other).folder != first
    assert len(installed_experiments(settings.experiments)) == 4


def test_a_data_set_of_the_same_name_with_other_records_is_another_experiment(settings):
    before = TinyRun(settings).folder
    shutil.rmtree(settings.stores / "hospital")
    twelve_lead_store(settings, n_records=18)
    assert TinyRun(settings).folder != before
    with pytest.raises(ExperimentError, match="has changed since this experiment began"):
        reopen_stores(before, settings)
    with pytest.raises(ExperimentError, match="holds another experiment"):
        TinyRun(settings, path=before.path)


def test_a_data_set_by_path_is_the_one_by_name(settings, tmp_path):
    by_path = replace(CONFIG, stores=(str(settings.stores / "hospital"),))
    other = Settings(tmp_path / "other", tmp_path / "shipped")
    assert check_experiment(by_path, other).record.id == check_experiment(CONFIG, settings).record.id


def test_a_data_set_twice_and_a_size_that_does_not_exist_are_refused(settings):
    for fields in ({"stores": ()}, {"stores": ("a", "a")}, {"size": "huge"}, {"seed": -1}):
        with pytest.raises(ConfigError):
            replace(CONFIG, **fields)
    both = replace(CONFIG, stores=("hospital", str(settings.stores / "hospital")))
    with pytest.raises(ExperimentError, match="same name"):
        check_experiment(both, settings)


def test_a_config_reads_back_as_it_was_and_names_its_protocol():
    assert documents.load(ExperimentConfig, documents.dump(CONFIG)) == CONFIG
    assert documents.to_plain(CONFIG.settings)["protocol"] == "tiny"
    with pytest.raises(ConfigError, match="no protocol unknown"):
        documents.load(ProtocolConfig, '{"protocol": "unknown"}')
    with pytest.raises(ConfigError, match="no field named colour"):
        documents.load(ProtocolConfig, '{"protocol": "tiny", "colour": 1}')


def test_only_arms_that_can_run_are_queued_and_each_once(settings, runs):
    run = TinyRun(settings)
    assert [job.name for job in start_ready_arms(run.folder, runs, CPU)] == ["tiny: First arm"]
    assert start_ready_arms(run.folder, runs, CPU) == ()
    assert states(run.folder, runs) == {"first": "queued", **dict.fromkeys(ARMS[1:], "waiting")}
    end(run, runs, "first")
    assert len(start_ready_arms(run.folder, runs, CPU)) == 3
    assert start_ready_arms(run.folder, runs, CPU) == ()
    assert states(run.folder, runs) == {"first": "finished", **dict.fromkeys(ARMS[1:], "queued")}


def test_arms_take_turns_on_the_devices(settings, runs):
    run = TinyRun(settings).run("first")
    jobs = start_ready_arms(run.folder, runs, ("cuda:0", "cuda:1"))
    assert [job.device for job in jobs] == ["cuda:1", "cuda:0", "cuda:1"]


def test_arms_that_failed_were_stopped_or_lost_are_queued_again_and_finished_ones_are_not(settings, runs):
    run = TinyRun(settings).run("first")
    start_ready_arms(run.folder, runs, CPU)
    for key, state in zip(ARMS[1:], ("failed", "finished", "lost"), strict=True):
        end(run, runs, key, state)
    assert experiment_state(arm_states(run.folder, runs)) == "failed"
    resume_experiment(run.folder, runs, CPU)
    assert states(run.folder, runs) == {
        "first": "finished", "arm-1": "queued", "arm-2": "finished", "arm-3": "queued",
    }  # fmt: skip
    assert experiment_state(arm_states(run.folder, runs)) == "queued"
    assert [job.name for job in runs.queue("cpu")] == ["tiny: Arm 1", "tiny: Arm 3"]


def test_one_failed_arm_is_queued_again_by_itself(settings, runs):
    run = TinyRun(settings).run("first")
    start_ready_arms(run.folder, runs, CPU)
    for key in ARMS[1:]:
        end(run, runs, key, "failed")
    resume_arm(arm_states(run.folder, runs)[1], runs)
    assert list(states(run.folder, runs).values()) == ["finished", "queued", "failed", "failed"]
    with pytest.raises(JobError, match="has not run yet"):
        resume_arm(replace(arm_states(run.folder, runs)[1], run=None), runs)


def test_an_arm_whose_results_were_removed_starts_anew(settings, runs):
    run = TinyRun(settings)
    start_ready_arms(run.folder, runs, CPU)
    end(run, runs, "first")
    shutil.rmtree(run.folder.arm("first"))
    assert states(run.folder, runs)["first"] == "waiting"
    resume_experiment(run.folder, runs, CPU)
    assert states(run.folder, runs)["first"] == "queued"


def test_a_stop_ends_queued_arms_and_asks_running_ones(settings, runs):
    run = TinyRun(settings).run("first")
    start_ready_arms(run.folder, runs, CPU)
    end(run, runs, "arm-1", "running")
    stop_experiment(run.folder, runs)
    assert list(states(run.folder, runs).values()) == ["finished", "stopping", "stopped", "stopped"]
    end(run, runs, "arm-1", "stopped")
    assert experiment_state(arm_states(run.folder, runs)) == "stopped"


@pytest.mark.parametrize("meanwhile", [False, True])
def test_an_arm_that_ends_while_the_experiment_is_stopped_leaves_no_arm_in_the_queue(
    settings, runs, monkeypatch, meanwhile
):
    run = TinyRun(settings)
    (job,) = start_ready_arms(run.folder, runs, CPU)
    end(run, runs, "first", "running")
    run.run("first")
    if meanwhile:  # the stop has looked for jobs before the first one is queued
        add = runs.add

        def stopping(new):
            if runs.get(job.id).stop_requested is None:
                stop_experiment(run.folder, runs)
            return add(new)

        monkeypatch.setattr(runs, "add", stopping)
    else:
        stop_experiment(run.folder, runs)
    start_next_arms(run.folder, runs, CPU, job.id)
    assert set(states(run.folder, runs).values()) <= {"stopping", "stopped", "waiting"}
    stopped = [status.state for status in arm_states(run.folder, runs)].count("stopped")
    assert stopped == (3 if meanwhile else 0)


def test_an_arm_that_ends_queues_those_that_build_on_it(settings, runs):
    run = TinyRun(settings)
    (job,) = start_ready_arms(run.folder, runs, CPU)
    end(run, runs, "first")
    start_next_arms(run.folder, runs, CPU, job.id)
    assert list(states(run.folder, runs).values()) == ["finished", *["queued"] * 3]


def test_an_experiment_is_deleted_with_its_jobs_but_not_while_an_arm_waits_or_runs(settings, runs):
    run = TinyRun(settings)
    other = TinyRun(settings, replace(CONFIG, seed=9))
    for one in (run, other):
        start_ready_arms(one.folder, runs, CPU)
    with pytest.raises(ExperimentError, match="Stop the experiment first"):
        delete_experiment(run.folder, runs)
    stop_experiment(run.folder, runs)
    delete_experiment(run.folder, runs)
    assert installed_experiments(settings.experiments) == (other.folder,)
    assert jobs_of(run.folder.path.name, runs) == {}
    assert states(other.folder, runs)["first"] == "queued"


def test_a_damaged_experiment_is_one_sentence_and_can_be_deleted(settings, runs):
    run = TinyRun(settings)
    (run.folder.path / EXPERIMENT).write_text("{")
    with pytest.raises(StorageError, match="Delete the experiment and start it again"):
        arm_states(run.folder, runs)
    delete_experiment(run.folder, runs)
    assert not run.folder.path.exists()


def test_the_jobs_of_arms_are_no_trainings(settings, runs):
    start_ready_arms(TinyRun(settings).folder, runs, CPU)
    assert runs.all() == ()
