"""The config of the run after another: with more epochs, or as a new run; and what differs."""

from dataclasses import replace

from ecgapp.errors import ConfigError
from ecgapp.models import AutoencoderConfig, ClassifierConfig
from ecgapp.training import TrainingConfig

ASKED = ("name", "epochs", "batch_size", "learning_rate", "seed", "device", "members", "lanes")


def continued(config: TrainingConfig, epochs: int) -> TrainingConfig:
    """The training with ``epochs`` more, as one further cycle of its learning rate."""
    return replace(config, further_epochs=(*config.further_epochs, epochs))


def restarted(config: TrainingConfig) -> TrainingConfig:
    """The training as a new run: epochs that were added later are planned from the beginning."""
    return replace(config, epochs=config.all_epochs - config.head_epochs, further_epochs=())


def differences(before: TrainingConfig, after: TrainingConfig) -> list[str]:
    """The settings that differ between two configs, each as ``batch size: 64 → 32``."""
    return [
        f"{name.replace('_', ' ')}: {getattr(before, name)} → {getattr(after, name)}"
        for name in ASKED
        if getattr(before, name) != getattr(after, name)
    ]


def transferable_phase(config: TrainingConfig | None) -> bool:
    """Whether a run of this config ends with weights that another training can start from."""
    return config is not None and isinstance(config.network, AutoencoderConfig | ClassifierConfig)


def refuse_unknown(config: TrainingConfig | None) -> TrainingConfig:
    """The config, where this version of the app can read it.

    Raises:
        ConfigError: it cannot.
    """
    if config is None:
        raise ConfigError("Another version of the app wrote this run's settings. Start a new training.")
    return config
