"""``python tests/support/team_worker.py RUN``: a worker whose training only steps, until it is asked to stop.

A file ``fault`` in the run's folder is what the second process fails of.
"""

import sys
import time

from ecgapp import training, worker
from ecgapp.errors import TrainingError
from ecgapp.training import StepReport


def train(config, reporter, folder, settings, processes):
    step = 0
    while True:
        step += 1
        if processes.rank == 1 and (folder / "fault").exists():
            raise TrainingError((folder / "fault").read_text())
        reporter.step(StepReport(step, 1, 0.5, 1e-3, 100.0, 1000, epochs=1))
        if processes.broadcast_int(int(reporter.should_stop())):
            (folder / "checkpoint").touch()
            raise training.Stopped
        time.sleep(0.01)


if __name__ == "__main__":
    training.train = train
    sys.exit(worker.main(sys.argv[1:]))
