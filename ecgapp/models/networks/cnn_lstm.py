"""Convolutions, one LSTM layer and two dense layers: the network of Singstad and Tronstad 2020.

Singstad and Tronstad, Computing in Cardiology 2020, in the form of their public code
(Bsingstad/Physionet_2020_challenge, ``run_12ECG_classifier.py`` of April 2020): 20 s at 500 Hz; six times a
convolution of 1,024 filters of width 5 without padding, ReLU, a max-pool of 5 samples with stride 3, and
batch norm *after* the pooling; a seventh time with a max-pool of 3 samples with stride 1, which leaves 4
steps; the last state of an LSTM; a dense layer with ReLU, dropout 0.5, and the answers.

Two defects of the public code are not repeated. It reshapes (leads, samples) to (samples, leads), which
scrambles both; here every channel is a lead. It trains sigmoid outputs, of which several may be true, with
categorical cross-entropy; here the network gives logits, and the training chooses its loss
(``TrainingConfig.loss``). Differences: the initial weights and the batch norm's momentum (0.1, Keras has
0.01) are PyTorch's, and its LSTM has a second, redundant bias. With fewer filters the same network is fast
enough for a CPU.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.networks.benchmark_classifier import WindowClassifierConfig
from ecgapp.models.registry import EncoderClassifier, architecture

_KERNEL = 5  # of every convolution
_POOLS = ((5, 3), (3, 1))  # length and stride of the max-pools: of all blocks but the last, and of the last
_NORM_EPS = 1e-3  # as in Keras


@dataclass(frozen=True)
class CnnLstmConfig(WindowClassifierConfig):
    """The published network by default: seven blocks for 20 s at 500 Hz; six fit 20 s at 250 Hz."""

    n_samples: int = 10_000
    n_labels: int = 9
    filters: int = 1024
    blocks: int = 7

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters < 1 or self.blocks < 1:
            raise ConfigError("This network needs at least one filter and one block.")
        if self.n_steps < 1:
            raise ConfigError(
                f"Windows of {self.n_samples:,} samples are too short for {self.blocks} blocks: "
                "choose fewer blocks, or longer windows."
            )

    @property
    def n_steps(self) -> int:
        """The time steps that are left for the LSTM; below 1 if the blocks do not fit the window."""
        steps = self.n_samples
        for block in range(self.blocks):
            length, stride = _pool(self, block)
            steps = (steps - _KERNEL + 1 - length) // stride + 1
        return steps


def _pool(config: CnnLstmConfig, block: int) -> tuple[int, int]:
    """The length and the stride of this block's max-pool."""
    return _POOLS[block == config.blocks - 1]


def _block(c_in: int, config: CnnLstmConfig, block: int) -> nn.Sequential:
    length, stride = _pool(config, block)
    return nn.Sequential(
        nn.Conv2d(c_in, config.filters, (1, _KERNEL)),
        nn.ReLU(inplace=True),
        nn.MaxPool2d((1, length), (1, stride)),
        nn.BatchNorm2d(config.filters, eps=_NORM_EPS),
    )


class CnnEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, filters, n_steps); the stem is the first block."""

    def __init__(self, config: CnnLstmConfig) -> None:
        super().__init__()
        self.stem = _block(config.n_leads, config, 0)
        self.blocks = nn.Sequential(
            *(_block(config.filters, config, block) for block in range(1, config.blocks))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.stem(as_image(x))).squeeze(2)


class LastState(nn.Module):
    """(batch, n_features, time) -> (batch, size): the last state of an LSTM over the steps."""

    def __init__(self, n_features: int, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(n_features, size, batch_first=True)

    def train(self, mode: bool = True) -> "LastState":
        """Set the mode; the LSTM, without dropout, stays in train mode, for cuDNN has no gradients else."""
        super().train(mode)
        self.lstm.train()
        return self

    def forward(self, features: Tensor) -> Tensor:
        steps = features.transpose(1, 2).contiguous()
        with torch.autocast("cpu", enabled=False):  # not every CPU has an LSTM in bfloat16
            return self.lstm(steps.float())[1][0][0]


@architecture("singstad_cnn_lstm")
class CnnLstm(EncoderClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels)."""

    Config = CnnLstmConfig
    config: CnnLstmConfig
    stackable = False

    def __init__(self, config: CnnLstmConfig) -> None:
        super().__init__()
        self.config = config
        self.n_labels = config.n_labels
        self.encoder = CnnEncoder(config)
        self.head = nn.Sequential(
            LastState(config.filters, config.filters),
            nn.Linear(config.filters, config.filters),
            nn.ReLU(inplace=True),
            Dropout(config.dropout),
            nn.Linear(config.filters, config.n_labels),
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
