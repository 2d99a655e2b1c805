"""The networks that the training benchmark lets run against each other, each with its own step."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.plain_jang import WINDOW, PlainJang
from ecgapp import documents
from ecgapp.config import PROJECT
from ecgapp.models import JangAutoencoderConfig, build
from ecgapp.training import TrainingConfig
from ecgapp.training.learner import Learner
from ecgapp.training.objective import Reconstruction

RECIPE = PROJECT / "docs" / "recipes" / "cae_lead2.json"
PLAIN_RATE = 1e-3  # Adam's, as in the group's public training
NO_ANSWERS = torch.zeros(0)


@dataclass(frozen=True, eq=False)
class Contestant:
    """One network, and the step by which it learns from a batch (batch, 1, 2048) of float32."""

    name: str
    step: Callable[[Tensor], None]
    network: nn.Module  # the one that is validated


def recipe(batch: int, seed: int, device: str) -> TrainingConfig:
    """The shipped lead II autoencoder's recipe, on windows as long as the paper's, validated on fold 9."""
    config = documents.load(TrainingConfig, RECIPE.read_text(encoding="utf-8"))
    if config.encoder is None:
        raise TypeError("The recipe must be one of an autoencoder.")
    return replace(
        config,
        network=replace(config.encoder, n_samples=WINDOW),
        preprocessing=replace(config.preprocessing, window=WINDOW, stride=WINDOW // 2),
        train_folds=tuple(range(1, 9)),
        validation_folds=(9,),
        batch_size=batch,
        device=device,
        seed=seed,
    )


def plain(config: TrainingConfig, dtype: torch.dtype) -> Contestant:
    """The baseline: forward, squared error, backward, Adam, and nothing else."""
    torch.manual_seed(config.seed)
    device = torch.device(config.device)
    network = PlainJang().to(device, dtype)
    optimiser = torch.optim.Adam(network.parameters(), lr=PLAIN_RATE)

    def step(windows: Tensor) -> None:
        windows = windows.to(device, dtype)
        optimiser.zero_grad()
        F.mse_loss(network.train()(windows), windows).backward()
        optimiser.step()

    return Contestant(f"Jang's network, plain, {str(dtype).removeprefix('torch.')}", step, network)


def ours(name: str, config: TrainingConfig, total_steps: int) -> Contestant:
    """A network of the app in the app's own training step, on one cycle of ``total_steps``."""
    torch.manual_seed(config.seed)
    learner = Learner(config, build(config.network), Reconstruction(), total_steps, config.seed)
    learner.start_epoch()
    numbers = count()

    def step(windows: Tensor) -> None:
        learner.step(min(next(numbers), total_steps - 1), windows, NO_ANSWERS)

    return Contestant(name, step, learner.averaged)


def fast(config: TrainingConfig, total_steps: int) -> Contestant:
    """The shipped autoencoder's network, in the precision that its recipe chooses on this machine."""
    return ours(f"fast autoencoder, ours, {config.precision} precision", config, total_steps)


def all_contestants(config: TrainingConfig, total_steps: int = 1000) -> list[Contestant]:
    """The plain float32 network, the yardstick, comes first; the fast one, as it is trained, last."""
    published = replace(config, network=JangAutoencoderConfig())
    return [
        plain(config, torch.float32),
        plain(config, torch.float64),
        ours("Jang's network, ours, fp32", replace(published, precision="fp32"), total_steps),
        ours("Jang's network, ours, bf16", replace(published, precision="bf16"), total_steps),
        ours("fast autoencoder, ours, fp32", replace(config, precision="fp32"), total_steps),
        fast(config, total_steps),
    ]
