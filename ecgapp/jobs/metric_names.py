"""The names of the series of metrics that a training writes and pages read.

By epoch, from 1, if not said otherwise. An ensemble's members follow one another.
"""

from collections.abc import Mapping
from types import MappingProxyType

TRAIN_LOSS = "train/loss"
VALIDATION_LOSS = "validation/loss"
CONSTANT_LOSS = "validation/constant_loss"  # of the best answer that is the same for every record
F1 = "validation/f1_macro"
WEIGHTED_F1 = "validation/f1_weighted"
F1_OF_LABEL = "validation/f1/"  # and the label's name
PREDICTED_OF_LABEL = "validation/predicted/"  # and the label's name: how many records got it
POSITIVES_OF_LABEL = "validation/positives/"  # and the label's name: how many records have it
F1_OF_MEMBER = "validation/f1_of_member/"  # and the member's number, from 1, among those that learn together
AUROC = "validation/auroc"
EPOCH_SECONDS = "progress/epoch_seconds"

STEP_LOSS = "train/step_loss"  # these four by step, from 1
LEARNING_RATE = "learning_rate"
GRADIENT_NORM = "gradient_norm"
THROUGHPUT = "throughput"  # windows a second

CPU_PERCENT = "device/cpu_percent"  # these by seconds since the run's first start; of the whole machine
MEMORY = "device/memory_mb"
GPU_MEMORY = "device/gpu_memory_mb"
GPU_PERCENT = "device/gpu_percent"
SECONDS_LEFT = "progress/seconds_left"

EPOCH_SERIES: Mapping[str, str] = MappingProxyType(
    {
        "train_loss": TRAIN_LOSS,
        "validation_loss": VALIDATION_LOSS,
        "constant_loss": CONSTANT_LOSS,
        "f1": F1,
        "weighted_f1": WEIGHTED_F1,
        "auroc": AUROC,
        "f1_by_label": F1_OF_LABEL,
        "f1_by_member": F1_OF_MEMBER,
        "predicted_by_label": PREDICTED_OF_LABEL,
        "positives_by_label": POSITIVES_OF_LABEL,
        "seconds": EPOCH_SECONDS,
    }
)
"""The metrics of an epoch: by the field of the epoch's report the name of the series.

A name that ends with a slash is that of a group: one series for each label or member.
"""
STEP_SERIES: Mapping[str, str] = MappingProxyType(
    {
        "loss": STEP_LOSS,
        "learning_rate": LEARNING_RATE,
        "gradient_norm": GRADIENT_NORM,
        "examples_per_second": THROUGHPUT,
    }
)
"""The metrics of a step: by the field of the step's report the name of the series."""
