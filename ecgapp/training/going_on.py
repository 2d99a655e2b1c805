"""A job from its checkpoint, or from the beginning, to its end; and what becomes of a lack of memory."""

from collections.abc import Sequence

import torch

from ecgapp.errors import TrainingError
from ecgapp.models import Network
from ecgapp.training.loop.checkpoint import load_checkpoint
from ecgapp.training.loop.job import Job, Outcome
from ecgapp.training.loop.memory_trial import rehearse
from ecgapp.training.loop.training_loop import Loop
from ecgapp.training.out_of_memory import NO_MEMORY, memory_named_alike
from ecgapp.training.reporting import Reporter


def run(job: Job, networks: Sequence[Network], reporter: Reporter) -> Outcome:
    """Train to the end, from the folder's checkpoint if there is one.

    Raises:
        Stopped: the reporter asked for it; the checkpoint is written.
        TrainingError: the loss is no longer a number, or the checkpoint is of no use.
        torch.OutOfMemoryError: there is too little memory: of several processes all raise it, or none.
    """
    processes = job.processes
    state = processes.broadcast(
        load_checkpoint(job.folder, job.identity, reporter.log) if processes.is_leader else None
    )
    over = state is not None and int(state["cycle"]) > len(job.config.further_epochs)
    if processes.size > 1 and len(networks) > 1 and not over:
        rehearse(job, networks)
    try:
        with memory_named_alike():
            return Loop(job, networks, reporter).run(state)
    except torch.OutOfMemoryError as error:
        if processes.size > 1:  # the other processes do not know of it, so no smaller group can begin
            raise TrainingError(NO_MEMORY) from error
        raise
