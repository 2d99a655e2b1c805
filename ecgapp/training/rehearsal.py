"""Whether several processes have the memory to train so many networks at once: one step that is thrown away.

A process that runs out of memory in the midst of a step leaves the others waiting for its gradients. So
each tries a step by itself before the first one, and then all of them know of all.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace

import torch

from ecgapp.models import Network
from ecgapp.training.devices import resolve_device
from ecgapp.training.job import Job
from ecgapp.training.learner import Learner, Pace


def rehearse(job: Job, networks: Sequence[Network]) -> None:
    """Try a step of this process's size on copies of ``networks``.

    Raises:
        torch.OutOfMemoryError: one of the processes has too little memory; raised in all of them.
    """
    try:
        _step(job, networks)
        short = False
    except torch.OutOfMemoryError:
        short = True
    torch.cuda.empty_cache()
    if any(job.world.gathered(short)):
        raise torch.OutOfMemoryError("One of the processes has too little memory.")


def _step(job: Job, networks: Sequence[Network]) -> None:
    """A learner with all that it keeps, and a batch as large as this process's part of one."""
    world, config, records = job.world, job.config, job.records
    device = resolve_device(config.device, world.rank)
    part = world.part(job.members[0].lanes.batch)
    n, members = part.stop - part.start, len(networks)
    seeded = [(copy.deepcopy(network), 0) for network in networks]
    learner = Learner(replace(config, device=str(device)), seeded, job.objective, Pace(1, n, (1,)))
    signals = records.to(device).signals
    learner.start_epoch()
    windows = torch.zeros(n, members, len(signals), records.preprocessing.window)
    learner.step(0, windows, torch.zeros(n, members, records.targets.shape[1]))
