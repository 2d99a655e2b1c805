"""The learning rate over a training, and the running average of its weights."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def cycles(step: int, lengths: Sequence[int], warmup: float, planned: int = 1) -> float:
    """``one_cycle`` after ``one_cycle``, of ``lengths`` steps; after the ``planned`` ones the top is halved.

    Warm restarts (Loshchilov & Hutter 2017, arXiv 1608.03983), gentler, since the weights are good already.
    """
    for number, length in enumerate(lengths):
        if step < length or number == len(lengths) - 1:
            return one_cycle(step, length, warmup) * (_FURTHER_TOP if number >= planned else 1.0)
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


@dataclass(frozen=True)
class LayerRates:
    """Shares of the learning rate: of the head, of the encoder behind its stem, and of the stem."""

    head: float = 1.0
    body: float = 1.0
    stem: float = 1.0


GRADED = LayerRates(0.1, 0.01, 0.001)
"""The discriminative rates of Strodthoff et al. 2020 (doi 10.1109/JBHI.2020.3022989), from fastai.

Their groups differ a little: in Inception all shortcuts belong to the body, and in Wang's network, by an
oversight in the public code, everything but the head is the stem.
"""


def parameter_groups(
    network: nn.Module, learning_rate: float, weight_decay: float, rates: LayerRates
) -> list[dict[str, object]]:
    """Trainable weights for the optimiser, by layers and rates: matrices decay, vectors do not."""
    encoder = getattr(network, "encoder", None)
    stem = getattr(encoder, "stem", None)
    inside, first = _ids(encoder), _ids(stem)
    parts = [(rates.head, set(map(id, network.parameters())) - inside)]
    if rates.body == rates.stem:
        parts.append((rates.body, inside))
    else:
        parts += [(rates.body, inside - first), (rates.stem, first)]
    groups = []
    for share, part in parts:
        weights = [weight for weight in network.parameters() if weight.requires_grad and id(weight) in part]
        for decays in (False, True):
            chosen = [weight for weight in weights if (weight.ndim > 1) is decays]
            if chosen:
                rate, decay = learning_rate * share, weight_decay if decays else 0.0
                groups.append({"params": chosen, "lr": rate, "top": rate, "weight_decay": decay})
    return groups


def _ids(part: object) -> set[int]:
    """The ids of the weights of this part of a network; none if there is no such part."""
    return {id(weight) for weight in part.parameters()} if isinstance(part, nn.Module) else set()


def _tensors(network: nn.Module) -> list[Tensor]:
    """All of the network's floating-point tensors: weights first, then buffers."""
    everything: Iterable[Tensor] = (*network.parameters(), *network.buffers())
    return [tensor.detach() for tensor in everything if tensor.is_floating_point()]
