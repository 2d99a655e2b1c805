"""The initial weights of a training: random ones, or those of a pretrained model."""

import re

import torch

from ecgapp.config import Settings
from ecgapp.errors import ModelNotMadeError, TrainingError
from ecgapp.models import (
    Network,
    TrainedModel,
    build,
    installed_models,
    load_model,
    transfer_encoder,
    transfer_network,
)
from ecgapp.signals import PreprocessingConfig
from ecgapp.training.training_config import RESULT, Initialisation, TrainingConfig

_SCALE = ("fixed_mean", "fixed_deviation")
_RUN = re.compile(r"run:([0-9a-f]{12})", re.ASCII)


def initial_network(config: TrainingConfig, seed: int, pretrained: TrainedModel | None) -> Network:
    """The network before its first step, drawn from ``seed`` and then given what is transferred.

    A frozen encoder gets a head drawn from ``seed``, as its control does. Else all is transferred that does
    not belong to the labels: of a classifier of the same architecture all but the last layer.

    Raises:
        TrainingError: the pretrained model reads other leads, rates or filters, or is of no use here.
        WeightsMismatchError: the two encoders are not built alike.
    """
    torch.manual_seed(seed)
    network = build(config.network)
    if pretrained is not None:
        _refuse_other_input(pretrained.card.preprocessing, config.preprocessing)
        frozen = config.initialisation == Initialisation.FROZEN
        (transfer_encoder if frozen else transfer_network)(pretrained.network, network)
    if config.initialisation == Initialisation.FROZEN:
        encoder_of(network).requires_grad_(False)
    return network


def load_pretrained(config: TrainingConfig, settings: Settings) -> TrainedModel | None:
    """The model that the config transfers from, or None.

    Raises:
        ModelNotFoundError: it is not installed; a ModelNotMadeError where there is no such run with a model.
        TrainingError: there is no pretrained model, and a lead stands for that of one.
    """
    if config.pretrained is None:
        if config.preprocessing.substitutions:
            raise TrainingError("A lead stands for another one only where a pretrained encoder knows that.")
        return None
    run = _RUN.fullmatch(config.pretrained)
    if run is None:
        return load_model((settings.weights, settings.shipped_weights), config.pretrained)
    folder = settings.runs / run[1] / RESULT
    for name in installed_models((folder,)):
        return load_model((folder,), name)
    raise ModelNotMadeError("The run to transfer from has no model. Choose one that has finished.")


def set_training_mode(network: Network, *, frozen: bool) -> None:
    """Train mode, except for a frozen encoder: its batch-norm statistics stay as they are."""
    network.train()
    if frozen:
        encoder_of(network).eval()


def encoder_of(network: Network) -> torch.nn.Module:
    """The encoder of a network: what a frozen training leaves alone.

    Raises:
        TrainingError: the network has no encoder.
    """
    encoder = getattr(network, "encoder", None)
    if not isinstance(encoder, torch.nn.Module):
        raise TrainingError("This network has no encoder that could be transferred.")
    return encoder


def _refuse_other_input(theirs: PreprocessingConfig, ours: PreprocessingConfig) -> None:
    """An encoder is only worth transferring to the input that it knows; the stride is free."""
    if ours.encoder_leads not in (theirs.leads, theirs.encoder_leads):
        raise TrainingError(
            f"The pretrained model was trained on {', '.join(theirs.encoder_leads)}, not on "
            f"{', '.join(ours.encoder_leads)}. Say which lead stands for which, or choose another model."
        )
    for field in ("sampling_rate", "highpass", "lowpass", "filter_order", "window", *_SCALE):
        if getattr(theirs, field) != getattr(ours, field):
            raise TrainingError(
                f"The pretrained model was trained with another {field.replace('_', ' ')}. "
                "Choose the same preprocessing, or another model."
            )
