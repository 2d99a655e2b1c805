"""``python -m ecgapp.jobs.attendant RUN``: stands beside a run's process, and knows how it ended."""

import json
import os
import sys

from ecgapp.config import Settings
from ecgapp.jobs.run_store import COMMAND_VARIABLE, RunStore

if __name__ == "__main__":
    store = RunStore(Settings.from_environment().runs, json.loads(os.environ[COMMAND_VARIABLE]))
    store.attend(sys.argv[1])
