"""The Training page's form: what to learn, from what, how long; then a run in a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from ecgapp.analysis import available_models
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.datasets.folds import folds_of
from ecgapp.errors import ConfigError, EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.models import ModelCard
from ecgapp.runs.form_to_config import (
    CLASSIFIERS,
    LARGEST_BATCH,
    LOWEST_RATE,
    MOST_EPOCHS,
    MOST_MEMBERS,
    NETWORKS,
    PATCH,
    PHASES,
    RATE_FORMAT,
    RESAMPLINGS,
    STARTS,
    Labels,
    batch_words,
    config_on_network,
    config_on_pretrained,
    device_words,
    on_its_devices,
    shared_leads,
    transferable,
    usual_settings,
    with_start,
)
from ecgapp.runs.start_training import check_before_start, new_form, start_run, trained_here
from ecgapp.training import Initialisation, Phase, TrainingConfig, pretraining_defaults
from ecgapp.training.devices import device_choices
from ecgapp.training.training_config import LARGEST_SEED
from ecgapp.ui.data.stores import installed_stores, served_tasks
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.session import STARTED_RUN, TRAINING_ORDER
from ecgapp.ui.training.training_details import ask_details

FOLDS = tuple(range(1, 11))
USUAL_EPOCHS = {Phase.PRETRAIN: 100, Phase.FINETUNE: 30}  # for a thousand records; Jang et al. 2021: 150
STORES = "train_stores"  # session state: the names of the chosen data sets
CURRENT_FORM = "shown_form"  # session state: the number of the form; another one once it was sent
FORM_OPEN = "new_training"  # session state: whether the form is open

Order = tuple[str, Phase, str]  # the form, and what was chosen outside of it


def training_form(settings: Settings, runs: RunStore) -> None:
    """Ask for a training and start it; says where to go while there is no data set."""
    stores = installed_stores(settings).stores
    if not stores:
        st.info("Import a data set on the Data page first; then it can be trained on.")
        return
    phase, subject = _ask_subject(available_models(settings) | trained_here(runs), stores)
    form = st.session_state.setdefault(CURRENT_FORM, new_form())
    order = (form, phase, str(subject))
    with st.form("training", enter_to_submit=False):
        changes = _ask_schedule(phase, subject)
        st.form_submit_button(
            "Start training", type="primary", icon=":material/play_arrow:", key=f"start_{form}",
            on_click=_order_start, args=(order, settings),
        )  # fmt: skip
    ordered = st.session_state.get(TRAINING_ORDER)
    if ordered == order:
        try:
            _start(subject, changes, settings, runs)
        except EcgAppError as error:
            st.error(str(error))
    if ordered is not None:  # else a click that comes just now would be forgotten
        st.session_state.pop(TRAINING_ORDER, None)


def _order_start(order: Order, settings: Settings) -> None:
    """Keep the click until a run of the page has carried it out.

    The value that the button returns is not enough. Quick clicks and the live view make the page run several
    times at once, and a run that ends clears the click also for one that has not reached the button yet. An
    order of another form, or of choices that have changed since, is dropped: a late click does nothing.
    """
    if auth.is_admin(settings):
        st.session_state[TRAINING_ORDER] = order


def _start(
    subject: TrainingConfig | ConfigError, changes: Mapping[str, Any], settings: Settings, runs: RunStore
) -> None:
    """Start the training that the form describes, and give the next one a form of its own.

    Raises:
        EcgAppError: this session is no administrator's, or the training cannot be started.
    """
    auth.check_admin(settings)
    if isinstance(subject, ConfigError):
        raise subject
    chosen = replace(subject, **changes)
    config = on_its_devices(chosen)
    stores = installed_stores(settings).stores
    check_before_start(config, [stores[name] for name in config.stores])
    st.session_state[STARTED_RUN] = start_run(config, runs, st.session_state[CURRENT_FORM]).id
    st.session_state[CURRENT_FORM] = new_form()
    if notice := batch_words(chosen.device, chosen.batch_size):
        st.info(notice)
    st.toast(f"{config.name} is shown below, under Runs.", icon=":material/play_arrow:")


def _ask_subject(
    models: Mapping[str, ModelCard], stores: dict[str, DatasetStore]
) -> tuple[Phase, TrainingConfig | ConfigError]:
    """Ask what to learn, from which data sets and weights. Returns the phase, and the config or its fault."""
    left, right = st.columns(2)
    with left:
        phase = st.radio("Phase", list(PHASES), format_func=PHASES.__getitem__, key="train_phase")
        known = [name for name in st.session_state.get(STORES, list(stores)[:1]) if name in stores]
        st.session_state[STORES] = known  # another page, or "Start from these weights", may have chosen
        names = st.multiselect("Data sets", list(stores), key=STORES)
        _describe([stores[name] for name in names])
    chosen = [stores[name] for name in names]
    leads = shared_leads([store.manifest.leads for store in chosen])
    with right:
        starts = [
            start for start in STARTS if not (phase == Phase.PRETRAIN and start == Initialisation.FROZEN)
        ]
        start = st.radio("Start from", starts, format_func=STARTS.__getitem__, key="train_start")
        network, lead, reference, pretrained, replacement = PATCH, "II", None, None, None
        frozen = start == Initialisation.FROZEN
        control = frozen and st.toggle("Control: freeze a random encoder instead", key="train_control")
        if start == Initialisation.RANDOM or control:
            network, lead = _ask_network(phase, leads)
        else:
            reference, pretrained = _ask_pretrained(transferable(models, phase, leads))
            replacement = _ask_replacement(pretrained, leads)
    labels = None if phase == Phase.PRETRAIN else Labels(*_ask_task(chosen))
    try:
        if start == Initialisation.RANDOM or control:
            config = config_on_network(tuple(names), leads, network, lead, labels)
        else:
            config = config_on_pretrained(tuple(names), pretrained, replacement, labels)
        return phase, with_start(config, start, reference)
    except ConfigError as error:
        return phase, error


def _describe(stores: Sequence[DatasetStore]) -> None:
    for store in stores:
        folds = ", ".join(str(fold) for fold in folds_of(store) if fold)
        st.caption(
            f"{store.name}: {len(store):,} records at {store.manifest.sampling_rate:g} Hz, folds {folds}"
        )


def _ask_network(phase: Phase, leads: tuple[str, ...]) -> tuple[str, str]:
    """A network that this phase can train, and the lead that it reads if it reads only one."""
    offered = NETWORKS if phase == Phase.PRETRAIN else (*NETWORKS, *CLASSIFIERS)
    if st.session_state.get("train_network") not in offered:
        st.session_state.pop("train_network", None)
    network = str(st.selectbox("Network", offered, key="train_network"))
    if network == PATCH or network in CLASSIFIERS or not leads:
        return network, "II"
    first = leads.index("II") if "II" in leads else 0
    return network, str(st.selectbox("Lead", leads, index=first, key="train_lead"))


def _ask_pretrained(cards: dict[str, ModelCard]) -> tuple[str | None, ModelCard | None]:
    """An installed model, or what a finished run has made."""
    if not cards:
        st.warning("No installed model and no finished run fits these data sets. Pretrain one first.")
        return None, None

    def title(reference: str) -> str:
        kind, _, run_id = reference.partition(":")
        words = f"run {run_id[:6]}" if kind == "run" and run_id else reference
        return f"{words}: {cards[reference].title}"

    if st.session_state.get("train_pretrained") not in cards:
        st.session_state.pop("train_pretrained", None)
    reference = st.selectbox("Pretrained model", list(cards), format_func=title, key="train_pretrained")
    return reference, cards[reference]


def _ask_replacement(card: ModelCard | None, leads: tuple[str, ...]) -> str | None:
    """The lead that an encoder of one lead is to read; None for an encoder of several leads."""
    if card is None or len(card.preprocessing.leads) != 1 or not leads:
        return None
    own, pretrained_on = card.preprocessing.leads[0], card.preprocessing.encoder_leads[0]
    first = leads.index(own) if own in leads else 0
    lead = str(st.selectbox("Lead that the encoder reads", leads, index=first, key=f"train_reads_{own}"))
    if lead != pretrained_on:
        st.caption(
            f"The encoder was pretrained on lead {pretrained_on}; lead {lead} stands for it. Its waves may "
            "point the other way: the polarity under Further settings starts at 0.5."
        )
    return lead


def _ask_task(stores: Sequence[DatasetStore]) -> tuple[str | None, tuple[str, ...]]:
    """The task to learn: a registered one by name, or columns of the data sets' own labels."""
    tasks = {name: task for store in stores for name, task in served_tasks(store).items()}
    if not tasks:
        st.warning("These data sets have no labels that a task knows. They can be used for pretraining only.")
        return None, ()
    name = st.selectbox("Task", list(tasks), format_func=lambda name: tasks[name].title, key="train_task")
    own = {column for store in stores for column in store.manifest.label_columns}
    if name != "csv":
        st.caption(f"Labels: {', '.join(tasks[name].label_names)}")
        return name, ()
    columns = st.multiselect("Label columns", sorted(own), default=sorted(own), key="train_columns")
    return None, tuple(columns)


def _ask_schedule(phase: Phase, subject: TrainingConfig | ConfigError) -> dict[str, Any]:
    """Fields of the config: how long, how fast, on what, and under which name."""
    usual = usual_settings(subject)
    usual_name = usual.name if isinstance(subject, ConfigError) else subject.name
    first, second, third = st.columns(3)
    name = first.text_input("Name of the model", usual_name, max_chars=60, key=f"train_name_{usual_name}")
    device = second.selectbox("Device", device_choices(), format_func=device_words, key="train_device")
    share = third.number_input(
        "Share of the training records (%)", 1, 100, 100, key="train_fraction",
        help="Drawn at random, to see what fewer records would have been enough for.",
    )  # fmt: skip
    a, b, c, d, e = st.columns(5)
    epochs = a.number_input("Epochs", 1, MOST_EPOCHS, USUAL_EPOCHS[phase], key=f"train_epochs_{phase}")
    batch = b.number_input(
        "Batch size", 1, LARGEST_BATCH, usual.batch_size, key="train_batch",
        help="GPUs that train together share every batch equally; the nearest size that they can is taken.",
    )  # fmt: skip
    rate = c.number_input(
        "Learning rate",
        LOWEST_RATE,
        1.0,
        usual.learning_rate,
        format=RATE_FORMAT,
        step=1e-4,
        key="train_rate",
    )
    patience = d.number_input(
        "Patience (epochs)", 0, 1000, 0, key="train_patience", help="0: no early stopping."
    )
    seed = e.number_input("Seed", 0, LARGEST_SEED, 0, key="train_seed")
    fields = {
        "name": name.strip(), "device": device, "fraction": share / 100, "epochs": epochs,
        "batch_size": batch, "learning_rate": rate, "patience": patience, "seed": seed,
    }  # fmt: skip
    members = _ask_members() if phase == Phase.FINETUNE else {}
    return fields | members | _ask_folds() | ask_details(usual)


def _ask_members() -> dict[str, Any]:
    """Ask for the number of networks, what each learns from, and how much more a rare class weighs."""
    a, b, c = st.columns(3)
    members = a.number_input("Members", 1, MOST_MEMBERS, 1, key="train_members", help="Above 1: an ensemble.")
    resampling = b.selectbox(
        "Members differ by", list(RESAMPLINGS), format_func=RESAMPLINGS.__getitem__, key="train_resampling",
        help="Only where there is more than one member.",
    )  # fmt: skip
    weighting = c.number_input(
        "Class weighting", 0.0, 1.0, 0.0, 0.1, key="train_weighting",
        help="0: every answer weighs the same. 1: positives and negatives of a class have equal "
        "total weight.",
    )  # fmt: skip
    return {"members": members, "resampling": resampling, "class_weighting": weighting}


def _ask_folds() -> dict[str, Any]:
    usual = pretraining_defaults()
    left, right = st.columns([2, 1])
    train = left.multiselect("Folds to train on", FOLDS, default=list(usual.train_folds), key="train_folds")
    validation = right.multiselect(
        "Folds to validate on",
        FOLDS,
        default=list(usual.validation_folds),
        key="train_validation",
        help="Leave one fold (often 10) out for the final test.",
    )
    return {"train_folds": tuple(sorted(train)), "validation_folds": tuple(sorted(validation))}
