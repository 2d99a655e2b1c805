"""From a run's settings to those of the next: more epochs, a new run, and what differs. No Streamlit here."""

from dataclasses import dataclass, replace

from ecgapp.errors import ConfigError
from ecgapp.runs.form_to_config import taken_batch
from ecgapp.training import TrainingConfig
from ecgapp.training.data.sharding import fitting_lanes
from ecgapp.training.devices import n_devices


@dataclass(frozen=True)
class Changes:
    """What a new run may have of its own; everything else is exactly as it was."""

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    device: str
    members: int
    lanes: int


def continued(config: TrainingConfig, epochs: int) -> TrainingConfig:
    """The same training with ``epochs`` more, as one further cycle of its learning rate."""
    return replace(config, further_epochs=(*config.further_epochs, epochs))


def changes_of(config: TrainingConfig) -> Changes:
    """What the run had of these; epochs that were added later are planned from the beginning."""
    return Changes(
        config.name,
        config.all_epochs,
        config.batch_size,
        config.learning_rate,
        config.seed,
        config.device,
        config.members,
        config.lanes,
    )


def shared(wanted: Changes) -> Changes:
    """With lanes, and the nearest batch size, that the wanted devices can share out."""
    n = n_devices(wanted.device)
    lanes, batch_size = fitting_lanes(wanted.lanes, n), taken_batch(wanted.batch_size, n)
    return replace(wanted, lanes=lanes, batch_size=batch_size)


def renewed(config: TrainingConfig, wanted: Changes) -> TrainingConfig:
    """The settings of a new run.

    Raises:
        ConfigError: they do not go together; the sentence says which.
    """
    return replace(config, **vars(wanted), further_epochs=())


def differences(config: TrainingConfig, wanted: Changes) -> list[str]:
    """``batch size: 64 → 32`` for each setting that is not as it was."""
    before = vars(changes_of(config))
    return [
        f"{name.replace('_', ' ')}: {before[name]} → {value}"
        for name, value in vars(wanted).items()
        if before[name] != value
    ]


def transferable_phase(config: TrainingConfig | None) -> bool:
    """Whether a run of this config ends with an encoder that another training can start from."""
    return config is not None and config.encoder is not None


def refuse_unknown(config: TrainingConfig | None) -> TrainingConfig:
    """The config, where this version of the app can read it.

    Raises:
        ConfigError: it cannot.
    """
    if config is None:
        raise ConfigError("Another version of the app wrote this run's settings. Start a new training.")
    return config
