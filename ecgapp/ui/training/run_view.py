"""The view of one run: state, warnings, figures, curves, learning curve index, machine and log."""

import math
from collections.abc import Callable, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.config import Settings
from ecgapp.jobs import Run, RunStore
from ecgapp.runs import curve_tables
from ecgapp.runs.run_figures import (
    PAPER_LCI,
    PAPER_MSE,
    USE,
    Point,
    Reader,
    RunFigures,
    changes,
    config_of,
    current_member,
    last,
    lci_by_epoch,
    run_lci,
)
from ecgapp.runs.run_warnings import warnings
from ecgapp.runs.run_words import (
    duration_words,
    epochs_words,
    lci_words,
    state_sentence,
    use_words,
    whose_use,
)
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training import TrainingConfig
from ecgapp.ui.models.promotion_form import finished, promotion
from ecgapp.ui.shell.job_progress import job_progress
from ecgapp.ui.training import curves
from ecgapp.ui.training.curves import members_apart
from ecgapp.ui.training.example_view import show_examples
from ecgapp.ui.training.live_chart import ChartContent, chart
from ecgapp.ui.training.run_actions import actions

LOG_LINES = 12
READER = "run_reader"  # session state: the curves of the run in view, as far as they are read
AT_HALF = (
    "At threshold 0.5, on the validation records; the card's thresholds are fitted afterwards, on the same "
    "records."
)
FORMULA = (
    r"\mathrm{LCI}=\frac{\text{mean rise of F1}}{\text{mean drop of F1}+\varepsilon}\times\text{best F1}"
)


def run_view(run: Run, runs: tuple[Run, ...], store: RunStore, settings: Settings) -> None:
    """Show everything about one run, from its state to its log."""
    if run.state == "finished":
        finished(run, store, settings)
    else:
        box = {"failed": st.error, "lost": st.error, "stopped": st.warning}
        box.get(run.state, st.info)(escape_markdown(state_sentence(run, runs)))
    if run.note:
        st.caption(f"Note: {escape_markdown(run.note)}")
    actions(run, store, settings)
    if run.active:
        job_progress(run, epochs_words(run))
    config, figures = config_of(run), _read(run, store)
    for sentence in warnings(run, figures, config):
        st.warning(escape_markdown(sentence), icon=":material/warning:")
    _numbers(run, figures)
    if figures.validation_loss:
        _by_epoch(run, figures, config)
    else:
        st.caption("The curves by epoch begin with the end of the first epoch.")
    _by_step(run, figures)
    if figures.f1:
        _index(run, figures, config)
    if run.state == "finished":
        promotion(run, store, settings)
    show_examples(run, store, figures)
    _machine(run, figures)
    _tables(figures, config)
    st.markdown("**Log**")
    st.code("\n".join(store.log_tail(run.id, LOG_LINES)) or "Nothing yet.", language=None, wrap_lines=True)


def _read(run: Run, store: RunStore) -> RunFigures:
    """The run's figures; read from the beginning if another process goes on with it, which repeats steps."""
    key = (run.id, run.pid)
    entry = st.session_state.get(READER)
    if entry is None or entry[0] != key:
        entry = st.session_state[READER] = (key, Reader(store, run.id))
    reader: Reader = entry[1]
    return reader.read()


def _numbers(run: Run, figures: RunFigures) -> None:
    def latest(points: Sequence[Point], form: str) -> str:
        value = last(points)
        return "–" if value is None else format(value, form)

    parts = {
        "Epoch": f"{run.done} of {run.total}" if run.total else "–",
        "Windows/s": latest(figures.throughput, ",.0f"),
        "Time left": duration_words(run.seconds_left if run.active else None),
        "Loss now": latest(figures.step_loss, ".4f"),
        "Learning rate": latest(figures.learning_rate, ".2g"),
    }
    if run.phase == "finetune":
        parts["Macro F1"] = latest(figures.f1, ".3f")
        parts["Macro AUROC"] = latest(figures.auroc, ".3f")
    for column, (label, value) in zip(st.columns(len(parts)), parts.items(), strict=True):
        column.metric(label, value)


def _by_epoch(run: Run, figures: RunFigures, config: TrainingConfig | None) -> None:
    epochs = config.all_epochs if config else run.total
    pretraining = run.phase == "pretrain"
    unit = "mean squared error per sample" if pretraining else "cross-entropy"

    def apart(points: Sequence[Point]) -> list[Point]:
        return members_apart(points, epochs)

    def loss() -> go.Figure:
        return curves.loss_curves(
            apart(figures.train_loss), apart(figures.validation_loss), unit, log=pretraining
        )

    left, right = (st.container(), None) if pretraining else st.columns(2)
    chart(left, "live_loss", ChartContent.of(run, figures.epochs), loss, f"{unit}: {epochs_words(run)}")
    if right is None:
        st.caption(f"Jang et al. 2021 reached {PAPER_MSE} a sample on their lead II windows.")
    else:
        with right:
            _f1(run, figures, apart)


def _f1(run: Run, figures: RunFigures, apart: Callable[[Sequence[Point]], list[Point]]) -> None:
    if not figures.f1:
        st.caption("No class has an F1 yet: no validation record has one of the labels, or got one.")
        return
    by_label = st.session_state.get("live_by_label", False)
    labels = {label: apart(points) for label, points in figures.f1_by_label.items()} if by_label else {}
    members = {number: apart(points) for number, points in figures.f1_by_member.items()}

    def f1() -> go.Figure:
        return curves.f1_curves(apart(figures.f1), labels, members)

    chart(st.container(), "live_f1", ChartContent.of(run, figures.epochs, by_label), f1, "F1 by epoch")
    st.caption(AT_HALF)
    st.toggle("Show F1 of each class", key="live_by_label")
    if by_label:
        st.caption("A class that no validation record has, or of which nothing is known, has no curve.")


def _by_step(run: Run, figures: RunFigures) -> None:
    """Draw loss, learning rate and gradient norm by step, thinned so that spikes stay."""
    parts = (
        ("live_step_loss", "training loss", figures.step_loss, False),
        ("live_rate", "learning rate", figures.learning_rate, False),
        ("live_gradient", "gradient norm", figures.gradient_norm, True),
    )
    content = ChartContent.of(run, figures.steps)
    for column, (key, unit, points, log) in zip(st.columns(3), parts, strict=True):
        if any(math.isfinite(value) for _, value in points):
            alt = f"{unit} by step"
            chart(column, key, content, lambda p=points, u=unit, g=log: curves.step_curve(p, u, log=g), alt)  # type: ignore[misc]


def _index(run: Run, figures: RunFigures, config: TrainingConfig | None) -> None:
    st.markdown("**Learning curve index (LCI)**")
    left, right = st.columns([3, 2])
    with left:
        st.latex(FORMULA)
        together = max(1, len(figures.f1_by_member))
        member = current_member(figures.f1, config, together) + (", mean F1" if together > 1 else "")
        st.markdown(f"{member}: {lci_words(run_lci(figures.f1, config))}".removeprefix(": "))
    table = pd.DataFrame(PAPER_LCI, columns=["Training data", "Transfer", "Random"])
    right.dataframe(table.style.format("{:.3f}", subset=["Transfer", "Random"]), hide_index=True)
    right.caption("Jang et al. 2021: lead II, eleven rhythms, weighted F1. A yardstick, not the same task.")
    if len(figures.f1) < 2:
        return
    left, right = st.columns(2)
    content = ChartContent.of(run, figures.epochs)
    indices = lci_by_epoch(figures.f1, config)
    if any(math.isfinite(value) for _, value in indices):
        chart(
            left, "live_lci", content, lambda: curves.lci_curve(indices),
            "Learning curve index as it stood after each epoch",
        )  # fmt: skip
    chart(
        right, "live_changes", content, lambda: curves.change_bars(changes(figures.f1, config)),
        "Rises and drops of F1 from epoch to epoch, which the index is computed from",
    )  # fmt: skip
    left.caption("The index of the first e epochs, for each e. It has no value until F1 has dropped once.")
    right.caption("What it is computed from: F1's rises and drops from one epoch to the next.")


def _tables(figures: RunFigures, config: TrainingConfig | None) -> None:
    """Show the figures of the curves on request only, as the page is drawn anew every few seconds."""
    if not st.toggle("Curves as tables", key="curves_as_tables"):
        return
    indices = lci_by_epoch(figures.f1, config) if figures.f1 else []
    seconds = {f"{word}, {USE[word][1]}": points for word, points in figures.use.items()}
    for key, table in (
        ("epochs_table", curve_tables.by_epoch(figures, indices)),
        ("steps_table", curve_tables.by_step(figures)),
        ("use_table", curve_tables.joined("Seconds since the start", seconds)),
    ):
        if len(table):
            st.dataframe(table, hide_index=True, key=key, height=240)


def _machine(run: Run, figures: RunFigures) -> None:
    """Show the use of processor, memory and GPUs."""
    use = {word: points for word, points in figures.use.items() if points}
    if not use:
        return
    st.markdown("**Machine**")
    now = f": now {use_words(use)}" if run.active else ""
    st.caption(f"Device {run.device}{now}. {whose_use(use, len(run.devices))}")
    for column, (word, points) in zip(st.columns(4), use.items(), strict=False):
        key, unit = f"live_{word.replace(' ', '_').lower()}", USE[word][1]
        content = ChartContent.of(run, points[-1][0])
        chart(column, key, content, lambda p=points, w=word, u=unit: curves.use_curve(p, w, u), word)  # type: ignore[misc]
