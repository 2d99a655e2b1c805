"""The processes that train one network together: one is enough, and ``torchrun`` starts more.

All of them run the same program on the same random numbers, each on its own part of every batch, and
``WORLD`` is all that tells them apart. Only the leader writes.
"""

import gc
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from ecgapp.errors import EcgAppError, InterruptedTrainingError, training_error
from ecgapp.training.reporting import Stopped

T = TypeVar("T")
_PATIENCE = timedelta(minutes=10)  # a process that is silent for so long is lost
LOST = "Another process of this training was lost."


@dataclass(frozen=True)
class World:
    """Which of how many processes this is; alone by default.

    ``words`` is the group over which plain objects travel, on CPUs even where tensors use GPUs. ``board``
    is a store of short texts that can be read and written while the others are busy, or gone.
    """

    rank: int = 0
    size: int = 1
    words: Any = None
    board: Any = None

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and reports."""
        return self.rank == 0

    def part(self, n: int) -> slice:
        """This process's share of ``n`` things in order."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def total(self, value: Tensor) -> Tensor:
        """The sum of all processes' ``value``, which stays as it is; no gradient passes."""
        if self.size == 1:
            return value
        summed = value.detach().clone()
        distributed.all_reduce(summed)
        return summed

    def gathered(self, mine: T) -> list[T]:
        """What every process has, by rank."""
        if self.size == 1:
            return [mine]
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, mine, group=self.words)
        return found

    def told(self, word: T) -> T:
        """What the leader says; the others' ``word`` is not heard."""
        if self.size == 1:
            return word
        words = [word]
        distributed.broadcast_object_list(words, src=0, group=self.words)
        return words[0]

    def together(self, act: Callable[[], T]) -> T:
        """What ``act`` gives in this process; where it cannot in any of them, all say why.

        Raises:
            EcgAppError: the act's own in one process; a TrainingError with its words in several.
        """
        if self.size == 1:
            return act()
        result: list[T] = []
        fault: tuple[str, bool] | None = None
        try:
            result.append(act())
        except EcgAppError as error:
            fault = (str(error), error.resume_helps)
        for told in self.gathered(fault):
            if told is not None:
                raise training_error(*told)
        return result[0]

    def decided(self, code: int) -> int:
        """A small number that the leader decides on: cheap enough for every step."""
        if self.size == 1:
            return code
        number = torch.tensor([code])
        distributed.broadcast(number, src=0, group=self.words)
        return int(number)


ALONE = World()


def launched() -> bool:
    """Whether ``torchrun`` started this process as one of several, or may start it again."""
    return distributed.is_torchelastic_launched()


def last_try() -> bool:
    """Whether ``torchrun`` will not start the processes again if one is lost."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) >= int(
        os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")
    )


def _attempt() -> str:
    """What tells this start of the processes from one before, whose addresses the store still has.

    ``torchrun`` keeps one store for all its restarts. Several nodes count theirs each for itself, so
    there ``TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1`` must make it begin a new one.
    """
    alone = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"attempt-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}" if alone else "attempt"


@contextmanager
def joined(gpu: bool = False) -> Iterator[World]:
    """The world that ``torchrun`` describes in the environment: nccl between GPUs, gloo between CPUs.

    Only the leader's ``gpu`` counts: another machine need not know what is trained, or on what.

    Raises:
        TrainingError: the processes do not find each other, or one of them was lost meanwhile.
    """
    import torch._dynamo  # DDP does so later, and what it keeps then holds the group for ever

    try:
        store, rank, size = next(rendezvous("env://", timeout=_PATIENCE))
        store = PrefixStore(_attempt(), store)
        if rank == 0:
            store.set("gpu", str(int(gpu)))
        gpu = store.get("gpu") == b"1"
        backend = "nccl" if gpu else "gloo"
        if gpu:
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group(backend, timeout=_PATIENCE, world_size=size, rank=rank, store=store)
        words = distributed.new_group(backend="gloo", timeout=_PATIENCE) if gpu else None
        try:
            yield World(rank, size, words, store)
        except Stopped:
            distributed.barrier(words)
            raise
        distributed.barrier(words)  # nobody leaves while another still listens
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # they hold the network, and with it the group
        if isinstance(error, distributed.DistError | ConnectionError):
            raise InterruptedTrainingError(LOST) from error
        raise
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
            gc.collect()  # gloo's threads end with the last who knows the group; alive they abort the exit
