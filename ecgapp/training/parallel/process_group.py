"""The processes that train one network together: one is enough, and ``torchrun`` starts more.

All of them run the same program on the same random numbers, each on its own part of every batch; their rank
is the only difference. Only the leader writes.
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
class ProcessGroup:
    """The processes of one training, and which of them this one is; a single process by default.

    ``objects`` is the group over which plain objects travel, on CPUs even where tensors use GPUs. ``board``
    is a store of short texts that can be read and written while other processes are busy, or gone.
    """

    rank: int = 0
    size: int = 1
    objects: Any = None
    board: Any = None

    @property
    def is_leader(self) -> bool:
        """Whether this process is the one that writes and reports."""
        return self.rank == 0

    def part(self, n: int) -> slice:
        """This process's share of ``n`` things in order."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def all_reduce_sum(self, value: Tensor) -> Tensor:
        """The sum of all processes' ``value``, which stays as it is; no gradient passes."""
        if self.size == 1:
            return value
        summed = value.detach().clone()
        distributed.all_reduce(summed)
        return summed

    def all_gather(self, value: T) -> list[T]:
        """The value of each process, by rank."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value, group=self.objects)
        return values

    def broadcast(self, value: T) -> T:
        """The leader's value; that of the other processes is ignored."""
        if self.size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0, group=self.objects)
        return values[0]

    def broadcast_int(self, number: int) -> int:
        """The leader's number: cheap enough for every step."""
        if self.size == 1:
            return number
        tensor = torch.tensor([number])
        distributed.broadcast(tensor, src=0, group=self.objects)
        return int(tensor)

    def barrier(self) -> None:
        """Wait until all processes are here.

        Raises:
            RuntimeError: one of them is gone.
        """
        if self.size > 1:
            distributed.barrier(self.objects)

    def run_or_raise_all(self, act: Callable[[], T]) -> T:
        """Run ``act`` and return its result; if it fails in one process, all of them raise its error.

        Raises:
            EcgAppError: that of ``act`` in a single process; a TrainingError with its sentence in several.
        """
        if self.size == 1:
            return act()
        result: list[T] = []
        fault: tuple[str, bool] | None = None
        try:
            result.append(act())
        except EcgAppError as error:
            fault = (str(error), error.resume_helps)
        for one in self.all_gather(fault):
            if one is not None:
                raise training_error(*one)
        return result[0]


ALONE = ProcessGroup()


def launched() -> bool:
    """Whether ``torchrun`` started this process as one of several, or may start it again."""
    return distributed.is_torchelastic_launched()


def last_try() -> bool:
    """Whether ``torchrun`` will not start the processes again if one is lost."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) >= int(
        os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")
    )


def _attempt() -> str:
    """The name of this start of the processes; the store still has the addresses of the starts before.

    ``torchrun`` keeps one store for all its restarts. Each of several nodes counts its own, so there
    ``TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1`` must make it begin a new one.
    """
    alone = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"attempt-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}" if alone else "attempt"


@contextmanager
def joined(gpu: bool = False) -> Iterator[ProcessGroup]:
    """Join the processes that ``torchrun`` describes in the environment, for as long as the context is open.

    nccl connects GPUs, gloo CPUs.

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
        objects = distributed.new_group(backend="gloo", timeout=_PATIENCE) if gpu else None
        processes = ProcessGroup(rank, size, objects, store)
        try:
            yield processes
        except Stopped:
            processes.barrier()
            raise
        processes.barrier()  # none may leave while another still waits for its answer
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)  # they hold the network, and with it the group
        if isinstance(error, distributed.DistError | ConnectionError):
            raise InterruptedTrainingError(LOST) from error
        raise
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
            gc.collect()  # gloo's threads end with the last reference to the group; alive they abort the exit
