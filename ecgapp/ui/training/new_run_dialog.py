"""The dialog for a new run from the settings of another one."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.runs.form_to_config import (
    LARGEST_BATCH,
    LOWEST_RATE,
    MOST_EPOCHS,
    MOST_MEMBERS,
    RATE_FORMAT,
    batch_words,
    device_words,
    on_its_devices,
)
from ecgapp.runs.next_config import differences, refuse_unknown, restarted
from ecgapp.runs.run_figures import config_of
from ecgapp.runs.start_training import check_before_start, start_run
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training import TrainingConfig
from ecgapp.training.devices import device_choices
from ecgapp.training.training_config import LARGEST_SEED
from ecgapp.ui.shell.session import STARTED_RUN
from ecgapp.ui.training.dialog import DialogContext


def ask_new_run(context: DialogContext) -> None:
    """The fields, what differs from before, and the start."""
    run, store = context.run, context.store
    before = restarted(refuse_unknown(config_of(run)))
    st.write("Everything that is not asked here stays exactly as it was.")
    after = _ask_changes(before)
    st.markdown("**Differences**")
    if isinstance(after, ConfigError):
        st.markdown(escape_markdown(str(after)))
    else:
        st.markdown(
            "\n".join(f"- {escape_markdown(line)}" for line in differences(before, after))
            or "None: the same settings give the same weights."
        )
    if st.button("Start", type="primary", key="again_start", icon=":material/play_arrow:"):

        def start() -> None:
            if isinstance(after, ConfigError):
                raise after
            check_before_start(after, [_opened(entry, context.settings) for entry in after.stores])
            st.session_state[STARTED_RUN] = start_run(after, store, context.form).id

        context.run_as_admin(start)


def _opened(entry: str, settings: Settings) -> DatasetStore:
    """The store that a config calls so.

    Raises:
        DatasetError: it is gone or damaged; the sentence begins with its name.
    """
    try:
        return open_store(entry, settings)
    except DatasetError as error:
        raise DatasetError(f"Data set {escape_markdown(Path(entry).name)}: {error}") from error


def _ask_changes(before: TrainingConfig) -> TrainingConfig | ConfigError:
    """The config with what is asked here, or why it makes none.

    Each field also takes the value before, which a file may have set beyond what the pages offer.
    """
    name = st.text_input("Name of the model", before.name, max_chars=60, key="again_name").strip()
    first, second, third = st.columns(3)
    epochs = first.number_input(
        "Epochs", 1, max(MOST_EPOCHS, before.epochs), before.epochs, key="again_epochs"
    )
    largest = max(LARGEST_BATCH, before.batch_size)
    batch = second.number_input("Batch size", 1, largest, before.batch_size, key="again_batch")
    rate = third.number_input(
        "Learning rate",
        min(LOWEST_RATE, before.learning_rate),
        max(1.0, before.learning_rate),
        before.learning_rate,
        step=1e-4,
        format=RATE_FORMAT,
        key="again_rate",
    )
    seed = first.number_input("Seed", 0, LARGEST_SEED, before.seed, key="again_seed")
    there = list(dict.fromkeys((before.device, *device_choices())))
    device = second.selectbox("Device", there, format_func=device_words, key="again_device")
    members = third.number_input("Members", 1, MOST_MEMBERS, before.members, key="again_members")
    if notice := batch_words(device, batch):
        st.info(notice)
    try:
        config = replace(
            before, name=name, epochs=epochs, batch_size=batch, learning_rate=rate, seed=seed,
            device=device, members=members,
        )  # fmt: skip
        return on_its_devices(config)
    except ConfigError as error:
        return error
