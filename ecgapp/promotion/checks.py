"""Whether a model from outside is whole: its files are its card's, its tensors fit, it answers."""

from collections.abc import Iterator, Mapping

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ecgapp import documents
from ecgapp.errors import ConfigError, ModelError, WeightsMismatchError
from ecgapp.models import ModelCard, Network, PackedModel, Predictions, build, unpack, unpack_predictions
from ecgapp.models.packed import sha256_of_bytes

LARGEST_NUMBER = 20_000  # in a network's config; a larger one could fill the memory before it is refused


def refuse_unusable(packed: PackedModel) -> None:
    """Check everything that a model is, down to its answer to a silent window.

    Raises:
        ModelError: something is wrong; the message says what.
    """
    card = packed.card
    if sha256_of_bytes(packed.weights) != card.sha256:
        raise WeightsMismatchError(f"The weights of {card.name} are not those its card describes.")
    _refuse_other_tensors(card, packed.weights)
    _refuse_odd_answer(unpack(packed).network, card)
    if (packed.predictions is None) != (not card.predictions_sha256):
        raise ModelError(f"The card of {card.name} and the bundle disagree on its validation predictions.")
    _refuse_odd_predictions(card, unpack_predictions(card, packed.predictions))


def _refuse_other_tensors(card: ModelCard, weights: bytes) -> None:
    """Names, shapes and kinds against those of an empty network; then every number must be finite."""
    try:
        tensors = safetensors.torch.load(weights)
    except safetensors.SafetensorError as error:
        raise WeightsMismatchError(f"The weights of {card.name} are damaged.") from error
    expected = _empty_network(card).state_dict()
    if set(tensors) != set(expected):
        odd = sorted(set(tensors) ^ set(expected))[0]
        raise WeightsMismatchError(
            f"The weights of {card.name} do not fit its network: {odd} is missing, or too much."
        )
    for key, tensor in tensors.items():
        if _kind(tensor) != _kind(expected[key]):
            raise WeightsMismatchError(f"The weights of {card.name} do not fit its network: {key} differs.")
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise WeightsMismatchError(f"The weights of {card.name} are not all numbers: see {key}.")


def _kind(tensor: Tensor) -> tuple[torch.Size, torch.dtype]:
    return tensor.shape, tensor.dtype


def _empty_network(card: ModelCard) -> Network:
    """The card's network without memory for its weights."""
    if max(_numbers(documents.to_plain(card.network)), default=0) > LARGEST_NUMBER:
        raise ModelError(f"The network of {card.name} is larger than any of this app.")
    try:
        with torch.device("meta"):
            return build(card.network)
    except (ConfigError, RuntimeError, ValueError, ArithmeticError) as error:
        raise ModelError(f"The network that the card of {card.name} describes cannot be built.") from error


def _numbers(plain: object) -> Iterator[float]:
    if isinstance(plain, Mapping):
        plain = list(plain.values())
    if isinstance(plain, list):
        for item in plain:
            yield from _numbers(item)
    elif isinstance(plain, int | float):
        yield abs(plain)


def _refuse_odd_answer(network: Network, card: ModelCard) -> None:
    prepared = card.preprocessing
    window = torch.zeros(1, len(prepared.leads), prepared.window)
    expected = (1, len(card.task.labels)) if card.task else tuple(window.shape)
    try:
        with torch.inference_mode():
            answer = network(window)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The network of {card.name} cannot read the windows its card describes.") from error
    if tuple(answer.shape) != expected or not answer.isfinite().all():
        raise ModelError(f"The network of {card.name} does not answer as its card says.")


def _refuse_odd_predictions(card: ModelCard, predictions: Predictions | None) -> None:
    if predictions is None:
        return
    n = len(np.atleast_1d(predictions.folds))
    answers = ("float32", (n, len(card.task.labels) if card.task else 0))
    found = [
        (array.dtype.name, array.shape)
        for array in (predictions.probabilities, predictions.targets, predictions.folds)
    ]
    if found != [answers, answers, ("int64", (n,))] or not np.isfinite(predictions.probabilities).all():
        raise ModelError(f"The validation predictions of {card.name} do not fit its card.")
