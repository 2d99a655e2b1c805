"""Checks of a model from outside: its files match its card, its tensors fit, its output is as described."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ecgapp.errors import ConfigError, ModelError, WeightsMismatchError
from ecgapp.evaluate import metrics_at
from ecgapp.models import (
    SEGMENTS,
    VENTRICULAR_CLASSES,
    Evaluation,
    Interval,
    ModelCard,
    Network,
    PackedModel,
    Predictions,
    VentricularConfig,
    build,
    unpack,
    unpack_predictions,
)
from ecgapp.models.networks.gate_network import NETWORK_PARTS
from ecgapp.models.serialisation import sha256_of_bytes
from ecgapp.storage import documents

_FIGURES = ("macro_auroc", "macro_auprc", "macro_f1", "f2", "g2")
_ROUNDING = 1e-3  # between a card's figures and those computed from its predictions
LARGEST_NUMBER = 20_000  # in a network's config; a larger one could fill the memory before it is refused


def refuse_unusable(packed: PackedModel) -> None:
    """Check a model completely, including its output for an empty window.

    Raises:
        ModelError: the model cannot be used; the message says why.
    """
    card = packed.card
    _refuse_odd_thresholds(card)
    if sha256_of_bytes(packed.weights) != card.sha256:
        raise WeightsMismatchError(f"The weights of {card.name} are not those its card describes.")
    _refuse_other_tensors(card, packed.weights)
    _refuse_odd_answer(unpack(packed).network, card)
    if (packed.predictions is None) != (not card.predictions_sha256):
        raise ModelError(f"The card of {card.name} and the bundle disagree on its validation predictions.")
    predictions = unpack_predictions(card, packed.predictions)
    if predictions is not None:
        _refuse_odd_predictions(card, predictions)
        _refuse_other_figures(card, predictions)


def _refuse_odd_thresholds(card: ModelCard) -> None:
    """Check that there is one threshold between 0 and 1 for each label, and a temperature above 0."""
    n_thresholds = len(card.task.labels) if card.task is not None else int(card.is_gate)
    if len(card.thresholds) != n_thresholds or not all(0 <= line <= 1 for line in card.thresholds):
        raise ModelError(f"The card of {card.name} needs one threshold from 0 to 1 for each label.")
    if not (math.isfinite(card.temperature) and card.temperature > 0):
        raise ModelError(f"The temperature on the card of {card.name} is not above 0.")


def _refuse_other_tensors(card: ModelCard, weights: bytes) -> None:
    """Check names, shapes and types of the tensors against an empty network, and that all are finite."""
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
    expected = _expected(card, window)
    try:
        with torch.inference_mode():
            answer = network(window)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"The network of {card.name} cannot read the windows its card describes.") from error
    if tuple(answer.shape) != expected or not answer.isfinite().all():
        raise ModelError(f"The network of {card.name} does not answer as its card says.")


def _expected(card: ModelCard, window: torch.Tensor) -> tuple[int, ...]:
    if card.task is not None:
        return (1, len(card.task.labels))
    if card.is_gate:
        return (1, 1 if card.asks_if_readable else len(NETWORK_PARTS))
    if isinstance(card.network, VentricularConfig):
        return (1, len(VENTRICULAR_CLASSES), window.shape[-1] // card.network.patch)
    return (1, len(SEGMENTS), window.shape[-1]) if card.is_delineator else tuple(window.shape)


def _refuse_odd_predictions(card: ModelCard, predictions: Predictions) -> None:
    n = len(np.atleast_1d(predictions.folds))
    answers = ("float32", (n, len(card.task.labels) if card.task else 0))
    arrays = [
        (array.dtype.name, array.shape)
        for array in (predictions.probabilities, predictions.targets, predictions.folds)
    ]
    inside = (predictions.probabilities >= 0) & (predictions.probabilities <= 1)
    known = np.isnan(predictions.targets) | np.isin(predictions.targets, (0, 1))
    if arrays != [answers, answers, ("int64", (n,))] or not (inside.all() and known.all()):
        raise ModelError(f"The validation predictions of {card.name} do not fit its card.")


def _refuse_other_figures(card: ModelCard, predictions: Predictions) -> None:
    """Check that a card's figures are those of the predictions in its bundle."""
    stated = card.validation
    if stated is None or card.task is None:
        return
    computed = metrics_at(card.task, predictions.probabilities, predictions.targets, card.thresholds)
    if _counts(stated) != _counts(computed) or not all(
        _alike(getattr(stated, figure), getattr(computed, figure)) for figure in _FIGURES
    ):
        raise ModelError(
            f"The figures on the card of {card.name} are not those of its validation predictions. "
            "Export the model again, on the machine that trained it."
        )


def _counts(evaluation: Evaluation) -> list[tuple[object, ...]]:
    return [(evaluation.n,), *[(of.label, of.n, of.n_positive) for of in evaluation.per_label]]


def _alike(stated: Interval | None, computed: Interval | None) -> bool:
    """Whether two figures are equal up to rounding."""
    if stated is None or computed is None:
        return stated is computed
    return abs(stated.value - computed.value) <= _ROUNDING and stated.low <= stated.value <= stated.high
