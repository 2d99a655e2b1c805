"""Which samples of which leads moved a label's logit: Captum's Integrated Gradients, and its error.

Sundararajan et al. (2017), arXiv:1703.01365. The path runs from a flat line of zeros (the mean of
each normalised lead) to the window; its gradient is averaged over Gauss-Legendre nodes, all of
them in one batch. Attributions sum to the logit's change along the path, up to the completeness
error, which says how well so few nodes did.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgapp.errors import ConfigError, MissingSamplesError, ModelError, SignalError
from ecgapp.explain.private import private_copy
from ecgapp.models import TrainedModel

METHODS = ("integrated_gradients",)


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each sample added to the label's logit, against ``baseline``.

    ``values`` is float32 (n_leads, n_samples), in logits; negative where a sample spoke against the label.
    ``completeness_error`` is |sum of values - (logit - baseline_logit)| / |logit - baseline_logit|.
    """

    values: NDArray[np.float32]
    completeness_error: float
    method: str
    baseline: str
    logit: float
    baseline_logit: float


def attribute(
    model: TrainedModel,
    window: NDArray[np.float32],
    label: str | int,
    method: str = "integrated_gradients",
    steps: int = 16,
) -> Attribution:
    """Explain one label of one window (n_leads, n_samples), in the model's normalised units.

    ``label`` is a name or its position in the task. The same input gives the same answer, on any
    thread: Captum works on a private copy of the network.

    Raises:
        ModelError: the model is an autoencoder, or has no such label.
        ConfigError: there is no such method.
        SignalError: the window is not the model's.
    """
    if method not in METHODS or steps < 1:
        raise ConfigError(f"Explanations are made by {', '.join(METHODS)}, in at least one step.")
    target = _position(model, label)
    x = _tensor(model, window)
    with private_copy(model.network) as private:
        values, (logit, baseline_logit) = _integrated_gradients(private, x, target, steps)
    change = logit - baseline_logit
    gap = abs(float(values.sum(dtype=np.float64)) - change)
    error = gap / max(abs(change), float(np.finfo(np.float32).eps))
    return Attribution(values, error, method, "zeros", logit, baseline_logit)


def _integrated_gradients(
    network: nn.Module, x: Tensor, target: int, steps: int
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Attributions of one window x (n_leads, n_samples), and the logits of x and of zeros."""
    from captum.attr import IntegratedGradients  # slow to import, and a training server has none

    zeros = torch.zeros_like(x)
    found = IntegratedGradients(network).attribute(
        x[None], zeros[None], target=target, n_steps=steps, method="gausslegendre"
    )
    with torch.no_grad():
        logit, baseline_logit = network(torch.stack([x, zeros]))[:, target].double().tolist()
    values = cast("NDArray[np.float32]", found[0].detach().float().cpu().numpy())
    return values, (logit, baseline_logit)


def _position(model: TrainedModel, label: str | int) -> int:
    """Where ``label`` stands among the model's logits."""
    if model.card.task is None:
        raise ModelError("An autoencoder has no findings to explain; choose a classifier.")
    names = model.card.task.label_names
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, int) and 0 <= label < len(names):
        return label
    raise ModelError(f"This model has no such label; it has {', '.join(names)}.")


def _tensor(model: TrainedModel, window: NDArray[np.float32]) -> Tensor:
    """The window where the network is, as float32 (n_leads, n_samples)."""
    preprocessing = model.card.preprocessing
    if window.shape != (len(preprocessing.leads), preprocessing.window):
        shape = f"{len(preprocessing.leads)} leads and {preprocessing.window} samples"
        raise SignalError(f"This model can only explain windows of {shape}.")
    if not np.isfinite(window).all():
        raise MissingSamplesError("The window has missing samples, so it cannot be explained.")
    device = next((parameter.device for parameter in model.network.parameters()), torch.device("cpu"))
    return torch.tensor(window, dtype=torch.float32, device=device)
