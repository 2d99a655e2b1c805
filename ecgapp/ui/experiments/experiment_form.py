"""The Experiments page's form: which study, on which data sets, how large; then one experiment."""

from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError, EcgAppError
from ecgapp.experiments.arm_jobs import start_ready_arms
from ecgapp.experiments.estimation import measure_experiment
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.experiment_folder import ExperimentFolder, TimeEstimate
from ecgapp.experiments.experiment_words import SIZES
from ecgapp.experiments.starting import CheckedExperiment, check_experiment, open_experiment
from ecgapp.experiments.study_protocol import Arm, StudyProtocol, protocol_named, protocol_names
from ecgapp.jobs import RunStore
from ecgapp.runs.form_to_config import device_words
from ecgapp.runs.run_words import duration_words
from ecgapp.storage import documents
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training.devices import devices
from ecgapp.training.training_config import LARGEST_SEED
from ecgapp.ui.data.stores import installed_stores
from ecgapp.ui.shell.admin_action import act_now, guarded, show_problem

FORM_OPEN = "new_experiment"  # session state: whether the form is open
CHOSEN_EXPERIMENT = "chosen_experiment"  # session state: the experiment that the page shows
PLACE = "experiment_form"  # of the errors of the form's button
_CHECKED = "checked_experiment"  # session state: what was checked last, and the result
_ESTIMATES = "experiment_estimates"  # session state: by experiment and device


@dataclass(frozen=True)
class ExperimentChoice:
    """The choices of the form: the experiment's config, and the devices on which its arms take turns."""

    config: ExperimentConfig
    devices: tuple[str, ...] = field(default=("cpu",))


def experiment_form(settings: Settings, runs: RunStore) -> None:
    """Ask for an experiment, say what its data lack, measure its time, and start it."""
    stores = installed_stores(settings).stores
    if not stores:
        st.info("Import a data set on the Data page first; then a study can be run on it.")
        return
    protocol = _ask_protocol()
    try:
        choice = _ask_choice(protocol, stores)
        checked = _checked(choice.config, stores, settings)
    except EcgAppError as error:
        st.error(str(error))
        return
    estimate = _estimates().get(_place(checked, choice))
    arms = protocol.arms(checked.record.config)
    _show_plan(checked, arms, estimate)
    _buttons(choice, checked, settings, runs)


def _ask_protocol() -> StudyProtocol:
    titles = {name: protocol_named(name).title for name in protocol_names()}
    name = st.selectbox("Study", list(titles), format_func=titles.__getitem__, key="experiment_protocol")
    protocol = protocol_named(name)
    st.markdown(f"**{protocol.question}**")
    st.caption(escape_markdown(protocol.citation))
    return protocol


def _ask_choice(protocol: StudyProtocol, stores: dict[str, DatasetStore]) -> ExperimentChoice:
    """Ask for data sets, size, seed, devices and settings.

    Raises:
        ConfigError: no data set or no device is chosen, or a setting makes no sense.
    """
    left, right = st.columns(2)
    names = left.multiselect("Data sets", list(stores), default=list(stores)[:1], key="experiment_stores")
    size = right.selectbox("Size", list(SIZES), format_func=SIZES.__getitem__, key="experiment_size")
    left, right = st.columns(2)
    seed = left.number_input("Seed", 0, LARGEST_SEED, 0, key="experiment_seed")
    places = right.multiselect(
        "Devices", devices(), default=devices()[:1], format_func=device_words, key="experiment_devices",
        help="Arms take turns on them; on each device one arm runs at a time.",
    )  # fmt: skip
    chosen = _ask_settings(protocol, Size(size))
    if not names:
        raise ConfigError("Choose at least one data set.")
    if not places:
        raise ConfigError("Choose at least one device.")
    return ExperimentChoice(ExperimentConfig(chosen, tuple(names), size, int(seed)), tuple(places))


def _ask_settings(protocol: StudyProtocol, size: Size) -> ProtocolConfig:
    """Ask for the settings of the protocol, at first those of the size.

    Raises:
        ConfigError: they are not valid.
    """
    preset = documents.dump(protocol.preset(size))
    with st.expander("Other settings of the study"):
        st.caption("Every number that the paper leaves open, or that this size makes smaller, as JSON.")
        text = st.text_area(
            "Settings", preset, height=320, key=f"experiment_settings_{protocol.name}_{size}",
            label_visibility="collapsed",
        )  # fmt: skip
    chosen = documents.load(ProtocolConfig, text)
    if chosen.protocol != protocol.name:
        raise ConfigError("These settings are of another study.")
    return chosen


def _checked(
    config: ExperimentConfig, stores: dict[str, DatasetStore], settings: Settings
) -> CheckedExperiment:
    """The checked experiment, from the session if nothing has changed.

    Raises:
        EcgAppError: the data or the models are not what the protocol needs.
    """
    key = (config, tuple(stores[name].manifest.digest for name in config.stores))
    if st.session_state.get(_CHECKED, (None,))[0] != key:
        st.session_state[_CHECKED] = (key, check_experiment(config, settings))
    checked: CheckedExperiment = st.session_state[_CHECKED][1]
    return checked


def _show_plan(checked: CheckedExperiment, arms: tuple[Arm, ...], estimate: TimeEstimate | None) -> None:
    left, right = st.columns(2)
    left.markdown("**The data**\n" + _bullets(checked.data.data))
    right.markdown("**What differs from the study**\n" + _bullets(checked.data.differences))
    n_trials = sum(arm.n_trials for arm in arms)
    total = "" if estimate is None else f", about {duration_words(sum(estimate.seconds.values()))}"
    with st.expander(f"{len(arms)} arms with {n_trials} trials{total}"):
        titles = {arm.key: arm.title for arm in arms}
        columns = {
            "Arm": [arm.title for arm in arms],
            "Trials": [arm.n_trials for arm in arms],
            "Builds on": [", ".join(titles[key] for key in arm.needs) for arm in arms],
        }
        if estimate is not None:
            columns["Time"] = [duration_words(estimate.seconds.get(arm.key)) for arm in arms]
        st.dataframe(pd.DataFrame(columns), hide_index=True, height=min(38 + 35 * len(arms), 420))


def _buttons(
    choice: ExperimentChoice, checked: CheckedExperiment, settings: Settings, runs: RunStore
) -> None:
    estimate = _estimates().get(_place(checked, choice))
    with st.container(horizontal=True, vertical_alignment="center"):
        start = guarded(settings, lambda: _start(choice, checked, settings, runs), PLACE)
        st.button(
            "Start", on_click=start, type="primary", icon=":material/play_arrow:", key="experiment_start"
        )
        measure = st.button("Measure the time", icon=":material/timer:", key="experiment_measure")
        if estimate is not None:
            st.caption(
                f"About {duration_words(sum(estimate.seconds.values()))} on one {estimate.device}, "
                "from a few measured steps of each arm. Other work on this machine makes it longer."
            )
    show_problem(PLACE)
    if measure and act_now(settings, lambda: _measure(choice, checked, settings)):
        st.rerun()


def _measure(choice: ExperimentChoice, checked: CheckedExperiment, settings: Settings) -> None:
    with st.spinner("A few steps of each arm are run to measure the time …"):
        estimate = measure_experiment(choice.config, settings, choice.devices[0])
    _estimates()[_place(checked, choice)] = estimate


def _start(choice: ExperimentChoice, checked: CheckedExperiment, settings: Settings, runs: RunStore) -> None:
    """Start the experiment; one that exists is shown, and only arms without a job are queued."""
    exists = ExperimentFolder(settings.experiments / checked.record.id).path.exists()
    folder, _ = open_experiment(choice.config, settings)
    estimate = _estimates().get(_place(checked, choice))
    if estimate is not None and folder.estimate() is None:
        folder.write_estimate(estimate)
    start_ready_arms(folder, runs, choice.devices)
    st.session_state[CHOSEN_EXPERIMENT] = folder.path.name
    st.session_state[FORM_OPEN] = False
    words = (
        "This experiment exists already; it is shown below." if exists else "The experiment is shown below."
    )
    st.toast(words, icon=":material/play_arrow:")


def _estimates() -> dict[tuple[str, str], TimeEstimate]:
    estimates: dict[tuple[str, str], TimeEstimate] = st.session_state.setdefault(_ESTIMATES, {})
    return estimates


def _place(checked: CheckedExperiment, choice: ExperimentChoice) -> tuple[str, str]:
    return checked.record.id, choice.devices[0]


def _bullets(sentences: tuple[str, ...]) -> str:
    return "".join(f"\n- {escape_markdown(sentence)}" for sentence in sentences) or "\n- Nothing."
