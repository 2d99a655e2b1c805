"""The kind of job that trains a model, with one process or several under ``torchrun``."""

from ecgapp import training
from ecgapp.jobs import TRAIN
from ecgapp.worker import team
from ecgapp.worker.context import JobContext, JobStopped
from ecgapp.worker.kinds import job_kind
from ecgapp.worker.reporter import RunReporter


@job_kind(TRAIN, noun="training", for_memory="Choose a smaller batch size, or a smaller data set.")
def train(context: JobContext) -> str:
    """Train as the job's config says; the model and the checkpoints lie in the job's folder."""
    reporter = RunReporter(context)
    try:
        with team.joined(context.give_up, context.run.device) as group:
            assignment = team.send_assignment(context.run, reporter, group)
            name = team.train(assignment, reporter, context.settings, group)
    except training.Stopped as stopped:
        raise JobStopped from stopped
    return f"Finished. The model {name} is trained."
