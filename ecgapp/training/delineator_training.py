"""Learning where waves begin and end, from records that were marked by hand: one lead, one class a sample.

A loop of its own beside ``training.loop``: its targets are as long as its windows, its records are few
and stay in memory, and it takes minutes, so that it needs no checkpoints. What varies windows, the
schedule and the average of the weights are those of all trainings.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ecgapp.datasets.layouts.ludb_waves import MarkedRecord
from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models import Network, TrainedModel, build
from ecgapp.models.networks.delineator import DelineatorConfig
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig, preprocess
from ecgapp.signals.segments import UNKNOWN, classes_of
from ecgapp.training.augmentation_config import AugmentationConfig
from ecgapp.training.data.augmentation import Augmentation
from ecgapp.training.data.random_streams import Draws
from ecgapp.training.devices import autocast, resolve_precision
from ecgapp.training.loop.schedule import LayerRates, WeightAverage, one_cycle, parameter_groups

ANY_LEAD = ("any lead",)
_PART = 0.12  # s; about a QRS complex
EpochLog = Callable[[int, float], None]  # the epoch, from 1, and its mean loss


@dataclass(frozen=True)
class DelineationConfig:
    """All that the weights depend on besides the records; the same on both gives the same weights.

    ``stretch`` is the standard deviation of the logarithm by which a window is slowed down or sped up,
    ``warp`` that of what its parts, of ``_PART`` seconds, differ by: PR, QRS and QT change for themselves.

    Raises:
        ConfigError: a setting makes no sense.
    """

    name: str
    title: str
    network: DelineatorConfig
    preprocessing: PreprocessingConfig
    train_folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    test_folds: tuple[int, ...] = (9, 10)
    parts: int = 0  # of the training folds, each judged by a network of the others; 0: the test folds judge
    pretrained: str | None = None  # the autoencoder whose encoder is transferred; None: random
    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 2e-3  # at the top of the one cycle
    encoder_rate: float = 1.0  # the encoder's share of the learning rate
    weight_decay: float = 0.02
    warmup: float = 0.2
    ema_decay: float = 0.99
    stretch: float = 0.12
    warp: float = 0.0
    precision: str = "auto"
    seed: int = 0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    licence: str = "CC BY 4.0"

    def __post_init__(self) -> None:
        if not self.train_folds or set(self.train_folds) & set(self.test_folds):
            raise ConfigError("A fold is for training or for testing, not for both, and training needs one.")
        if self.parts and (self.test_folds or not 1 < self.parts <= len(self.train_folds)):
            raise ConfigError(
                "Cross-fitting needs two or more parts of the training folds, and no test folds."
            )
        if min(self.epochs, self.batch_size) < 1 or min(self.learning_rate, 1 - self.ema_decay) <= 0:
            raise ConfigError(
                "Epochs, batch size and learning rate must be positive, the average's decay below 1."
            )
        if (
            self.preprocessing.leads != ANY_LEAD
            or self.preprocessing.window != self.network.encoder.n_samples
        ):
            raise ConfigError('A delineator reads "any lead", in windows as long as its encoder\'s.')
        if min(self.stretch, self.warp, self.weight_decay, self.encoder_rate, self.seed) < 0:
            raise ConfigError("Stretch, warp, weight decay, encoder rate and seed cannot be negative.")

    @property
    def cross_fits(self) -> tuple["DelineationConfig", ...]:
        """The trainings that judge this one: each without a part of the folds, which it is tested on."""
        if not self.parts:
            return ()
        held = np.array_split(sorted(self.train_folds), self.parts)
        others = [tuple(sorted({*self.train_folds} - {*part.tolist()})) for part in held]
        return tuple(
            replace(self, train_folds=learnt, test_folds=tuple(part.tolist()), parts=0)
            for part, learnt in zip(held, others, strict=True)
        )


@dataclass(frozen=True, eq=False)
class MarkedLead:
    """One lead of one record at the network's rate: signal and classes, (n_samples,)."""

    signal: FloatArray
    classes: NDArray[np.int64]


def learn(
    config: DelineationConfig,
    records: Sequence[MarkedRecord],
    pretrained: TrainedModel | None,
    report: EpochLog,
) -> Network:
    """The delineator that ``records`` of the training folds make, in eval mode.

    Raises:
        ConfigError: there are no records in these folds.
        WeightsMismatchError: the pretrained encoder is built differently.
    """
    strips = [
        strip for record in records if record.fold in config.train_folds for strip in _strips(record, config)
    ]
    if len(strips) < config.batch_size:
        raise ConfigError("There are too few marked leads in the training folds. Choose more folds.")
    torch.manual_seed(config.seed)
    network = build(config.network)
    if pretrained is not None:
        _transfer(pretrained, network)
    return _fit(network, strips, config, report)


def _strips(marked: MarkedRecord, config: DelineationConfig) -> list[MarkedLead]:
    record, settings = marked.record, config.preprocessing
    signals = preprocess(record.signal[:, None], record.sampling_rate, settings)[:, 0]
    return [
        MarkedLead(signal, classes_of(waves, signal.size, settings.sampling_rate))
        for signal, waves in zip(signals, marked.waves, strict=True)
        if waves
    ]


def _transfer(pretrained: TrainedModel, network: Network) -> None:
    source, target = (getattr(each, "encoder", None) for each in (pretrained.network, network))
    if not isinstance(source, nn.Module) or not isinstance(target, nn.Module):
        raise WeightsMismatchError("The pretrained model has no encoder. Choose an autoencoder.")
    try:
        target.load_state_dict(source.state_dict())
    except RuntimeError as error:
        raise WeightsMismatchError("The pretrained encoder is not built like this delineator's.") from error


def _fit(
    network: Network, strips: Sequence[MarkedLead], config: DelineationConfig, report: EpochLog
) -> Network:
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    average = WeightAverage(network, averaged, config.ema_decay)
    rates = LayerRates(1.0, config.encoder_rate, config.encoder_rate)
    groups = parameter_groups(network, config.learning_rate, config.weight_decay, rates)
    optimiser = torch.optim.AdamW(groups)
    windows = MarkedWindows(strips, config)
    total, step = config.epochs * windows.steps, 0
    device = torch.device("cpu")
    precision = resolve_precision(config.precision, device)
    network.train()
    for epoch in range(1, config.epochs + 1):
        losses = []
        for seen, classes in windows:
            for group in optimiser.param_groups:
                group["lr"] = group["top"] * one_cycle(step, total, config.warmup)
            with autocast(device, precision):
                logits = network(seen)
            loss = F.cross_entropy(logits.float(), classes, ignore_index=UNKNOWN)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1
            average.update(step)
            losses.append(float(loss.detach()))
        report(epoch, float(np.mean(losses)))
    return averaged


class MarkedWindows:
    """The batches of an epoch: every strip once, each time from another start and at another pace."""

    def __init__(self, strips: Sequence[MarkedLead], config: DelineationConfig) -> None:
        self.strips, self.config = strips, config
        self.steps = len(strips) // config.batch_size
        self._rng = np.random.default_rng(config.seed)
        draws = Draws([config.seed + 1], config.seed, torch.device("cpu"))
        draws.set_batch(config.batch_size, slice(0, config.batch_size))
        self._vary = Augmentation(config.augmentation, config.preprocessing.sampling_rate, draws)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """(batch, 1, window) as the network sees them, and (batch, window) classes."""
        order = self._rng.permutation(len(self.strips))
        for step in range(self.steps):
            chosen = order[step * self.config.batch_size : (step + 1) * self.config.batch_size]
            cut = [self._cut(self.strips[row]) for row in chosen]
            seen, _ = self._vary(torch.from_numpy(np.stack([signal for signal, _ in cut]))[:, None, None])
            yield seen[:, 0], torch.from_numpy(np.stack([classes for _, classes in cut]))

    def _cut(self, strip: MarkedLead) -> tuple[FloatArray, NDArray[np.int64]]:
        """A window of the strip, stretched; behind its ends the signal is 0 and nothing is known."""
        steps = self._steps()
        room = strip.signal.size - 1 - steps[-1]
        start = self._rng.uniform(min(0.0, room), max(0.0, room))
        places = start + steps
        signal = np.interp(places, np.arange(strip.signal.size), strip.signal, left=0.0, right=0.0)
        nearest = np.rint(places).astype(np.int64)
        inside = (nearest >= 0) & (nearest < strip.signal.size)
        classes = np.where(inside, strip.classes[np.clip(nearest, 0, strip.signal.size - 1)], UNKNOWN)
        return signal.astype(np.float32), classes

    def _steps(self) -> NDArray[np.float64]:
        """The places of the window's samples in the strip, from the first one on."""
        settings = self.config.preprocessing
        logs = np.full(settings.window, self.config.stretch * self._rng.normal())
        if self.config.warp:
            parts = np.arange(settings.window) / (_PART * settings.sampling_rate)
            bends = self._rng.normal(size=int(parts[-1]) + 2)
            logs += self.config.warp * np.interp(parts, np.arange(bends.size), bends)
        return np.concatenate([[0.0], np.cumsum(np.exp(logs[1:]))])
