"""Weights on disk: ``<name>.safetensors``, its card ``<name>.json``, and validation predictions.

No pickle is ever loaded. A file whose sha256 is not its card's is refused.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from ecgapp import documents
from ecgapp.errors import ConfigError, ModelNotFoundError, WeightsMismatchError
from ecgapp.files import sha256_of, write_atomically
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


def save_model(folder: Path, model: TrainedModel, predictions: Predictions | None = None) -> ModelCard:
    """Write weights, then predictions, then the card; the card last, so that it is never ahead."""
    name = model.card.name
    tensors = {key: value.detach().cpu().contiguous() for key, value in model.network.state_dict().items()}
    weights = folder / f"{name}.safetensors"
    write_atomically(weights, safetensors.torch.save(tensors))
    if predictions is not None:
        write_atomically(folder / f"{name}.predictions.safetensors", save_arrays(vars(predictions)))
    card = replace(model.card, sha256=sha256_of(weights))
    write_atomically(folder / f"{name}.json", documents.dump(card).encode())
    return card


def load_model(folders: Sequence[Path], name: str) -> TrainedModel:
    """The model of this name, from the first folder that has it.

    Raises:
        ModelNotFoundError: no folder has it.
        WeightsMismatchError: weights and card, or weights and network, disagree.
    """
    folder = _folder_of(folders, name)
    card = load_card(folder, name)
    weights = folder / f"{name}.safetensors"
    if not weights.is_file() or sha256_of(weights) != card.sha256:
        raise WeightsMismatchError(f"The weights file of {name} is not the one its card describes.")
    network = build(card.network)
    try:
        network.load_state_dict(safetensors.torch.load_file(weights))
    except (RuntimeError, safetensors.SafetensorError) as error:
        raise WeightsMismatchError(
            f"The weights of {name} do not fit the network {card.network.architecture}."
        ) from error
    return TrainedModel(network.eval().requires_grad_(False), card)


def load_card(folder: Path, name: str) -> ModelCard:
    """The card alone, without reading the weights.

    Raises:
        WeightsMismatchError: it is damaged, or was written by another version of the app.
    """
    try:
        return documents.load(ModelCard, (folder / f"{name}.json").read_text(encoding="utf-8"))
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        raise WeightsMismatchError(
            f"The card of the model {name} cannot be read. Remove the model, or install it again."
        ) from error


def load_predictions(folders: Sequence[Path], name: str) -> Predictions | None:
    """The predictions kept with this model, or None where none were."""
    path = _folder_of(folders, name) / f"{name}.predictions.safetensors"
    return Predictions(**load_arrays(path.read_bytes())) if path.is_file() else None


def installed_models(folders: Sequence[Path]) -> dict[str, ModelCard]:
    """Cards by name, sorted; earlier folders stand before later ones, damaged cards are left out."""
    found: dict[str, ModelCard] = {}
    for folder, name in _cards(folders):
        with suppress(WeightsMismatchError):  # ``damaged_models`` tells
            found.setdefault(name, load_card(folder, name))
    return dict(sorted(found.items()))


def damaged_models(folders: Sequence[Path]) -> tuple[str, ...]:
    """A sentence for each model whose card cannot be read."""
    sentences = []
    for folder, name in _cards(folders):
        try:
            load_card(folder, name)
        except WeightsMismatchError as error:
            sentences.append(str(error))
    return tuple(sentences)


def _cards(folders: Sequence[Path]) -> list[tuple[Path, str]]:
    return [(folder, path.stem) for folder in folders for path in sorted(folder.glob("*.json"))]


def _folder_of(folders: Sequence[Path], name: str) -> Path:
    for folder in folders:
        if (folder / f"{name}.json").is_file():
            return folder
    raise ModelNotFoundError(f"There is no model named {name} on this machine.")
