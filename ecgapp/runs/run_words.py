"""Sentences on a run: its state with what to do next, its progress, its index, its use of the machine."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ecgapp.evaluate import LearningCurveIndex
from ecgapp.jobs import RESUME, Run
from ecgapp.runs.run_figures import USE, Point, last


def state_sentence(run: Run, runs: Sequence[Run]) -> str:
    """The run's state in a sentence; ``runs`` are all runs, among them those that a queued one waits for."""
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
            return f"Stopped: {epochs_words(run)}. {RESUME}"
        case "finished":
            return _with_message("Finished", run)
        case "failed":
            return _with_message("Failed", run)
    return _with_message("Lost", run)


def epochs_words(run: Run) -> str:
    """The run's progress, e.g. ``3 of 20 epochs done``."""
    return f"{run.done} of {run.total} epochs done" if run.total else "no epoch done yet"


def duration_words(seconds: float | None) -> str:
    """A duration: ``2 h 05 min``, ``3 min 20 s``, ``12 s``; a dash if unknown."""
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
    if index.best == 0:
        return "The best F1 is 0: nothing was learnt at threshold 0.5, so the index has no meaning."
    rise = f"mean rise {index.mean_positive:.4f} ({_times(index.n_positive, 'rise')})"
    best = f"best F1 {index.best:.3f} (epoch {index.best_epoch})"
    if index.value is None:
        return f"**No drop yet**, so the index has no value. So far: {rise}, {best}."
    drop = f"mean drop {index.mean_negative:.4f} ({_times(index.n_negative, 'drop')})"
    return f"**LCI = {index.value:.3f}** = {rise} / {drop} × {best}."


def use_words(use: Mapping[str, Sequence[Point]]) -> str:
    """The run's present use of the machine, e.g. ``processor 96 %, memory 812 MB``."""
    latest = {word: last(points) for word, points in use.items()}
    parts = [
        f"{word if word.startswith('GPU') else word.lower()} {value:,.0f} {USE[word][1]}"
        for word, value in latest.items()
        if value is not None
    ]
    return ", ".join(parts) or "not measured yet"


def whose_use(use: Mapping[str, Sequence[Point]], n_devices: int) -> str:
    """Sentences that say which figures of use are this run's alone, and which are of whole GPUs."""
    words = ["Processor and memory are what this run takes; 100 % processor is every core of the machine."]
    alone = n_devices == 1
    if "GPU memory" in use:
        words.append(
            "GPU memory is what this run has reserved on its card."
            if alone
            else "GPU memory is what is taken of its cards together, also by others."
        )
    if "GPU" in use:
        busy = "the whole card is" if alone else "the whole cards are on average"
        words.append(f"GPU is how busy {busy}, also with the work of others.")
    return " ".join(words)


def size_words(n_bytes: int) -> str:
    """``34 MB``, ``1.2 GB``; below a megabyte ``under 1 MB``."""
    if n_bytes < 1e6:
        return "under 1 MB"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:.1f} GB"


def time_words(seconds: float | None) -> str:
    """A moment since 1970 as ``2026-03-01 14:05 UTC``; a dash where unknown."""
    if seconds is None:
        return "–"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _times(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _waiting(run: Run, runs: Sequence[Run]) -> str:
    holder = next((other for other in runs if other.active and other.meets(run.device)), None)
    before = [
        other
        for other in runs
        if other.state == "queued" and other.meets(run.device) and other.position < run.position
    ]
    if holder is None and not before:
        return f"Queued: it starts as soon as {run.device} is free."
    ahead = f" {_times(len(before), 'other run')} before it in the queue." if before else ""
    busy = f" {run.device} is busy with {holder.title}." if holder else ""
    return f"Queued:{busy}{ahead} It starts by itself."


def _with_message(word: str, run: Run) -> str:
    """The run's message, which says what to do, after its state unless it begins with it."""
    if not run.message:
        return f"{word}."
    return run.message if run.message.startswith(word) else f"{word}: {run.message}"
