"""Whether a lead can be read as an ECG at all: twelve plain numbers, joined by a very small network.

The numbers (``signals.readability``) can be shown and named; the network of one hidden layer lets them
replace each other, which no weighted sum can: a signal without beats is readable where it has one
steady rhythm (ventricular fibrillation), and one without a steady rhythm where it has beats.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.registry import ArchitectureConfig, Network, architecture
from ecgapp.signals.quality.readability_features import NUMBERS, readability_numbers

LIMIT = 4.0  # standard deviations at which each number is cut off: beyond, nothing was learnt


@dataclass(frozen=True)
class ReadabilityConfig(ArchitectureConfig):
    """The sampling rate (Hz) of the leads, and the size of the hidden layer."""

    sampling_rate: float = 100.0
    hidden: int = 16

    def __post_init__(self) -> None:
        if self.hidden < 1 or self.sampling_rate <= 0:
            raise ConfigError("A readability network needs a hidden layer and a sampling rate.")


@architecture("readability")
class Readability(Network):
    """(batch, 1, n_samples) -> (batch, 1): the logit that the lead cannot be read."""

    Config = ReadabilityConfig
    config: ReadabilityConfig
    mean: Tensor
    deviation: Tensor
    usual: Tensor

    def __init__(self, config: ReadabilityConfig) -> None:
        super().__init__()
        self.config = config
        n = len(NUMBERS)
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("deviation", torch.ones(n))
        self.register_buffer("usual", torch.zeros(n))  # median of readable leads, for words
        self.hidden = nn.Linear(n, config.hidden)
        self.out = nn.Linear(config.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        numbers = readability_numbers(x[:, 0].numpy(force=True), self.config.sampling_rate)
        return self.judge(torch.from_numpy(numbers).float())[:, None]

    def judge(self, numbers: Tensor) -> Tensor:
        """The logits of these ``NUMBERS``: (..., n_numbers) to (...)."""
        scaled = ((numbers - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)
        logits: Tensor = self.out(self.hidden(scaled).tanh())[..., 0]
        return logits

    def contributions(self, numbers: Tensor) -> Tensor:
        """The amount by which each number moves the logit from its usual value: (n_numbers,) to the same."""
        each = numbers.repeat(len(NUMBERS), 1)
        each[range(len(NUMBERS)), range(len(NUMBERS))] = self.usual
        return self.judge(numbers) - self.judge(each)
