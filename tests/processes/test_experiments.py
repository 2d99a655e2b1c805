"""Experiments in processes: as jobs, in parts, stopped, broken, and killed at random moments."""

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from killing import report_of
from run_processes import QUICK, end_all, until
from tiny_experiments import (
    ARMS,
    PROGRAM,
    TinyRun,
    break_arms,
    files_of,
    tiny_home,
    trials_begun,
    with_settings,
)
from twelve_lead_stores import twelve_lead_installation

from ecgapp.__main__ import main
from ecgapp.config import PROJECT
from ecgapp.errors import ExperimentError
from ecgapp.experiments import estimation
from ecgapp.experiments.arm_jobs import (
    arm_states,
    jobs_of,
    resume_experiment,
    start_ready_arms,
    stop_experiment,
)
from ecgapp.experiments.collection import read_report, write_report
from ecgapp.experiments.estimation import measure_experiment
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.experiment_folder import ExperimentFolder, TimeEstimate
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config
from ecgapp.experiments.starting import open_experiment
from ecgapp.jobs import ARM, RunStore
from ecgapp.storage import documents

CPU = ("cpu",)
THREE = with_settings(n_arms=2)  # and the arm that both need: every job is a process, which imports torch


@pytest.fixture
def settings(tmp_path):
    return tiny_home(tmp_path / "home")


@pytest.fixture
def runs(settings, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    store = RunStore(settings.runs, PROGRAM, QUICK)
    yield store
    end_all(store)


def states(run, runs):
    runs.refresh(ARM)
    return {status.arm.key: status.state for status in arm_states(run.folder, runs)}


def over(run, runs):
    """Whether no arm waits in the queue or runs."""
    return not set(states(run, runs).values()) & {"queued", "starting", "running", "stopping"}


def ended(run, runs):
    """The state of each arm once none waits in the queue or runs."""
    until(lambda: over(run, runs))
    return list(states(run, runs).values())


def reports_of(run, whole):
    """The report's files, and those of the experiment run in this process without a break."""
    whole.run()
    write_report(whole.folder, whole.stores)
    return files_of(run.folder), files_of(whole.folder)


def test_arms_start_by_themselves_once_the_arm_that_they_need_has_finished(settings, runs, tmp_path):
    run = TinyRun(settings, THREE)
    start_ready_arms(run.folder, runs, CPU)
    assert ended(run, runs) == ["finished"] * 3
    begun = trials_begun(settings)
    assert len(begun) == len(set(begun)) == 5
    after_jobs, whole = reports_of(run, TinyRun(settings, THREE, path=tmp_path / "whole"))
    assert after_jobs == whole
    messages = [status.run.message for status in arm_states(run.folder, runs)]
    assert messages[:2] == ["Finished. First arm: 1 trial.", "Finished. Arm 1: 2 trials."]


@pytest.mark.slow
@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda:0",
            marks=[
                pytest.mark.gpu,
                pytest.mark.skipif(not torch.cuda.is_available(), reason="This machine has no CUDA device."),
            ],
        ),
    ],
)
def test_the_arms_of_a_study_run_on_their_device_one_after_another(device, tmp_path):
    settings = twelve_lead_installation(tmp_path / "home", n_source=6, n_target=72)
    small = Singstad2020Config(
        filters=4, blocks=3, sampling_rate=50.0, n_folds=4, fewest_folds=2, epochs=1, optimiser="adamw",
        learning_rate=1e-3, schedule="one-cycle", batch_size=8,
    )  # fmt: skip
    folder, _ = open_experiment(ExperimentConfig(small, ("hospitals",), "quick"), settings)
    runs = RunStore(settings.runs)
    started = start_ready_arms(folder, runs, (device,))
    try:
        assert [job.device for job in started] == [device] * 3
        until(lambda: all(run.ended_for_now for run in jobs_of(folder.record().id, runs).values()))
    finally:
        end_all(runs)
    jobs = sorted(jobs_of(folder.record().id, runs).values(), key=lambda job: job.claimed)
    assert [job.state for job in jobs] == ["finished"] * 3
    assert all(before.ended <= after.claimed for before, after in itertools.pairwise(jobs))
    assert read_report(folder).report.cautions == ()


def test_arms_behind_one_that_failed_wait_and_the_others_run(settings, runs):
    break_arms(settings, "arm-1")
    run = TinyRun(settings, THREE)
    start_ready_arms(run.folder, runs, CPU)
    assert ended(run, runs) == ["finished", "failed", "finished"]
    message = arm_states(run.folder, runs)[1].run.message
    assert message.startswith("The loss of the tiny training is not a number.")
    break_arms(settings, "first")
    broken = TinyRun(settings, with_settings(n_arms=2, steps=4))
    start_ready_arms(broken.folder, runs, CPU)
    assert ended(broken, runs) == ["failed", "waiting", "waiting"]
    break_arms(settings)
    for one in (run, broken):
        resume_experiment(one.folder, runs, CPU)
        assert ended(one, runs) == ["finished"] * 3


def test_a_stopped_or_killed_experiment_goes_on_to_the_same_tables(settings, runs, tmp_path):
    config = with_settings(n_arms=2, steps=40, pause=0.02)
    run = TinyRun(settings, config)
    start_ready_arms(run.folder, runs, CPU)
    until(lambda: "arm-1 0" in trials_begun(settings))
    stop_experiment(run.folder, runs)
    assert set(ended(run, runs)) == {"finished", "stopped"}
    resume_experiment(run.folder, runs, CPU)
    until(lambda: states(run, runs)["arm-2"] == "running")
    os.kill(arm_states(run.folder, runs)[2].run.pid, signal.SIGKILL)
    assert ended(run, runs)[2] == "lost"
    resume_experiment(run.folder, runs, CPU)
    assert ended(run, runs) == ["finished"] * 3
    assert len(set(trials_begun(settings))) == 5
    after_breaks, whole = reports_of(run, TinyRun(settings, config, path=tmp_path / "whole"))
    assert after_breaks == whole


def test_a_stop_at_the_end_of_an_arm_starts_no_other(settings, runs):
    run = TinyRun(settings, with_settings(n_arms=2, steps=3, pause=0.3))
    start_ready_arms(run.folder, runs, CPU)
    until(lambda: "first 0" in trials_begun(settings))
    time.sleep(0.7)  # the arm is in its last step, after which it does not ask
    stop_experiment(run.folder, runs)
    assert ended(run, runs)[1:] == ["waiting"] * 2


def test_parts_in_processes_of_their_own_end_in_the_tables_of_one_process(
    settings, tmp_path, monkeypatch, capsysbinary
):
    document = tmp_path / "settings.json"
    config = with_settings(n_arms=7, pause=0.02)
    document.write_text(documents.dump(config.settings))
    out = tmp_path / "out"
    command = ["experiment", "tiny", "--store", "hospital", "--size", config.size]
    command += ["--seed", str(config.seed), "--settings", str(document), "--out", str(out)]
    monkeypatch.setenv("ECGAPP_HOME", str(settings.home))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    parts = [subprocess.Popen([*PROGRAM, *command, "--part", f"{k}/3"], cwd=tmp_path) for k in (1, 2, 3)]
    assert [part.wait(300) for part in parts] == [0, 0, 0]
    begun = trials_begun(settings)
    assert len(begun) == len(set(begun)) == 15
    capsysbinary.readouterr()
    assert main([*command, "--collect", "--json"]) == 0
    collected = capsysbinary.readouterr().out
    assert trials_begun(settings) == begun
    together, whole = reports_of(
        TinyRun(settings, config, path=out), TinyRun(settings, config, path=tmp_path / "whole")
    )
    assert together == whole
    assert collected == whole["results.json"]
    assert ExperimentFolder(out).is_finished(ARMS[-1])


def test_forty_arms_killed_ten_times_at_random_give_the_same_bytes(tmp_path):
    report = report_of("kill_experiment.py", tmp_path)
    assert report["exits"] == [-9] * 10
    progress = report["finished after each kill"]
    assert progress == sorted(progress)
    assert 0 < len(set(progress) - {0, 40}), "no kill came between two arms"
    assert report["trials"] == 79
    assert report["trials"] < report["trials begun"] <= report["trials"] + 10
    assert report["killed"] == report["whole"]
    assert len(report["whole"]) > 79
    assert report["left over"] == []


def test_a_measurement_of_the_time_is_a_process_that_writes_nothing_and_whose_refusal_is_passed_on(
    settings, monkeypatch
):
    monkeypatch.setattr(estimation, "COMMAND", PROGRAM)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    measured = measure_experiment(with_settings(pause=0.5), settings, "cpu")
    assert measured == TimeEstimate("cpu", {"first": 1.001, **dict.fromkeys(ARMS[1:], 2.001)})
    assert not settings.experiments.exists()
    with pytest.raises(ExperimentError, match="have 10 records of atrial fibrillation"):
        measure_experiment(with_settings(least=11), settings, "cpu")
