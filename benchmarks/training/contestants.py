"""The networks that the training benchmark lets run against each other, each with its own step."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.training.plain_jang import WINDOW, PlainJang
from ecgapp.config import PROJECT
from ecgapp.models import JangAutoencoderConfig, build
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig
from ecgapp.training.loop.learner import Learner, Pace
from ecgapp.training.objective import ReconstructionObjective

RECIPE = PROJECT / "docs" / "recipes" / "cae_lead2.json"
PLAIN_RATE = 1e-3  # Adam's, as in the group's public training


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


def learner_for(config: TrainingConfig, total_steps: int) -> Learner:
    """The app's own training step for this config, on one cycle of ``total_steps``."""
    torch.manual_seed(config.seed)
    pace = Pace(total_steps, config.batch_size, (total_steps,))
    learner = Learner(config, [(build(config.network), config.seed)], ReconstructionObjective(), pace)
    learner.start_epoch()
    return learner


def ours(name: str, config: TrainingConfig, total_steps: int) -> Contestant:
    """A network of the app in the app's own training step, on one cycle of ``total_steps``."""
    learner = learner_for(config, total_steps)
    numbers = count()

    def step(windows: Tensor) -> None:
        nothing = torch.zeros(len(windows), 1, 0)
        learner.step(min(next(numbers), total_steps - 1), windows.unsqueeze(1), nothing)

    return Contestant(name, step, learner.averaged)


def fast(config: TrainingConfig, total_steps: int) -> Contestant:
    """The shipped autoencoder's network, in the precision that its recipe chooses on this machine."""
    return ours(f"fast autoencoder, ours, {config.precision} precision", config, total_steps)


def published(config: TrainingConfig) -> TrainingConfig:
    """Jang's network and training as published, in the app's own training step."""
    return replace(config, network=JangAutoencoderConfig())


def compiles() -> bool:
    """Whether ``torch.compile`` finds what it needs here: a C++ compiler, for GPUs Triton too."""
    return any(map(shutil.which, ("c++", "g++", "clang++")))


def makers(config: TrainingConfig, total_steps: int = 1000) -> list[Callable[[], Contestant]]:
    """The constructors of all contestants: the plain networks first, the fast one last."""
    jang = published(config)
    fp32, bf16 = {"precision": "fp32"}, {"precision": "bf16"}
    compiled = replace(config, compiled=True)
    contenders = [
        partial(plain, config, torch.float32),
        partial(plain, config, torch.float64),
        partial(ours, "Jang's network, ours, fp32", replace(jang, **fp32), total_steps),
        partial(ours, "Jang's network, ours, bf16", replace(jang, **bf16), total_steps),
        partial(ours, "fast autoencoder, ours, fp32", replace(config, **fp32), total_steps),
    ]
    if compiles():
        contenders.append(partial(ours, "fast autoencoder, ours, compiled", compiled, total_steps))
    return [*contenders, partial(fast, config, total_steps)]
