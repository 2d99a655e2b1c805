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

    The estimate is corrected by the time that finished arms took. Devices share the arms that are left.
    """
    if estimate is None:
        return None
    expected = taken = 0.0
    for status in states:
        run = status.run
        if status.state == "finished" and run and run.ended and run.started and run.started == run.claimed:
            expected += _weight(status, estimate)
            taken += run.ended - run.started
    pace = taken / expected if expected else 1.0
    left = sum(_weight(status, estimate) * (1 - status.share) for status in states)
    devices = {status.run.device for status in states if status.run is not None}
    return left * pace / max(1, len(devices))


def _weight(status: ArmStatus, estimate: TimeEstimate | None) -> float:
    if estimate is not None and status.arm.key in estimate.seconds:
        return estimate.seconds[status.arm.key]
    return float(status.arm.n_trials) if estimate is None else 0.0
