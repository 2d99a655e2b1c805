"""The live view of runs: one flat fragment that asks again every two seconds, and draws nothing else anew."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.ui import auth
from ecgapp.ui.curves import CONFIG, Point, f1_curves, loss_curves, members_apart
from ecgapp.ui.run_actions import actions
from ecgapp.ui.run_figures import (
    PAPER_LCI,
    PAPER_MSE,
    RunFigures,
    config_of,
    current_member,
    read_figures,
    run_lci,
)
from ecgapp.ui.run_words import duration_words, epochs_words, lci_words, state_sentence, use_words
from ecgapp.ui.training_form import CHOSEN_RUN

POLL = "2s"
LOG_LINES = 12
FORMULA = (
    r"\mathrm{LCI}=\frac{\text{mean rise of F1}}{\text{mean drop of F1}+\varepsilon}\times\text{best F1}"
)


@st.fragment(run_every=POLL)
def live_runs(settings: Settings) -> None:
    """All runs, and one of them closely. What is started elsewhere appears here by itself."""
    if not auth.is_admin(settings):
        st.rerun()
    store = RunStore(settings.runs)
    try:
        runs = store.refresh()
        if runs:
            st.dataframe(runs_table(runs), hide_index=True, width="stretch", column_config=_COLUMNS)
            _one_run(_choose(runs), runs, store, settings)
        else:
            st.info("No training yet. Start one above; it goes on when this page is closed.")
    except EcgAppError as error:
        st.error(str(error))


_COLUMNS = {"Done": st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100)}


def runs_table(runs: tuple[Run, ...]) -> pd.DataFrame:
    """A line for each run, the newest first."""
    return pd.DataFrame(
        [
            {
                "Model": run.name,
                "Phase": run.phase,
                "State": run.state,
                "Done": round(100 * run.progress),
                "Epochs": f"{run.epoch} / {run.epochs}" if run.epochs else "–",
                "Left": duration_words(run.seconds_left if run.active else None),
                "Device": run.device,
                "Created": pd.Timestamp(run.created, unit="s", tz="UTC").strftime("%Y-%m-%d %H:%M UTC"),
                "Message": run.message,
            }
            for run in runs
        ]
    )


def _choose(runs: tuple[Run, ...]) -> Run:
    by_id = {run.id: run for run in runs}
    if st.session_state.get(CHOSEN_RUN) not in by_id:
        st.session_state[CHOSEN_RUN] = next((run.id for run in runs if run.active), runs[0].id)
    chosen = st.selectbox("Run", list(by_id), format_func=lambda key: _title(by_id[key]), key=CHOSEN_RUN)
    return by_id[chosen]


def _title(run: Run) -> str:
    return f"{run.name} ({run.phase}, {run.id[:6]})"


def _one_run(run: Run, runs: tuple[Run, ...], store: RunStore, settings: Settings) -> None:
    _state(run, runs)
    actions(run, store, settings)
    figures = read_figures(store, run.id)
    _numbers(run, figures)
    _curves(run, figures)
    if run.phase == "finetune":
        _index(run, figures)
    if run.active:
        st.caption(f"Device {run.device}, taken by this run: {use_words(figures.use)}")
    st.markdown("**Log**")
    st.code("\n".join(store.log_tail(run.id, LOG_LINES)) or "Nothing yet.", language=None, wrap_lines=True)


def _state(run: Run, runs: tuple[Run, ...]) -> None:
    sentence = state_sentence(run, runs)
    box = {"failed": st.error, "lost": st.error, "finished": st.success, "stopped": st.warning}
    box.get(run.state, st.info)(sentence)


def _numbers(run: Run, figures: RunFigures) -> None:
    def shown(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    parts = {
        "Epoch": f"{run.epoch} of {run.epochs}" if run.epochs else "–",
        "Windows/s": shown(figures.speed, ",.0f"),
        "Time left": duration_words(run.seconds_left if run.active else None),
        "Loss now": shown(figures.latest_loss, ".4f"),
        "Learning rate": shown(figures.learning_rate, ".2g"),
    }
    if run.phase == "finetune":
        parts["Macro F1"] = shown(figures.f1[-1][1] if figures.f1 else None, ".3f")
        parts["Macro AUROC"] = shown(figures.auroc, ".3f")
    for column, (label, value) in zip(st.columns(len(parts)), parts.items(), strict=True):
        column.metric(label, value)


def _curves(run: Run, figures: RunFigures) -> None:
    if not figures.validation_loss:
        st.caption("The curves begin with the end of the first epoch.")
        return
    config = config_of(run)
    epochs = config.epochs if config else run.epochs

    def apart(points: Sequence[Point]) -> list[Point]:
        return members_apart(points, epochs)

    if run.phase == "pretrain":
        unit = "mean squared error per sample"
        figure = loss_curves(apart(figures.train_loss), apart(figures.validation_loss), unit, log=True)
        st.plotly_chart(figure, config=CONFIG, key="live_loss", alt=f"{unit}: {epochs_words(run)}")
        st.caption(f"Jang et al. 2021 reached {PAPER_MSE} a sample on their lead II windows.")
        return
    by_label = st.toggle("Show F1 of each class", key="live_by_label")
    left, right = st.columns(2)
    figure = loss_curves(apart(figures.train_loss), apart(figures.validation_loss), "cross-entropy")
    left.plotly_chart(figure, config=CONFIG, key="live_loss", alt=f"Cross-entropy: {epochs_words(run)}")
    labels = {label: apart(points) for label, points in figures.f1_by_label.items()} if by_label else {}
    right.plotly_chart(f1_curves(apart(figures.f1), labels), config=CONFIG, key="live_f1", alt="F1 by epoch")
    if by_label:
        right.caption("A class that no validation record has, or of which nothing is known, has no curve.")


def _index(run: Run, figures: RunFigures) -> None:
    config = config_of(run)
    st.markdown("**Learning curve index (LCI)**")
    left, right = st.columns([3, 2])
    with left:
        st.latex(FORMULA)
        member = current_member(figures.f1, config)
        st.markdown(f"{member}: {lci_words(run_lci(figures.f1, config))}".removeprefix(": "))
    table = pd.DataFrame(PAPER_LCI, columns=["Training data", "Transfer", "Random"])
    right.dataframe(table.style.format("{:.3f}", subset=["Transfer", "Random"]), hide_index=True)
    right.caption("Jang et al. 2021: lead II, eleven rhythms, weighted F1. A yardstick, not the same task.")
