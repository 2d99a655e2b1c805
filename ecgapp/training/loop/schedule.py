"""The learning rate over a training, and the running average of its weights."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

_START = 1 / 25  # of the top, as in the one-cycle policy
_END = 1e-3
_FURTHER_TOP = 0.5
_AVERAGE_WARMUP = 10  # steps; early averages forget the first, random weights quickly


def one_cycle(step: int, total_steps: int, warmup: float) -> float:
    """The share of the top learning rate at ``step`` of ``total_steps``, from 0.

    Linear up to 1 over the share ``warmup`` of the steps, then a cosine down to nearly 0
    (Smith & Topin 2018, arXiv 1708.07120; without its second, momentum cycle).
    """
    top = warmup * total_steps
    if step < top:
        return _START + (1 - _START) * step / top
    share = (step - top) / max(1.0, total_steps - top)
    return _END + (1 - _END) * 0.5 * (1 + math.cos(math.pi * share))


def cycles(step: int, lengths: Sequence[int], warmup: float) -> float:
    """``one_cycle`` after ``one_cycle``, of ``lengths`` steps; those after the first rise to half the top.

    Warm restarts (Loshchilov & Hutter 2017, arXiv 1608.03983), gentler, since the weights are good already.
    """
    for number, length in enumerate(lengths):
        if step < length or number == len(lengths) - 1:
            return one_cycle(step, length, warmup) * (_FURTHER_TOP if number else 1.0)
        step -= length
    raise ValueError("A training has at least one cycle.")


class WeightAverage:
    """The exponential moving average of a network's weights and batch-norm statistics.

    ``averaged`` is a copy of the network, in eval mode, that is updated in place.
    """

    def __init__(self, network: nn.Module, averaged: nn.Module, decay: float) -> None:
        self.decay = decay
        self._from, self._to = _tensors(network), _tensors(averaged)

    def update(self, step: int) -> None:
        """Move towards the network's weights after ``step`` steps, from 1."""
        decay = min(self.decay, step / (step + _AVERAGE_WARMUP))
        with torch.no_grad():
            torch._foreach_lerp_(self._to, self._from, 1 - decay)


def parameter_groups(
    network: nn.Module, learning_rate: float, weight_decay: float, encoder_rate: float
) -> list[dict[str, object]]:
    """Trainable weights for the optimiser: matrices decay, vectors do not; the encoder at its own rate."""
    encoder = getattr(network, "encoder", None)
    inside = {id(weight) for weight in encoder.parameters()} if isinstance(encoder, nn.Module) else set()
    groups = []
    for is_encoder in (False, True):
        rate = learning_rate * (encoder_rate if is_encoder else 1.0)
        weights = [w for w in network.parameters() if w.requires_grad and (id(w) in inside) is is_encoder]
        for decays in (False, True):
            chosen = [weight for weight in weights if (weight.ndim > 1) is decays]
            if chosen:
                decay = weight_decay if decays else 0.0
                groups.append({"params": chosen, "lr": rate, "top": rate, "weight_decay": decay})
    return groups


def _tensors(network: nn.Module) -> list[Tensor]:
    """All of the network's floating-point tensors: weights first, then buffers."""
    everything: Iterable[Tensor] = (*network.parameters(), *network.buffers())
    return [tensor.detach() for tensor in everything if tensor.is_floating_point()]
