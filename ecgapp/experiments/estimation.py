"""The time that an experiment takes, measured in a process of its own with the threads that its jobs have."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ecgapp.config import PROJECT, Settings
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.experiment_folder import TimeEstimate
from ecgapp.storage import documents

COMMAND = (sys.executable, "-m", "ecgapp")
_FAILED = "The time could not be measured. The experiment can be started all the same."
_TOO_LONG = "Measuring the time takes more than {minutes:.0f} minutes. Choose a smaller size to see its time."


def measure_experiment(
    config: ExperimentConfig, settings: Settings, device: str, limit: float = 600.0
) -> TimeEstimate:
    """Run a few steps of each arm on ``device`` and return the seconds that the arms take.

    ``limit`` is how many seconds the measurement itself may take.

    Raises:
        ExperimentError: it could not be measured; the sentence says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "settings.json"
        document.write_text(documents.dump(config.settings), encoding="utf-8")
        stores = [word for store in config.stores for word in ("--store", store)]
        arguments = [
            "experiment",
            config.protocol,
            *stores,
            "--size",
            config.size,
            "--seed",
            str(config.seed),
        ]
        arguments += ["--settings", str(document), "--device", device, "--estimate", "--json"]
        try:
            done = subprocess.run(  # noqa: S603 - a list of our own making, no shell
                [*COMMAND, *arguments],
                env={**os.environ, "ECGAPP_HOME": str(settings.home.resolve())},
                cwd=PROJECT, capture_output=True, text=True, timeout=limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ExperimentError(_TOO_LONG.format(minutes=limit / 60)) from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        refused = done.returncode == 1 and bool(lines) and lines[-1].endswith(".")
        raise ExperimentError(lines[-1] if refused else _FAILED)
    return documents.load(TimeEstimate, done.stdout)
