"""A model as bytes: what lies on disk, and what travels between machines.

No pickle is ever loaded. Bytes whose sha256 is not the card's are refused.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import safetensors
import safetensors.torch
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from ecgapp.errors import WeightsMismatchError
from ecgapp.models.card import ModelCard
from ecgapp.models.registry import Network, build


@dataclass(frozen=True, eq=False)
class Predictions:
    """A classifier's answers on its validation records, kept for the performance page.

    ``probabilities`` and ``targets`` are float32 (n_records, n_labels); targets are 1, 0, or NaN
    where unknown. ``folds`` is int64 (n_records,). No record ids: nothing leads back to a patient.
    """

    probabilities: NDArray[np.float32]
    targets: NDArray[np.float32]
    folds: NDArray[np.int64]


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
    kept = None if predictions is None else _save(predictions)
    card = replace(
        model.card, sha256=sha256_of_bytes(weights), predictions_sha256=sha256_of_bytes(kept) if kept else ""
    )
    return PackedModel(card, weights, kept)


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
        return Predictions(**load_arrays(content))
    except (TypeError, safetensors.SafetensorError) as error:
        raise _other_predictions(card) from error


def _save(predictions: Predictions) -> bytes:
    """safetensors reads an array's memory as it lies, so it must lie in order."""
    return save_arrays({name: np.ascontiguousarray(array) for name, array in vars(predictions).items()})


def sha256_of_bytes(content: bytes) -> str:
    """Its sha256 in hex."""
    return hashlib.sha256(content).hexdigest()


def _other_predictions(card: ModelCard) -> WeightsMismatchError:
    return WeightsMismatchError(
        f"The validation predictions of {card.name} are not those its card describes. "
        "Install the model again."
    )
