"""Learning to recognise ventricular rhythms: one lead, one class a frame, known in part.

A loop of its own, as for the delineator: targets are as long as the windows, and a member takes minutes. Each
member of the ensemble leaves out a group of patients, on which it is judged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models import VentricularConfig, VentricularNetwork, build
from ecgapp.models.networks.ventricular_network import VENTRICULAR_CLASSES, VentricularMember
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig
from ecgapp.training.gate.bad_signals import FORMULAS
from ecgapp.training.loop.schedule import one_cycle
from ecgapp.training.ventricular.ventricular_strips import ANY, FIBRILLATION, NOISE, TACHYCARDIA, Strip

ANY_LEAD = ("any lead",)
# How many windows of each kind a batch holds. "ventricular" and "organised" are drawn around such a frame.
BATCH = {
    ("cudb", "ventricular"): 7,
    ("mitdb", "ventricular"): 3,
    ("synthetic", "ventricular"): 6,
    ("tachycardia", ""): 2,
    ("cudb", "organised"): 5,
    ("mitdb", ""): 4,
    ("synthetic", ""): 5,
    ("resembling", ""): 6,
    ("other", ""): 6,
    ("hand-held", ""): 5,
    ("noise", ""): 3,
}
COLOURED = 3  # windows of computed noise in a batch
COMPUTED = 3  # windows of other computed signals in a batch
FLUTTER = (2.5, 6.0)  # Hz
NO_HEART = ("sine wave", "square wave", "speech-like", "EEG-like")
STEEPEST = 2.0  # exponent with which the power of computed noise falls with frequency, at most
REPORT = 100  # steps between two reports
Report = Callable[[int, float], None]  # the step, and the mean loss of the last steps


@dataclass(frozen=True)
class VentricularFitConfig:
    """All that the weights depend on besides the records; the same on both gives the same weights.

    ``sources`` are layouts with the share of their records that is drawn. ``stretch`` is the standard
    deviation of the logarithm by which a window is slowed down or sped up. ``synthetic`` records of each
    rhythm are computed.

    Raises:
        ConfigError: a setting makes no sense.
    """

    name: str
    title: str
    network: VentricularConfig
    preprocessing: PreprocessingConfig
    sources: dict[str, float]
    synthetic: int = 40
    steps: int = 600
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.2
    stretch: float = 0.12
    noise: float = 0.5  # largest amplitude of recorded noise that is added, of the window's
    white: float = 0.15  # the same of white noise
    seed: int = 0
    licence: str = "CC BY 4.0"
    marks: str = field(default="marks")  # the folder of the rhythm marks, beside this file

    def __post_init__(self) -> None:
        if (self.preprocessing.leads, self.preprocessing.window) != (ANY_LEAD, self.network.n_samples):
            raise ConfigError('The network reads "any lead", in windows of its own length.')
        if min(self.steps, self.network.members - 1) < 1 or self.learning_rate <= 0:
            raise ConfigError(
                "Steps and learning rate must be positive, and two members are needed at least."
            )
        if min(self.stretch, self.noise, self.white, self.seed, self.synthetic) < 0:
            raise ConfigError("Stretch, noise, seed and the number of synthetic records cannot be negative.")


def learn_member(
    config: VentricularFitConfig, strips: Sequence[Strip], fold: int, report: Report
) -> VentricularMember:
    """The member that learns from all patients but those of ``fold``, in eval mode.

    Raises:
        ConfigError: a kind of strips that a batch needs is missing.
    """
    torch.manual_seed(config.seed + fold)
    member = VentricularMember(config.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batches = Batches([strip for strip in strips if strip.fold != fold], config, fold)
    optimiser = torch.optim.AdamW(member.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    losses: list[float] = []
    for step in range(config.steps):
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * one_cycle(step, config.steps, config.warmup)
        windows, masks = batches.draw()
        loss = partial_loss(member(windows), masks)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(member.parameters(), 1.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        if (step + 1) % REPORT == 0:
            report(step + 1, float(np.mean(losses[-REPORT:])))
    return member.eval().requires_grad_(False)


def ensemble(config: VentricularFitConfig, members: Sequence[VentricularMember]) -> VentricularNetwork:
    """The network in which all ``members`` answer together."""
    network = build(config.network)
    if not isinstance(network, VentricularNetwork):
        raise ConfigError("The configuration does not describe a ventricular network.")
    for own, trained in zip(network.members, members, strict=True):
        own.load_state_dict(trained.state_dict())
    return network.eval().requires_grad_(False)


def partial_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Minus the logarithm of the probability of the classes that a frame may have, averaged.

    ``logits`` is (batch, n_classes, n_frames), ``masks`` uint8 (batch, n_frames). Frames that may have any
    class do not count.
    """
    bits = 1 << torch.arange(len(VENTRICULAR_CLASSES), dtype=torch.uint8)
    allowed = (masks[:, None] & bits[None, :, None]) > 0
    likelihood = torch.logsumexp(logits.log_softmax(dim=1).masked_fill(~allowed, -1e9), dim=1)
    known = (masks != ANY).float()
    return -(likelihood * known).sum() / known.sum().clamp(min=1.0)


class Batches:
    """Draws batches of windows, each kind with its share, and varies them."""

    def __init__(self, strips: Sequence[Strip], config: VentricularFitConfig, fold: int) -> None:
        self._config = config
        self._rng = np.random.default_rng([config.seed, fold])
        self._pools: dict[tuple[str, str], list[tuple[Strip, NDArray[np.int64]]]] = {}
        for kind, part in BATCH:
            self._pools[kind, part] = _pool([strip for strip in strips if strip.kind == kind], part)
        empty = [f"{kind} {part}".strip() for (kind, part), pool in self._pools.items() if not pool]
        if empty and not (config.synthetic == 0 and all(name.startswith("synthetic") for name in empty)):
            raise ConfigError(f"There are no records of these kinds: {', '.join(empty)}.")
        self._noises = [strip for strip in strips if strip.kind == "noise"]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Windows (batch, 1, n_samples) and the masks of their frames (batch, n_frames)."""
        cut = [
            self._cut(*pool[self._rng.integers(len(pool))])
            for key, pool in self._pools.items()
            if pool
            for _ in range(BATCH[key])
        ]
        cut += [self._coloured() for _ in range(COLOURED)] + [self._formula() for _ in range(COMPUTED)]
        windows = np.stack([self._varied(window) for window, _ in cut])
        return torch.from_numpy(windows[:, None]), torch.from_numpy(np.stack([masks for _, masks in cut]))

    def _cut(self, strip: Strip, around: NDArray[np.int64]) -> tuple[FloatArray, NDArray[np.uint8]]:
        """A stretched window; it holds one of the samples ``around``, if there are any."""
        config = self._config
        pace = float(np.exp(config.stretch * self._rng.normal()))
        length = config.network.n_samples * pace
        if around.size:
            start = float(around[self._rng.integers(around.size)]) - self._rng.uniform(0, length)
        else:
            room = strip.signal.size - length
            start = self._rng.uniform(min(0.0, room), max(0.0, room))
        places = start + pace * np.arange(config.network.n_samples)
        signal = np.interp(places, np.arange(strip.signal.size), strip.signal, left=0.0, right=0.0)
        middle = places[config.network.patch // 2 :: config.network.patch]
        inside = (middle >= 0) & (middle <= strip.signal.size - 1)
        nearest = np.clip(np.rint(middle), 0, strip.signal.size - 1).astype(np.int64)
        return signal.astype(np.float32), np.where(inside, strip.masks[nearest], ANY).astype(np.uint8)

    def _coloured(self) -> tuple[FloatArray, NDArray[np.uint8]]:
        """Noise whose power falls with frequency, from white to a random walk."""
        n = self._config.network.n_samples
        spectrum = np.fft.rfft(self._rng.normal(size=n))
        frequencies = np.maximum(np.arange(spectrum.size), 4)
        noise = np.fft.irfft(spectrum / frequencies ** (self._rng.uniform(0, STEEPEST) / 2), n)
        masks = np.full(n // self._config.network.patch, NOISE, np.uint8)
        return (noise / noise.std()).astype(np.float32), masks

    def _formula(self) -> tuple[FloatArray, NDArray[np.uint8]]:
        """A signal that never was an ECG: a sine or square wave, something like speech or an EEG."""
        config = self._config
        make = FORMULAS[NO_HEART[self._rng.integers(len(NO_HEART))]]
        silence = np.zeros((1, config.network.n_samples))
        rate = config.preprocessing.sampling_rate
        signal = make(silence, rate, self._rng)[0]
        strongest = float(np.abs(np.fft.rfft(signal))[1:].argmax() + 1) * rate / signal.size
        known = ANY if FLUTTER[0] <= strongest <= FLUTTER[1] else NOISE  # a pure wave may be flutter
        masks = np.full(config.network.n_samples // config.network.patch, known, np.uint8)
        return (signal / max(float(signal.std()), 1e-6)).astype(np.float32), masks

    def _varied(self, window: FloatArray) -> FloatArray:
        """Strips varied by polarity, recorded and white noise, and a softer or sharper recorder."""
        rng, config = self._rng, self._config
        size = float(window.std())
        varied: NDArray[np.floating] = window * rng.choice([-1.0, 1.0])
        if rng.random() < 0.3:
            noise, _ = self._cut(self._noises[rng.integers(len(self._noises))], np.zeros(0, np.int64))
            varied = varied + noise * (size * rng.uniform(0, config.noise) / (float(noise.std()) + 1e-3))
        if rng.random() < 0.3:
            varied = varied + rng.normal(size=window.size) * (size * rng.uniform(0, config.white))
        if rng.random() < 0.2:
            varied = ndimage.gaussian_filter1d(varied, rng.uniform(0.5, 1.5))
        return np.asarray(varied, np.float32)


def _pool(strips: Sequence[Strip], part: str) -> list[tuple[Strip, NDArray[np.int64]]]:
    """The strips with the samples around which windows are drawn: none for any place."""
    if not part:
        return [(strip, np.zeros(0, np.int64)) for strip in strips]
    wanted = TACHYCARDIA | FIBRILLATION
    pool = []
    for strip in strips:
        only = strip.masks & ~np.uint8(wanted) == 0 if part == "ventricular" else strip.masks == 1
        places = np.flatnonzero(only)
        if places.size:
            pool.append((strip, places))
    return pool
