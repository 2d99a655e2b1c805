"""Trainings that make sense for any data set: where forms and scripts begin."""

from ecgapp.models import ECGClassifierConfig, PatchAutoencoderConfig
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.tasks import task
from ecgapp.training.training_config import Phase, TrainingConfig


def pretraining_defaults(
    stores: tuple[str, ...] = ("ptb-xl",), preprocessing: PreprocessingConfig | None = None
) -> TrainingConfig:
    """A patch autoencoder for these stores: a sensible start for any preprocessing."""
    chosen = preprocessing or PreprocessingConfig()
    network = PatchAutoencoderConfig(n_leads=len(chosen.leads), n_samples=chosen.window)
    return TrainingConfig("autoencoder", Phase.PRETRAIN, network, stores, chosen)


def finetuning_defaults(
    stores: tuple[str, ...] = ("ptb-xl",),
    task_name: str = "ptbxl_superclass",
    preprocessing: PreprocessingConfig | None = None,
) -> TrainingConfig:
    """A classifier on a patch encoder for these stores and this task, from random weights."""
    chosen = preprocessing or PreprocessingConfig()
    encoder = PatchAutoencoderConfig(n_leads=len(chosen.leads), n_samples=chosen.window)
    network = ECGClassifierConfig(encoder, len(task(task_name).labels))
    return TrainingConfig("classifier", Phase.FINETUNE, network, stores, chosen, task=task_name)
