"""Whether several processes have the memory to train so many networks at once: two steps, thrown away.

A process that runs out of memory in the midst of a step leaves the others waiting for its gradients. So
each tries by itself before the first one, and then all of them know of all. From the second step on
there is all that any later one has: activations beside gradients and the optimiser's moments. Only what
the exchange itself needs, such as nccl's buffers, is not tried: a lack of it ends the run.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from ecgapp.models import Network
from ecgapp.training.devices import resolve_device
from ecgapp.training.loop.job import Job
from ecgapp.training.loop.learner import Learner, Pace
from ecgapp.training.out_of_memory import memory_named_alike
from ecgapp.training.parallel.batch_norm import synchronise

_STEPS = 2  # the optimiser makes its moments at the end of the first


def rehearse(job: Job, networks: Sequence[Network]) -> None:
    """Try two steps of this process's size on copies of ``networks``.

    Raises:
        torch.OutOfMemoryError: one of the processes has too little memory; raised in all of them.
    """
    try:
        _take_steps(job, networks)
        short = False
    except torch.OutOfMemoryError:
        short = True
    torch.cuda.empty_cache()
    if any(job.processes.all_gather(short)):
        raise torch.OutOfMemoryError("One of the processes has too little memory.")


@memory_named_alike()
def _take_steps(job: Job, networks: Sequence[Network]) -> None:
    """A learner with all that it keeps, and this process's part of a batch; random numbers are for all of it.

    On a CPU batch norms over several processes hold more than torch's own; on a GPU both keep their input.
    """
    processes, config, records = job.processes, job.config, job.records
    device = resolve_device(config.device, processes.rank)
    whole = job.members[0].lanes.batch
    part = processes.part(whole)
    n, members = part.stop - part.start, len(networks)
    seeded = [(copy.deepcopy(network), 0) for network in networks]
    pace = Pace(_STEPS, whole, (_STEPS,))
    learner = Learner(replace(config, device=str(device)), seeded, job.objective, pace)
    learner.draws.set_batch(whole, part)
    if device.type == "cpu":
        synchronise(learner.network, device, processes=1)
    signals = records.to(device).signals
    learner.start_epoch()
    windows = torch.zeros(n, members, len(signals), records.preprocessing.window)
    targets = torch.zeros(n, members, records.targets.shape[1])
    for number in range(_STEPS):
        for weight in learner.weights:
            weight.grad = torch.zeros_like(weight)  # one process alone drops them; several keep them
        learner.step(number, windows, targets)
