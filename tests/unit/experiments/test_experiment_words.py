"""Sentences on an experiment: what its arms wait for, how far it is, and how long it takes."""

from dataclasses import replace

import pytest

from ecgapp.experiments.arm_jobs import ArmStatus, experiment_state
from ecgapp.experiments.experiment_folder import TimeEstimate
from ecgapp.experiments.experiment_words import (
    arm_words,
    experiment_progress,
    experiment_words,
    seconds_left,
)
from ecgapp.experiments.study_protocol import Arm
from ecgapp.jobs import Run

FIRST, SECOND = Arm("first", "Pretraining"), Arm("second", "Transfer", 10, ("first",))


def job(state, device="cpu", **columns):
    return Run(
        "a1",
        "tiny: arm",
        "",
        device,
        state,
        "{}",
        1,
        0.0,
        started=100.0,
        claimed=100.0,
        kind="arm",
        **columns,
    )


def arm(one, state, done=0, run=None):
    return ArmStatus(one, state, done, run)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running", "waits for “Pretraining”, which has not finished"),
        ("failed", "waits for “Pretraining”, which failed"),
        ("stopped", "waits for “Pretraining”, which was stopped"),
        ("finished", "waits for Resume"),
    ],
)
def test_an_arm_says_what_it_waits_for(state, words):
    states = (arm(FIRST, state), arm(SECOND, "waiting"))
    assert arm_words(states[1], states) == words


def test_a_failed_arm_says_why():
    failed = arm(FIRST, "failed", run=job("failed", message="No record has a label."))
    assert arm_words(failed, (failed,)) == "failed: No record has a label."


@pytest.mark.parametrize(
    ("states", "whole", "words"),
    [
        (("running", "waiting"), "running", "Running: 0 of 2 arms finished."),
        (("stopping", "stopped"), "stopping", "Stopping: 0 of 2 arms finished."),
        (("running", "stopping"), "stopping", "Stopping: 0 of 2 arms finished."),
        (("failed", "running"), "running", "Running: 0 of 2 arms finished, 1 failed."),
        (("finished", "queued"), "queued", "Queued: 1 of 2 arms finished."),
        (("finished", "finished"), "finished", "Finished: all 2 arms."),
        (("failed", "waiting"), "failed", "Ended with failures: 0 of 2 arms finished, 1 failed."),
        (("finished", "waiting"), "stopped", "Stopped: 1 of 2 arms finished."),
        (("stopped", "waiting"), "stopped", "Stopped: 0 of 2 arms finished."),
    ],
)
def test_the_states_of_arms_make_the_experiments(states, whole, words):
    arms = tuple(arm(one, state) for one, state in zip((FIRST, SECOND), states, strict=True))
    assert experiment_state(arms) == whole
    assert experiment_words(arms).startswith(words)


def test_progress_weighs_arms_by_their_estimate_or_else_by_their_trials():
    states = (arm(FIRST, "finished", 1), arm(SECOND, "running", 5, job("running", done=5, total=10)))
    assert experiment_progress(states, None).done == round(1000 * 6 / 11)
    estimate = TimeEstimate("cpu", {"first": 900.0, "second": 100.0})
    assert experiment_progress(states, estimate).done == 950
    assert experiment_progress((), None).done == 0


def test_the_time_left_is_unknown_without_an_estimate_and_corrected_by_arms_that_have_finished():
    estimate = TimeEstimate("cpu", {"first": 200.0, "second": 1000.0})
    running = arm(SECOND, "running", 5, job("running", done=5, total=10))
    first = arm(FIRST, "finished", 1, job("finished", ended=400.0))
    assert seconds_left((first, running), None) is None
    assert seconds_left((first, running), estimate) == pytest.approx(1.5 * 500)
    interrupted = replace(first, run=replace(first.run, claimed=350.0))
    assert seconds_left((interrupted, running), estimate) == pytest.approx(500)


def test_short_arms_say_what_the_start_of_each_process_takes():
    estimate = TimeEstimate("cpu", {"first": 10.0, "second": 1000.0})
    first = arm(FIRST, "finished", 1, job("finished", ended=140.0))
    assert seconds_left((first, arm(SECOND, "waiting")), estimate) == pytest.approx(1000 + 30)


def test_devices_share_what_is_left():
    estimate = TimeEstimate("cuda:0", {"first": 100.0, "second": 300.0})
    states = (
        arm(FIRST, "running", 0, job("running", "cuda:0")),
        arm(SECOND, "running", 0, job("running", "cuda:1")),
    )
    assert seconds_left(states, estimate) == pytest.approx(200)
