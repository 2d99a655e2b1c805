"""Sentences on an experiment: the states of its arms, its progress and the time left."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecgapp.experiments.arm_jobs import WAITING, ArmStatus, experiment_state
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.experiment_folder import TimeEstimate
from ecgapp.experiments.study_protocol import protocol_named

SIZES = {
    "quick": "Quick: minutes; shows that everything works",
    "standard": "Standard: hours on a few cores",
    "full": "Full: all that was published, on a GPU or over days",
}
LONG_SECONDS = 60.0  # of an arm: the start of its process is a small part of it
STATES = {
    "waiting": "waits for another arm",
    "queued": "in the queue",
    "starting": "starting",
    "running": "running",
    "stopping": "stopping",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "lost": "lost",
}


def experiment_title(config: ExperimentConfig) -> str:
    """The experiment in a line, e.g. ``Jang et al. 2021: ... (quick, seed 0, hospital)``."""
    names = ", ".join(store.rstrip("/").rpartition("/")[2] for store in config.stores)
    return f"{protocol_named(config.protocol).title} ({config.size}, seed {config.seed}; {names})"


def arm_words(status: ArmStatus, states: Sequence[ArmStatus]) -> str:
    """The arm's state in a few words, with what it waits for or why it failed."""
    if status.state == WAITING:
        others = {other.arm.key: other for other in states}
        missing = [others[key] for key in status.arm.needs if others[key].state != "finished"]
        if not missing:
            return "waits for Resume"
        return f"waits for “{missing[0].arm.title}”, which {_what_it_does(missing[0])}"
    if status.state in ("failed", "lost") and status.run is not None:
        return f"{STATES[status.state]}: {status.run.message}"
    return STATES[status.state]


def _what_it_does(status: ArmStatus) -> str:
    return {"failed": "failed", "lost": "was lost", "stopped": "was stopped"}.get(
        status.state, "has not finished"
    )


def experiment_words(states: Sequence[ArmStatus]) -> str:
    """The experiment's state in a sentence or two."""
    n_finished = sum(status.state == "finished" for status in states)
    done = f"{n_finished} of {len(states)} arms finished"
    n_failed = sum(status.state in ("failed", "lost") for status in states)
    failed = f", {n_failed} failed" if n_failed else ""
    match experiment_state(states):
        case "stopping":
            return f"Stopping: {done}{failed}. The trial under way keeps its checkpoint."
        case "running":
            return f"Running: {done}{failed}. It goes on when this page or the server is closed."
        case "queued":
            return f"Queued: {done}{failed}. It starts as soon as its device is free."
        case "finished":
            return f"Finished: all {len(states)} arms."
        case "failed":
            return (
                f"Ended with failures: {done}{failed}. Resume runs the failed arms and what waits for them."
            )
    return f"Stopped: {done}. Resume goes on where it was interrupted."


@dataclass(frozen=True)
class ExperimentProgress:
    """The progress of an experiment: ``done`` thousandths of its work."""

    done: int
    total: int = 1000


def experiment_progress(states: Sequence[ArmStatus], estimate: TimeEstimate | None) -> ExperimentProgress:
    """The progress of all arms; they weigh by their estimated time if it is known, else by their trials."""
    weights = [_weight(status, estimate) for status in states]
    done = sum(weight * status.share for weight, status in zip(weights, states, strict=True))
    return ExperimentProgress(round(1000 * done / total) if (total := sum(weights)) else 0)


def seconds_left(states: Sequence[ArmStatus], estimate: TimeEstimate | None) -> float | None:
    """The seconds until the last arm ends, or None if no estimate was made before the start.

    Long arms that have finished correct the estimate's pace, short ones add what each arm takes beside its
    work, e.g. the start of its process. Devices share the arms that are left.
    """
    if estimate is None:
        return None
    times = [(_weight(status, estimate), taken) for status in states if (taken := _seconds_taken(status))]
    long = [(expected, taken) for expected, taken in times if expected >= LONG_SECONDS]
    pace = sum(taken for _, taken in long) / sum(expected for expected, _ in long) if long else 1.0
    beside = [taken - pace * expected for expected, taken in times if expected < LONG_SECONDS]
    start = max(0.0, sum(beside) / len(beside)) if beside else 0.0
    left = sum(
        pace * _weight(status, estimate) * (1 - status.share) + (start if status.share == 0 else 0.0)
        for status in states
    )
    devices = {status.run.device for status in states if status.run is not None}
    return left / max(1, len(devices))


def _seconds_taken(status: ArmStatus) -> float | None:
    """The seconds that a finished arm took; None if it was interrupted, or is not a job."""
    run = status.run
    if status.state != "finished" or run is None or run.ended is None or run.started is None:
        return None
    return run.ended - run.started if run.started == run.claimed else None


def _weight(status: ArmStatus, estimate: TimeEstimate | None) -> float:
    if estimate is not None and status.arm.key in estimate.seconds:
        return estimate.seconds[status.arm.key]
    return float(status.arm.n_trials) if estimate is None else 0.0
