"""The kind of job that scores the ECGs of the worklist, with several processes that share its queue."""

from ecgapp.jobs import SCORE
from ecgapp.worker.context import JobContext
from ecgapp.worker.kinds import job_kind
from ecgapp.worklist.scorer_pool import ScorerPool


@job_kind(SCORE, noun="scoring", no_resume="")
def score(context: JobContext) -> str:
    """Score until nothing waits. ECGs that are being scored when it is stopped wait again."""
    context.begin("The scoring begins.")
    with ScorerPool(context.settings, context.folder / "scorer.log") as pool:
        while pool.is_at_work():
            context.check_stop()
            progress = pool.progress()
            context.progress(progress.done, progress.total)
            context.stop.wait(pool.poll)
    return "Every ECG of the worklist is scored."
