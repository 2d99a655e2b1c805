"""``python -m ecgapp.worker JOB``: the process of one job, in which its kind does the work.

It takes the job, sends heartbeats, writes metrics and progress, sets the final state, and starts the next
job in the queue. It goes on when pages, tabs and servers close; SIGTERM asks it to stop. Started by
``torchrun`` it is one of several processes, of which the first does all this.
"""

from ecgapp.worker.context import JobContext, JobStopped, Listener
from ecgapp.worker.execution import execute, main

__all__ = ["JobContext", "JobStopped", "Listener", "execute", "main"]
