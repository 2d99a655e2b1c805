"""One arm of an experiment, closely: its curves while it runs, and those of its ended trials."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.experiments.arm_jobs import ArmStatus, resume_arm
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.experiment_words import arm_words
from ecgapp.experiments.trial_result import TrialResult, read_trial
from ecgapp.jobs import RunStore
from ecgapp.runs.run_figures import Point, Reader, RunFigures
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.shell.admin_action import guarded
from ecgapp.ui.training.curves import CONFIG, loss_curves, overlay

MOST_TRIALS = 9  # curves in one chart
LOG_LINES = 12
_READERS = "arm_readers"  # session state: the reader of the job's metrics
_ACRONYMS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "f1": "F1",
    "f2": "F2",
    "g2": "G2",
    "lci": "LCI",
    "mse": "MSE",
}
_COUNTS = {"train": "Training records", "validation": "Validation records", "test": "Test records"}
_LIVE = {"weighted_f1": "weighted F1 (validation)", "f1": "macro F1 (validation)", "auroc": "AUROC"}


def show_arm(
    folder: ExperimentFolder, states: Sequence[ArmStatus], runs: RunStore, settings: Settings
) -> None:
    """Ask which arm to show, and show its state, its curves, its trials and its log."""
    by_key = {status.arm.key: status for status in states}
    first = next((status.arm.key for status in states if status.state == "running"), states[0].arm.key)
    key = f"experiment_arm_{folder.path.name}"
    if st.session_state.get(key) not in by_key:
        st.session_state[key] = first
    chosen = st.selectbox("Arm", list(by_key), format_func=lambda name: by_key[name].arm.title, key=key)
    status = by_key[chosen]
    st.write(f"{escape_markdown(arm_words(status, states).capitalize())}")
    if status.run is not None and status.run.resumable:
        resume = guarded(settings, lambda: resume_arm(status, runs))
        st.button("Run this arm again", on_click=resume, icon=":material/resume:", key=f"resume_{chosen}")
    if status.run is not None and status.run.active:
        _live_curves(_figures(runs, status.run.id))
    numbers = range(status.arm.n_trials)
    read = {number: read_trial(folder.arm(chosen), number) for number in numbers}
    _trials({number: trial for number, trial in read.items() if trial is not None})
    if status.run is not None:
        with st.expander("Log"):
            st.code("\n".join(runs.log_tail(status.run.id, LOG_LINES)) or "Nothing yet.")


def _figures(runs: RunStore, run_id: str) -> RunFigures:
    """The metrics of the arm's job; its reader lives in the session and reads only what is new."""
    readers: dict[str, Reader] = st.session_state.setdefault(_READERS, {})
    if run_id not in readers:
        readers.clear()
        readers[run_id] = Reader(runs, run_id)
    return readers[run_id].read()


def _live_curves(figures: RunFigures) -> None:
    if not figures.validation_loss:
        st.caption("No epoch has ended yet.")
        return
    left, right = st.columns(2)
    left.caption("Loss by epoch; the trials follow one another")
    left.plotly_chart(
        loss_curves(figures.train_loss, figures.validation_loss, "loss"),
        config=CONFIG, key="arm_loss", alt="Loss of the training and the validation records by epoch",
    )  # fmt: skip
    scores = {words: getattr(figures, name) for name, words in _LIVE.items() if getattr(figures, name)}
    if scores:
        right.caption("Scores on the validation records by epoch")
        right.plotly_chart(
            overlay(scores, "score", top=1.03), config=CONFIG, key="arm_scores",
            alt="Scores on the validation records by epoch",
        )  # fmt: skip


def _trials(trials: dict[int, TrialResult]) -> None:
    """Show the figures of the ended trials, and one of their curves."""
    if not trials:
        return
    st.caption(f"{len(trials)} ended {'trial' if len(trials) == 1 else 'trials'}")
    rows = [{"Trial": number + 1, **trial.values, **trial.counts} for number, trial in trials.items()]
    st.dataframe(pd.DataFrame(rows).rename(columns=_heading), hide_index=True)
    notes = tuple(dict.fromkeys(note for trial in trials.values() for note in trial.notes))
    for note in notes:
        st.caption(escape_markdown(note))
    names = sorted({name for trial in trials.values() for name in trial.curves})
    if not names:
        return
    name = st.selectbox("Curve", names, format_func=_heading, key="arm_curve")
    curves = {
        f"trial {number + 1}": _points(trial.curves[name])
        for number, trial in list(trials.items())[:MOST_TRIALS]
        if name in trial.curves
    }
    chart = overlay(curves, _heading(name))
    st.plotly_chart(chart, config=CONFIG, key="arm_trials", alt=f"{_heading(name)} of each trial by epoch")


def _heading(name: str) -> str:
    """The name of a figure as a heading, e.g. ``Weighted F1`` of ``weighted_f1``."""
    if name in _COUNTS:
        return _COUNTS[name]
    words = " ".join(_ACRONYMS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def _points(curve: tuple[float | None, ...]) -> tuple[Point, ...]:
    return tuple((epoch, value) for epoch, value in enumerate(curve, start=1) if value is not None)
