"""A model as bytes: what lies on disk, and what travels between machines.

No pickle is ever loaded. Bytes whose sha256 is not the card's are refused.
"""

import hashlib
from dataclasses import dataclass, replace

import safetensors
import safetensors.torch

from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models.card import ModelCard
from ecgapp.models.predictions import Predictions, from_bytes, to_bytes
from ecgapp.models.registry import Network, build


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network in eval mode, without gradients on its weights, and its card."""

    network: Network
    card: ModelCard


@dataclass(frozen=True, eq=False)
class PackedModel:
    """A card, and the contents of the safetensors files that it names by their sha256."""

    card: ModelCard
    weights: bytes
    predictions: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes of the weights and the predictions."""
        return len(self.weights) + len(self.predictions or b"")


def pack(model: TrainedModel, predictions: Predictions | None = None) -> PackedModel:
    """The model as bytes; its card gets both sha256."""
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.network.state_dict().items()}
    weights = safetensors.torch.save(tensors)
    answers = None if predictions is None else to_bytes(predictions)
    card = replace(
        model.card,
        sha256=sha256_of_bytes(weights),
        predictions_sha256=sha256_of_bytes(answers) if answers else "",
    )
    return PackedModel(card, weights, answers)


def unpack(packed: PackedModel) -> TrainedModel:
    """The network with its weights.

    Raises:
        WeightsMismatchError: weights and card, or weights and network, disagree.
    """
    card = packed.card
    if sha256_of_bytes(packed.weights) != card.sha256:
        raise WeightsMismatchError(f"The weights file of {card.name} is not the one its card describes.")
    network = build(card.network)
    try:
        network.load_state_dict(safetensors.torch.load(packed.weights))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise WeightsMismatchError(
            f"The weights of {card.name} do not fit the network {card.network.architecture}."
        ) from error
    return TrainedModel(network.eval().requires_grad_(False), card)


def unpack_predictions(card: ModelCard, content: bytes | None) -> Predictions | None:
    """The validation predictions in a safetensors file's ``content``, or None where the card names none.

    Raises:
        WeightsMismatchError: they are missing, or not those that the card names.
    """
    if not card.predictions_sha256:
        return None
    if content is None or sha256_of_bytes(content) != card.predictions_sha256:
        raise _other_predictions(card)
    try:
        return from_bytes(content)
    except ConfigError as error:
        raise _other_predictions(card) from error


def sha256_of_bytes(content: bytes) -> str:
    """The sha256 of ``content`` in hex."""
    return hashlib.sha256(content).hexdigest()


def _other_predictions(card: ModelCard) -> WeightsMismatchError:
    return WeightsMismatchError(
        f"The validation predictions of {card.name} are not those its card describes. "
        "Install the model again."
    )
