"""What a run's state means, in a sentence that says what to do next. No Streamlit here."""

import math
from collections.abc import Sequence

from ecgapp.evaluate import LearningCurveIndex
from ecgapp.jobs import Run
from ecgapp.ui.run_figures import DeviceUse

GOES_ON = "Resume goes on from its last checkpoint."


def state_sentence(run: Run, runs: Sequence[Run]) -> str:
    """Why the run is where it is; ``runs`` are all runs, for what a queued one waits for."""
    match run.state:
        case "queued":
            return _waiting(run, runs)
        case "starting":
            return "Starting: its process loads the data set."
        case "running":
            return f"Running: {epochs_words(run)}. It goes on when this page or the server is closed."
        case "stopping":
            return "Stopping: it ends its step and writes a checkpoint."
        case "stopped":
            return f"Stopped: {epochs_words(run)}. {GOES_ON}"
        case "finished":
            return _with_message("Finished", run, "")
        case "failed":
            return _with_message("Failed", run, GOES_ON)
    return _with_message("Lost", run, GOES_ON)


def epochs_words(run: Run) -> str:
    """How far it is, e.g. ``3 of 20 epochs done``."""
    return f"{run.epoch} of {run.epochs} epochs done" if run.epochs else "no epoch done yet"


def duration_words(seconds: float | None) -> str:
    """A time as people say it: ``2 h 05 min``, ``3 min 20 s``, ``12 s``; a dash where unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = max(0, round(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"


def lci_words(index: LearningCurveIndex) -> str:
    """The index with every number that went into it, as Markdown."""
    if index.best is None or index.best_epoch is None:
        return "No epoch has an F1 yet."
    rise = f"mean rise {index.mean_positive:.4f} ({_times(index.n_positive, 'rise')})"
    best = f"best F1 {index.best:.3f} (epoch {index.best_epoch})"
    if index.value is None:
        return f"**No drop yet**, so the index has no value. So far: {rise}, {best}."
    drop = f"mean drop {index.mean_negative:.4f} ({_times(index.n_negative, 'drop')})"
    return f"**LCI = {index.value:.3f}** = {rise} / {drop} × {best}."


def use_words(use: DeviceUse) -> str:
    """What the run takes of the machine, e.g. ``processor 96 %, memory 812 MB``."""
    parts = []
    if use.cpu_percent is not None:
        parts.append(f"processor {use.cpu_percent:.0f} %")
    if use.memory is not None:
        parts.append(f"memory {use.memory:,.0f} MB")
    if use.gpu_percent is not None:
        parts.append(f"GPU {use.gpu_percent:.0f} %")
    if use.gpu_memory is not None:
        parts.append(f"GPU memory {use.gpu_memory:,.0f} MB")
    return ", ".join(parts) or "not measured yet"


def _times(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _waiting(run: Run, runs: Sequence[Run]) -> str:
    holder = next((other for other in runs if other.active and other.device == run.device), None)
    before = [
        other
        for other in runs
        if other.state == "queued" and other.device == run.device and other.position < run.position
    ]
    if holder is None and not before:
        return f"Queued: it starts as soon as {run.device} is free."
    ahead = f" {_times(len(before), 'other run')} before it in the queue." if before else ""
    busy = f" {run.device} is busy with {holder.name}." if holder else ""
    return f"Queued:{busy}{ahead} It starts by itself."


def _with_message(word: str, run: Run, hint: str) -> str:
    """The run's own last words; the state before them and the hint behind them unless they say it."""
    told = run.message if run.message.startswith(word) else f"{word}: {run.message}"
    if not run.message:
        told = f"{word}."
    return told if "Resume" in told else f"{told} {hint}".strip()
