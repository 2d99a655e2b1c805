"""Attribution of a label's logit to samples and leads, with one signature for all methods."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgapp.errors import ConfigError, MissingSamplesError, ModelError, SignalError
from ecgapp.explain.baselines import Baseline, zero
from ecgapp.explain.limits import COMPLETENESS
from ecgapp.explain.maps import cell_size
from ecgapp.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS, METHODS, Question
from ecgapp.explain.private_networks import private_copy
from ecgapp.models import Ensemble, TrainedModel

FINER = 2  # times the steps; 4 is no better: of 30 real ECGs 4 failed with 16 steps, 2 with 32 and with 64


@dataclass(frozen=True)
class Recipe:
    """The method of a map and its parameters.

    ``steps`` are those of Integrated Gradients, ``seed`` is that of SmoothGrad's noise.
    """

    method: str = INTEGRATED_GRADIENTS
    steps: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS or self.steps < 1:
            raise ConfigError(f"Explanations are made by {', '.join(METHODS)}, in at least one step.")


@dataclass(frozen=True, eq=False)
class Attribution:
    """The contribution of each sample to a label's logit, relative to ``baseline``.

    ``values`` is float32 (n_leads, n_samples), in logits (Grad-CAM: without a unit); negative if a sample
    speaks against the label. ``completeness_error`` is |sum of values - (logit - baseline_logit)| /
    |logit - baseline_logit|, which is small by theory for Integrated Gradients only. ``parts`` is float32
    (n_parts, n_leads, n_samples): the maps of an ensemble's members or of several draws, whose mean is
    ``values``; a single one if the map has no parts.
    """

    values: NDArray[np.float32]
    completeness_error: float
    method: str
    baseline: str
    logit: float
    baseline_logit: float
    parts: NDArray[np.float32] | None = None

    @property
    def shortfall(self) -> str:
        """The warning that the map's sum misses the logit's change by more than the amber limit; else "".

        The sum is defined for Integrated Gradients only, so the other methods have no shortfall.
        """
        error, most = self.completeness_error, COMPLETENESS.amber
        if self.method != INTEGRATED_GRADIENTS or error <= most:
            return ""
        share = f"{100 * error:.0f} %" if np.isfinite(error) else "an unknown share"
        return (
            f"Do not rely on this map: the sum of its values misses by {share} the change in the network's "
            f"answer that it should explain (limit {100 * most:.0f} %)."
        )


def attribute(
    model: TrainedModel,
    window: NDArray[np.float32],
    label: str | int,
    recipe: Recipe | None = None,
    baseline: Baseline | None = None,
) -> Attribution:
    """The attribution map of one label for one window (n_leads, n_samples) in normalised units.

    ``label`` is a name or its position in the task. The default recipe is Integrated Gradients, the default
    baseline zeros. If the sum of Integrated Gradients misses the limit of a green check, they are computed
    again in ``FINER`` times as many steps. The same input gives the same map on any thread, because Captum
    works on a private copy of the network.

    Raises:
        ModelError: the model is an autoencoder, has no such label, or lacks what the method needs.
        SignalError: the window, or the baseline, is not the model's.
    """
    recipe, against = recipe or Recipe(), baseline or zero(window)
    question = question_of(model, window, label, against)
    question = replace(question, steps=recipe.steps, seed=recipe.seed)
    if recipe.method not in methods_of(model):
        raise ModelError("Grad-CAM needs features in time, and this model has none. Choose another method.")
    with networks_of(model) as networks:
        both = torch.stack([question.x, question.baseline])
        logit, baseline_logit = logits(networks, both, question.target)
        values, parts = _map(networks, recipe.method, question)
        error = _completeness_error(values, logit - baseline_logit)
        if recipe.method == INTEGRATED_GRADIENTS and error > COMPLETENESS.green:
            values, parts = _map(networks, recipe.method, replace(question, steps=FINER * recipe.steps))
            error = _completeness_error(values, logit - baseline_logit)
    return Attribution(values, error, recipe.method, against.name, logit, baseline_logit, parts)


def _map(
    networks: list[nn.Module], method: str, question: Question
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean map (n_leads, n_samples), and the maps of its parts."""
    parts = METHODS[method](networks, question)
    return parts.mean(0).float().cpu().numpy(), parts.float().cpu().numpy()


def _completeness_error(values: NDArray[np.float32], change: float) -> float:
    gap = abs(float(values.sum(dtype=np.float64)) - change)
    return gap / max(abs(change), float(np.finfo(np.float32).eps))


def methods_of(model: TrainedModel) -> tuple[str, ...]:
    """The methods that can explain this model; Grad-CAM needs an encoder whose features lie in time."""
    networks = _members(model.network)
    in_time = all(hasattr(network, "encoder") and getattr(network, "over_time", True) for network in networks)
    return tuple(method for method in METHODS if in_time or method != GRAD_CAM)


def question_of(
    model: TrainedModel, window: NDArray[np.float32], label: str | int, baseline: Baseline
) -> Question:
    """The window, baseline and label as tensors for the methods.

    Raises:
        EcgAppError: as ``attribute``.
    """
    target, x = _position(model, label), _tensor(model, window)
    cell = cell_size(model.card.preprocessing.sampling_rate)
    return Question(x, _tensor(model, baseline.values), target, cell, Recipe().steps, 0)


@contextmanager
def networks_of(model: TrainedModel) -> Iterator[list[nn.Module]]:
    """Private copies of the model's networks, for exclusive use by this thread."""
    with private_copy(model.network) as private:
        yield _members(private)


@torch.no_grad()
def logits(networks: list[nn.Module], windows: Tensor, target: int) -> list[float]:
    """The label's mean logit over the networks for each of ``windows`` (n, n_leads, n_samples)."""
    means: list[float] = torch.stack([net(windows)[:, target] for net in networks]).mean(0).double().tolist()
    return means


def _members(network: nn.Module) -> list[nn.Module]:
    return list(network.members) if isinstance(network, Ensemble) else [network]


def _position(model: TrainedModel, label: str | int) -> int:
    """The index of ``label`` among the model's logits."""
    if model.card.task is None:
        raise ModelError("An autoencoder has no findings to explain; choose a classifier.")
    names = model.card.task.label_names
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, int) and 0 <= label < len(names):
        return label
    raise ModelError(f"This model has no such label; it has {', '.join(names)}.")


def _tensor(model: TrainedModel, window: NDArray[np.float32]) -> Tensor:
    """The window as a float32 tensor (n_leads, n_samples) on the network's device."""
    preprocessing = model.card.preprocessing
    if window.shape != (len(preprocessing.leads), preprocessing.window):
        shape = f"{len(preprocessing.leads)} leads and {preprocessing.window} samples"
        raise SignalError(f"This model can only explain windows of {shape}.")
    if not np.isfinite(window).all():
        raise MissingSamplesError("The window has missing samples, so it cannot be explained.")
    device = next((parameter.device for parameter in model.network.parameters()), torch.device("cpu"))
    return torch.tensor(window, dtype=torch.float32, device=device)
