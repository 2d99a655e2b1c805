"""Learning from imported data sets: one loop for pretraining and fine-tuning, told through a callback."""

from ecgapp.training.data.augmentation import AugmentationConfig
from ecgapp.training.defaults import finetuning_defaults, pretraining_defaults
from ecgapp.training.devices import devices
from ecgapp.training.reporting import EpochReport, Reporter, StepReport, Stopped
from ecgapp.training.run import train
from ecgapp.training.training_config import Initialisation, Phase, Resampling, TrainingConfig

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
    "devices",
    "finetuning_defaults",
    "pretraining_defaults",
    "train",
]
