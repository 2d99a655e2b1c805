"""``python -m ecgapp.worker RUN``: the process of one run, the one place where jobs meet training.

It takes the run, beats, trains, writes the numbers, says how it ended, and starts the next in the
queue. It goes on when pages, tabs and servers close; SIGTERM asks it to write a checkpoint and end.
Started by ``torchrun`` it is one of several processes, of which the first does all this.
"""

from ecgapp.worker.execution import execute, main
from ecgapp.worker.reporter import Listener, RunReporter

__all__ = ["Listener", "RunReporter", "execute", "main"]
