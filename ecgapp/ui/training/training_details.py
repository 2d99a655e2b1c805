"""The Training page's further settings: the optimiser, the arithmetic, and how windows are varied."""

from typing import Any

import streamlit as st

from ecgapp.training import AugmentationConfig, Initialisation, TrainingConfig
from ecgapp.training.optimisation import KeptBy, Loss, Optimiser, Schedule
from ecgapp.training.training_config import PRECISIONS

PRECISION_WORDS = {
    "auto": "as pays on the device",
    "fp32": "float32",
    "bf16": "bfloat16 where it is exact enough",
}
SIGMA = "In standard deviations of a lead; 0 leaves it out."


OPTIMISER_WORDS = {
    Optimiser.ADAMW: "AdamW",
    Optimiser.ADAM: "Adam",
    Optimiser.SGD: "SGD without momentum",
}
SCHEDULE_WORDS = {Schedule.ONE_CYCLE: "one cycle: up, then down", Schedule.CONSTANT: "constant"}
LOSS_WORDS = {Loss.BINARY: "binary: each label alone", Loss.CATEGORICAL: "categorical: labels compete"}
KEPT_WORDS = {KeptBy.SCORE: "macro AUROC", KeptBy.LOSS: "loss"}


def ask_details(usual: TrainingConfig) -> dict[str, Any]:
    """Fields of the config that are usually left as they are, folded away."""
    with st.expander("Further settings: optimiser, precision, augmentation"):
        a, b, c, d = st.columns(4)
        decay = a.number_input(
            "Weight decay", 0.0, 1.0, usual.weight_decay, step=0.01, format="%.4f", key="train_decay"
        )
        warmup = b.number_input(
            "Warm-up", 0.0, 0.9, usual.warmup, step=0.05, key="train_warmup",
            help="Share of the steps in which the learning rate rises.",
        )  # fmt: skip
        clip = c.number_input(
            "Largest gradient norm", 0.0, 1000.0, usual.clip_gradient, step=0.5, key="train_clip",
            help="A longer gradient is shortened to it. 0: never.",
        )  # fmt: skip
        average = d.number_input(
            "Average of the weights", 0.0, 0.9999, usual.ema_decay, step=0.001, format="%.4f",
            key="train_average",
            help="How much of the running average stays at each step; the average is what is evaluated and "
            "kept. 0: the weights themselves.",
        )  # fmt: skip
        left, right = st.columns(2, vertical_alignment="bottom")
        precision = left.selectbox(
            "Precision", PRECISIONS, format_func=PRECISION_WORDS.__getitem__, key="train_precision"
        )
        compiled = right.checkbox(
            "Compile the network", usual.compiled, key="train_compiled",
            help="torch.compile: the first steps take minutes, the others less time. On one device only; a "
            "processor needs a C++ compiler for it.",
        )  # fmt: skip
        chosen = _ask_optimisation(usual)
        return {
            "weight_decay": decay,
            "warmup": warmup,
            "clip_gradient": clip,
            "ema_decay": average,
            "precision": precision,
            "compiled": compiled,
            "augmentation": _ask_augmentation(usual.augmentation),
        } | chosen


def _ask_optimisation(usual: TrainingConfig) -> dict[str, Any]:
    """The rule of a step and its rate; for a classifier also its loss, for a transfer what learns first."""
    a, b, c, d = st.columns(4)
    fields: dict[str, Any] = {
        "optimiser": a.selectbox(
            "Optimiser", list(Optimiser), format_func=OPTIMISER_WORDS.__getitem__, key="train_optimiser"
        ),
        "schedule": b.selectbox(
            "Learning rate over time", list(Schedule), format_func=SCHEDULE_WORDS.__getitem__,
            key="train_schedule",
        ),
    }  # fmt: skip
    if not usual.pretraining:
        fields["loss"] = c.selectbox(
            "Loss", list(Loss), format_func=LOSS_WORDS.__getitem__, key="train_loss",
            help="Categorical as in Singstad and Tronstad 2020. If one label is true, both are the same.",
        )  # fmt: skip
        fields["keep_best_by"] = d.selectbox(
            "Keep the epoch with the best", list(KeptBy), format_func=KEPT_WORDS.__getitem__, key="train_kept"
        )
    if not usual.pretraining and usual.initialisation == Initialisation.TRANSFER:
        fields |= _ask_unfreezing()
    return fields


def _ask_unfreezing() -> dict[str, Any]:
    """Ask whether a transferred classifier learns with its head alone at first, and then at graded rates."""
    left, right = st.columns(2, vertical_alignment="bottom")
    head_epochs = left.number_input(
        "Epochs of the head alone, before the others", 0, 1000, 0, key="train_head_epochs",
        help="The transferred layers stay as they are in these epochs.",
    )  # fmt: skip
    graded = right.checkbox(
        "Graded learning rates", key="train_graded",
        help="Then the head learns at a tenth of the rate, the encoder at a hundredth, its first layers at a "
        "thousandth, as in Strodthoff et al. 2020.",
    )  # fmt: skip
    return {"head_epochs": head_epochs, "graded_rates": graded}


def _ask_augmentation(usual: AugmentationConfig) -> AugmentationConfig:
    st.markdown("**Augmentation**: how much the windows are varied that the network learns from")
    a, b, c, d = st.columns(4)
    shift = a.number_input(
        "Time shift (s)", 0.0, 10.0, usual.shift, step=0.05, key="augment_shift", help="Either way, at most."
    )
    gain = b.number_input(
        "Gain", 0.0, 2.0, usual.gain, step=0.05, key="augment_gain",
        help="Standard deviation of the logarithm of each lead's gain.",
    )  # fmt: skip
    polarity = c.number_input(
        "Polarity", 0.0, 1.0, usual.polarity, step=0.1,
        key=f"augment_polarity_{usual.polarity:g}" if usual.polarity else "augment_polarity",
        help="Probability that a window is turned upside down; then ST elevation looks like depression.",
    )  # fmt: skip
    dropout = d.number_input(
        "Lead dropout", 0.0, 0.95, usual.lead_dropout, step=0.05, key="augment_dropout",
        help="Probability of each lead to be flat.",
    )  # fmt: skip
    a, b, c, _ = st.columns(4)
    wander = a.number_input(
        "Baseline wander", 0.0, 5.0, usual.wander, step=0.05, key="augment_wander", help=SIGMA
    )
    muscle = b.number_input(
        "Muscle noise", 0.0, 5.0, usual.muscle, step=0.05, key="augment_muscle", help=SIGMA
    )
    mains = c.number_input(
        "Mains hum, 50 or 60 Hz", 0.0, 5.0, usual.mains, step=0.05, key="augment_mains",
        help=f"{SIGMA} Left out, too, where half the sampling rate lies below it.",
    )  # fmt: skip
    return AugmentationConfig(polarity, gain, dropout, wander, muscle, mains, shift)
