"""The live view of experiments: one fragment that runs every few seconds."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.experiments.arm_jobs import (
    ArmStatus,
    arm_states,
    delete_experiment,
    experiment_state,
    resume_experiment,
    stop_experiment,
)
from ecgapp.experiments.experiment_folder import (
    EXPERIMENT,
    ExperimentFolder,
    TimeEstimate,
    installed_experiments,
)
from ecgapp.experiments.experiment_words import (
    arm_words,
    experiment_progress,
    experiment_title,
    experiment_words,
    seconds_left,
)
from ecgapp.jobs import ARM, RunStore
from ecgapp.runs.run_words import duration_words
from ecgapp.training.devices import devices
from ecgapp.ui.experiments.arm_view import show_arm
from ecgapp.ui.experiments.experiment_form import CHOSEN_EXPERIMENT
from ecgapp.ui.experiments.experiment_results import show_results
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import guarded, show_problem
from ecgapp.ui.shell.job_progress import job_progress

POLL = "3s"
ARMS, ARM_CLOSELY, RESULTS = "Arms", "One arm", "Results"
TALLEST = 430  # px


@st.fragment(run_every=POLL)
def live_experiments(settings: Settings) -> None:
    """Show one of the experiments: its progress, its arms and its results."""
    if not auth.is_admin(settings):
        st.rerun()
    runs = RunStore(settings.runs)
    try:
        runs.refresh(ARM)
        folders = sorted(installed_experiments(settings.experiments), key=_started, reverse=True)
        if not folders:
            st.info(
                "No experiment yet. Choose a study and data sets above and press Start; "
                "it goes on when this page is closed."
            )
            return
        folder = _choose(folders)
        show_problem()
        try:
            _experiment(folder, runs, settings)
        except EcgAppError as error:
            st.error(str(error))
            _delete(folder, runs, settings)
    except EcgAppError as error:
        st.error(str(error))


def _started(folder: ExperimentFolder) -> float:
    try:
        return (folder.path / EXPERIMENT).stat().st_mtime
    except OSError:
        return 0.0


def _choose(folders: Sequence[ExperimentFolder]) -> ExperimentFolder:
    by_name = {folder.path.name: folder for folder in folders}
    if st.session_state.get(CHOSEN_EXPERIMENT) not in by_name:
        st.session_state[CHOSEN_EXPERIMENT] = folders[0].path.name
    titles = {name: _title(folder) for name, folder in by_name.items()}
    chosen = st.selectbox("Experiment", list(by_name), format_func=titles.__getitem__, key=CHOSEN_EXPERIMENT)
    return by_name[chosen]


def _title(folder: ExperimentFolder) -> str:
    """The experiment's title with what distinguishes it from every other one; its name if it is damaged."""
    name = folder.path.name
    try:
        return f"{experiment_title(folder.record().config)}, {name.rpartition('-')[2][:6]}"
    except EcgAppError:
        return name


def _experiment(folder: ExperimentFolder, runs: RunStore, settings: Settings) -> None:
    states, estimate = arm_states(folder, runs), folder.estimate()
    state = experiment_state(states)
    left = seconds_left(states, estimate) if state in ("running", "queued") else None
    words = experiment_words(states)
    progress = experiment_progress(states, estimate)
    job_progress(progress, words if left is None else f"{words} About {duration_words(left)} left.")
    _actions(folder, states, runs, settings)
    st.segmented_control(
        "View", (ARMS, ARM_CLOSELY, RESULTS), default=ARMS, key="experiment_view",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    view = st.session_state["experiment_view"]
    if view == ARMS:
        _arms(states, estimate)
    elif view == ARM_CLOSELY:
        show_arm(folder, states, runs, settings)
    else:
        show_results(folder, settings)


def _actions(
    folder: ExperimentFolder, states: Sequence[ArmStatus], runs: RunStore, settings: Settings
) -> None:
    state = experiment_state(states)
    with st.container(horizontal=True):
        if state in ("running", "queued"):
            stop = guarded(settings, lambda: stop_experiment(folder, runs))
            st.button("Stop", on_click=stop, icon=":material/stop:", key="experiment_stop")
        again = any(status.state in ("failed", "lost", "stopped") for status in states)
        if state != "stopping" and (again or state not in ("running", "queued", "finished")):
            places = _devices(states)
            resume = guarded(settings, lambda: resume_experiment(folder, runs, places))
            failed = any(status.state in ("failed", "lost") for status in states)
            words = "Run the failed arms again" if failed else "Resume"
            st.button(
                words, on_click=resume, icon=":material/resume:", key="experiment_resume", type="primary"
            )
        if state not in ("stopping", "running", "queued"):
            _delete(folder, runs, settings)


def _devices(states: Sequence[ArmStatus]) -> tuple[str, ...]:
    """The devices that the experiment has used, or the fastest of this machine."""
    used = {status.run.device for status in states if status.run is not None}
    return tuple(sorted(used)) or devices()[:1]


def _delete(folder: ExperimentFolder, runs: RunStore, settings: Settings) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.write("Its arms, results and tables are deleted. Data sets and models stay.")
        delete = guarded(settings, lambda: delete_experiment(folder, runs))
        st.button("Delete this experiment", on_click=delete, type="primary", key="experiment_delete")


def _arms(states: Sequence[ArmStatus], estimate: TimeEstimate | None) -> None:
    expected = {} if estimate is None else estimate.seconds
    rows = [
        {
            "Arm": status.arm.title,
            "Progress": 100 * status.share,
            "Trials": f"{status.trials_done} of {status.arm.n_trials}",
            "State": arm_words(status, states),
            "Time": _time(status),
            **({"Estimate": duration_words(expected.get(status.arm.key))} if expected else {}),
        }
        for status in states
    ]
    columns = {
        "Arm": st.column_config.TextColumn(width=400),
        "Progress": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=80),
        "Trials": st.column_config.TextColumn(width=60),
        "State": st.column_config.TextColumn(width=230),
        "Time": st.column_config.TextColumn(width=90, help="Taken by an arm that has ended, or left."),
        "Estimate": st.column_config.TextColumn(width=75, help="Measured before the start."),
    }
    height = min(38 + 35 * len(rows), TALLEST)
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, column_config=columns, height=height, key="experiment_arms"
    )


def _time(status: ArmStatus) -> str:
    run = status.run
    if run is None or run.claimed is None:
        return "–"
    if run.active:
        return "–" if run.seconds_left is None else f"{duration_words(run.seconds_left)} left"
    return duration_words(run.ended - run.claimed) if run.ended is not None else "–"
