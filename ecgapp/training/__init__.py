"""Learning from imported data sets: one loop for pretraining and fine-tuning, which reports to a callback."""

from ecgapp.training.augmentation_config import AugmentationConfig
from ecgapp.training.devices import devices
from ecgapp.training.reporting import EpochReport, Reporter, StepReport, Stopped, WatchedScores
from ecgapp.training.run import train
from ecgapp.training.training_config import (
    Initialisation,
    Phase,
    Resampling,
    TrainingConfig,
    pretraining_defaults,
)

__all__ = [
    "AugmentationConfig",
    "EpochReport",
    "Initialisation",
    "Phase",
    "Reporter",
    "Resampling",
    "StepReport",
    "Stopped",
    "TrainingConfig",
    "WatchedScores",
    "devices",
    "pretraining_defaults",
    "train",
]
