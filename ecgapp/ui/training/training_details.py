"""The Training page's further settings: the optimiser, the arithmetic, and how windows are varied."""

from typing import Any

import streamlit as st

from ecgapp.training import AugmentationConfig, TrainingConfig
from ecgapp.training.training_config import PRECISIONS

PRECISION_WORDS = {
    "auto": "as pays on the device",
    "fp32": "float32",
    "bf16": "bfloat16 where it is exact enough",
}
SIGMA = "In standard deviations of a lead; 0 leaves it out."


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
        return {
            "weight_decay": decay,
            "warmup": warmup,
            "clip_gradient": clip,
            "ema_decay": average,
            "precision": precision,
            "compiled": compiled,
            "augmentation": _ask_augmentation(usual.augmentation),
        }


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
