"""A network that learns batch by batch, with all the state that a bit-equal resume needs."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ecgapp.models import Network
from ecgapp.training.augmentation import Augmentation
from ecgapp.training.config import Initialisation, TrainingConfig
from ecgapp.training.devices import autocast, resolve_device, resolve_precision
from ecgapp.training.inference import Inference
from ecgapp.training.objective import Objective
from ecgapp.training.schedule import WeightAverage, one_cycle, parameter_groups
from ecgapp.training.transfer import set_training_mode

Weights = dict[str, Tensor]


class Learner:
    """The network, its averaged copy, optimiser and random states, on one device.

    ``losses`` is the sum of the losses since ``start_epoch``, kept on the device: nothing waits for it.
    """

    def __init__(
        self, config: TrainingConfig, network: Network, objective: Objective, total_steps: int, seed: int
    ) -> None:
        self.config, self.objective, self.total_steps = config, objective, total_steps
        self.device = resolve_device(config.device)
        self.precision = resolve_precision(config.precision, self.device)
        self.network = network.to(self.device)
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        self.average = WeightAverage(self.network, self.averaged, config.ema_decay)
        groups = parameter_groups(network, config.learning_rate, config.weight_decay, config.encoder_rate)
        self.weights = [weight for weight in network.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(groups, fused=True)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.augmentation = Augmentation(
            config.augmentation, config.preprocessing.sampling_rate, self.generator
        )
        self.losses = torch.zeros((), device=self.device)
        self.gradient_norm = torch.zeros((), device=self.device)
        torch.manual_seed(seed + 1)  # dropout

    def start_epoch(self) -> None:
        """Train mode, and a new sum of losses."""
        self.resume_epoch()
        self.losses.zero_()

    def resume_epoch(self) -> None:
        """Train mode alone."""
        set_training_mode(self.network, frozen=self.config.initialisation == Initialisation.FROZEN)

    def step(self, number: int, windows: Tensor, targets: Tensor) -> None:
        """Learn from one batch; ``number`` counts the training's steps from 0."""
        share = one_cycle(number, self.total_steps, self.config.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["top"] * share
        seen, clean = self.augmentation(windows.to(self.device, non_blocking=True))
        targets = targets.to(self.device, non_blocking=True)
        with autocast(self.device, self.precision):
            loss = self.objective.loss(self.network, seen, clean, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.gradient_norm = nn.utils.clip_grad_norm_(self.weights, self.config.clip_gradient or float("inf"))
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.average.update(number + 1)
        self.losses += loss.detach() + 0 * self.gradient_norm  # an infinite gradient shows in the sum too

    @property
    def learning_rate(self) -> float:
        """Of the last step."""
        return float(self.optimiser.param_groups[0]["lr"])

    def inference(self) -> Inference:
        """The averaged network, ready to answer."""
        return Inference(self.averaged, self.device, self.precision)

    def averaged_weights(self) -> Weights:
        """A copy of the averaged network's state."""
        return {name: tensor.clone() for name, tensor in self.averaged.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        random = {"cpu": torch.get_rng_state(), "augmentation": self.generator.get_state()}
        if self.device.type == "cuda":
            random["cuda"] = torch.cuda.get_rng_state(self.device)
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "losses": self.losses,
            "random": random,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a state that was written by ``state``."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.losses.copy_(state["losses"])
        torch.set_rng_state(state["random"]["cpu"])
        self.generator.set_state(state["random"]["augmentation"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random"]["cuda"], self.device)
