"""Networks that learn batch by batch, with all the state that a bit-equal resume needs."""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ecgapp.models import Network, set_mask_source, stack, unstack
from ecgapp.training.data.augmentation import Augmentation
from ecgapp.training.data.random_streams import Draws
from ecgapp.training.devices import autocast, resolve_device, resolve_precision
from ecgapp.training.loop.schedule import GRADED, LayerRates, WeightAverage, cycles, parameter_groups
from ecgapp.training.objective import Objective
from ecgapp.training.optimisation import Optimiser, Schedule
from ecgapp.training.parallel.batch_norm import synchronise
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.training_config import Initialisation, TrainingConfig
from ecgapp.training.transfer import encoder_of, set_training_mode

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Pace:
    """Steps in an epoch, windows in a batch of all processes, and the steps of each cycle.

    ``planned`` cycles were planned at first; those after them were added.
    """

    steps: int
    batch: int
    cycles: tuple[int, ...]
    planned: int = 1

    @classmethod
    def of(cls, config: TrainingConfig, steps: int, batch: int) -> "Pace":
        """The pace that the config plans, for epochs of so many steps of so many windows."""
        planned = len(config.cycles) - len(config.further_epochs)
        return cls(steps, batch, tuple(n * steps for n in config.cycles), planned)

    @property
    def total(self) -> int:
        """Steps of the whole training."""
        return sum(self.cycles)


class Learner:
    """One network, or several as a stack: their averaged copy, optimiser and random states, on one device.

    Networks come with their seeds. ``losses`` is each member's sum of losses since ``start_epoch``, kept on
    the device: nothing waits for it.
    """

    def __init__(
        self,
        config: TrainingConfig,
        seeded: Sequence[tuple[Network, int]],
        objective: Objective,
        pace: Pace,
        processes: ProcessGroup = ALONE,
    ) -> None:
        networks, seeds = [network for network, _ in seeded], [seed for _, seed in seeded]
        self.config, self.objective, self.pace, self.processes = config, objective, pace, processes
        self.device = resolve_device(config.device, processes.rank)
        self.precision = resolve_precision(config.precision, self.device)
        self.members = len(networks)
        self._alone = networks
        self.network = (networks[0] if self.members == 1 else stack(networks)).to(self.device)
        self.averaged = copy.deepcopy(self.network).eval().requires_grad_(False)
        if processes.size > 1:
            synchronise(self.network, self.device, processes.size)  # batch norms over all of them
        self.average = WeightAverage(self.network, self.averaged, config.ema_decay)
        self.optimiser = _optimiser(config, self.network, self.device)
        self.weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        self._head_alone = False
        self.draws = Draws(seeds, config.seed, self.device)
        self.draws.set_batch(pace.batch, processes.part(pace.batch))
        set_mask_source(self.network, self.draws)
        self.augmentation = Augmentation(config.augmentation, config.preprocessing.sampling_rate, self.draws)
        self.losses = torch.zeros(self.members, device=self.device)
        self.gradient_norm = torch.zeros((), device=self.device)
        self._answer = self._prepared()

    def _prepared(self) -> nn.Module:
        """The module that a step calls: the network, one that exchanges gradients, or a compiled one."""
        if self.processes.size > 1:
            devices = [self.device] if self.device.type == "cuda" else None
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # torch 2.11 lacks what 2.13 offers instead
                return DistributedDataParallel(
                    self.network, devices, broadcast_buffers=False, gradient_as_bucket_view=True
                )
        if self.config.compiled:
            compiled: nn.Module = torch.compile(self.network)  # type: ignore[assignment]
            return compiled
        return self.network

    def start_epoch(self, *, head_alone: bool = False) -> None:
        """Train mode, and a new sum of losses; the encoder stays as it is if only the head learns."""
        self.resume_epoch(head_alone=head_alone)
        self.losses.zero_()

    def resume_epoch(self, *, head_alone: bool = False) -> None:
        """Train mode alone; the encoder stays as it is if only the head learns."""
        frozen = self.config.initialisation == Initialisation.FROZEN
        self._head_alone = head_alone
        set_training_mode(self.network, frozen=frozen or head_alone)
        if self.config.head_epochs and self.processes.size == 1:  # several exchange all gradients
            encoder_of(self.network).requires_grad_(not head_alone)

    def step(self, number: int, windows: Tensor, targets: Tensor) -> None:
        """Learn from one batch; ``number`` counts the training's steps from 0.

        ``windows`` is (batch, members, n_leads, n_samples), ``targets`` (batch, members, n_labels).
        """
        self._set_rate(number)
        seen, clean = self.augmentation(windows.to(self.device, non_blocking=True))
        targets = targets.to(self.device, non_blocking=True)
        with autocast(self.device, self.precision):
            answers = self._answer(seen.flatten(1, 2))
        losses = self.objective.losses(answers, clean, targets, self.processes)
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if self._head_alone:
            encoder_of(self.network).zero_grad(set_to_none=True)  # the optimiser leaves these weights alone
        self.gradient_norm = self._clip()
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=self.processes.size == 1)
        self.average.update(number + 1)
        self.losses += losses.detach() + 0 * self.gradient_norm  # an infinite gradient shows in the sum too

    def _set_rate(self, number: int) -> None:
        """Give each group of weights its learning rate; graded rates begin after the head's own epochs."""
        pace, share = self.pace, 1.0
        if self.config.schedule == Schedule.ONE_CYCLE:
            share = cycles(number, pace.cycles, self.config.warmup, pace.planned)
        for group in self.optimiser.param_groups:
            top = self.config.learning_rate if self._head_alone else group["top"]
            group["lr"] = top * share

    def _clip(self) -> Tensor:
        """Clip each member's gradient by its own norm; the largest norm of the members before that."""
        limit = self.config.clip_gradient or float("inf")
        if self.members == 1:
            return nn.utils.clip_grad_norm_(self.weights, limit)
        whole = [weight.grad for weight in self.weights if weight.grad is not None]
        gradients = [g.view(self.members, len(g) // self.members, *g.shape[1:]) for g in whole]
        squares = [gradient.square().sum(tuple(range(1, gradient.ndim))) for gradient in gradients]
        norms = torch.stack(squares).sum(0).sqrt()
        shares = (limit / (norms + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(shares.view(-1, *[1] * (gradient.ndim - 1)))
        return norms.max()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return float(self.optimiser.param_groups[0]["lr"])

    def averaged_networks(self) -> list[Network]:
        """The averaged networks, each alone, ready to answer; they are overwritten by the next call."""
        if self.members == 1:
            return [self.averaged]
        unstack(self.averaged, self._alone)
        return [network.to(self.device).eval().requires_grad_(False) for network in self._alone]

    def averaged_weights(self) -> Weights:
        """A copy of the averaged network's state."""
        return {name: tensor.clone() for name, tensor in self.averaged.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """The state that the next step depends on, for a checkpoint."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "losses": self.processes.all_reduce_sum(self.losses) / self.processes.size,
            "random": self.draws.state(),
        }

    def restore(self, state: dict[str, Any]) -> bool:
        """Take up a state that was written by ``state``; False where its random numbers cannot go on here."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.losses.copy_(state["losses"])
        return self.draws.restore(state["random"])


def _optimiser(config: TrainingConfig, network: nn.Module, device: torch.device) -> torch.optim.Optimizer:
    """The config's optimiser of the network's trainable weights, in one kernel where the device has such."""
    rates = GRADED if config.graded_rates else LayerRates(1.0, config.encoder_rate, config.encoder_rate)
    groups = parameter_groups(network, config.learning_rate, config.weight_decay, rates)
    fused = device.type in ("cpu", "cuda")
    if config.optimiser == Optimiser.SGD:
        return torch.optim.SGD(groups, fused=fused)
    kind = torch.optim.Adam if config.optimiser == Optimiser.ADAM else torch.optim.AdamW
    return kind(groups, fused=fused)
