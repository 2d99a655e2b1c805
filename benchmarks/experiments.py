"""The time of an experiment against its estimate: ``python -m benchmarks.experiments NAME --store STORE``.

The time is estimated as the Experiments page does it, with a few measured steps of each arm. Then the arms
run one after the other in this process, with nothing else on the machine. Results go into a folder that is
thrown away, so every arm runs. Arms that took less than five seconds count in the sum only.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row, Target, at_most, show, tell
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.estimation import measure_experiment
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.training import devices

MOST_PERCENT = 30.0
SHORT = 5.0  # seconds


def timed_arms(config: ExperimentConfig, settings: Settings, device: str, out: Path) -> dict[str, float]:
    """Run every arm into ``out`` and return the seconds that each took, by its key."""
    folder, stores = open_experiment(config, settings, out)
    protocol = protocol_named(config.protocol)
    context = ArmContext(config, stores, settings, folder, device, ProbeReporter())
    seconds = {}
    for arm in protocol.arms(config):
        started = time.perf_counter()
        run_arm(protocol, arm, context)
        seconds[arm.key] = time.perf_counter() - started
        tell(f"{arm.title}: {seconds[arm.key]:.1f} s")
    return seconds


def rows_of(config: ExperimentConfig, estimated: dict[str, float], taken: dict[str, float]) -> list[Row]:
    """A row for each arm, and one for the sum, which has the target."""
    rows = []
    for arm in protocol_named(config.protocol).arms(config):
        percent = deviation(estimated[arm.key], taken[arm.key])
        words = "too short to count" if taken[arm.key] < SHORT else f"{percent:+.0f} %"
        target = None if taken[arm.key] < SHORT else Target("stated", None)
        measured = f"{estimated[arm.key]:.1f} s, took {taken[arm.key]:.1f} s"
        rows.append(Row(arm.title, measured, words, target, f"{arm.n_trials} trials"))
    total, real = sum(estimated.values()), sum(taken.values())
    percent = deviation(total, real)
    target = at_most(MOST_PERCENT, abs(percent), "% off")
    rows.append(
        Row("all arms", f"{total:.1f} s, took {real:.1f} s", f"{percent:+.0f} %", target, f"{len(rows)} arms")
    )
    return rows


def deviation(estimated: float, taken: float) -> float:
    """The estimate's deviation in percent of the time taken; positive if it was too long."""
    return 100 * (estimated / taken - 1) if taken else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Estimate, run and compare; 1 where the data cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("protocol", metavar="NAME")
    parser.add_argument("--store", action="append", required=True, help="a data set's name, or a path")
    parser.add_argument("--size", default="quick", choices=tuple(Size))
    parser.add_argument("--settings", type=Path, metavar="FILE.json")
    options = parser.parse_args(arguments)
    settings, device = Settings.from_environment(), devices()[0]
    try:
        preset = protocol_named(options.protocol).preset(Size(options.size))
        chosen = read_settings(ProtocolConfig, options.settings) if options.settings else preset
        config = ExperimentConfig(chosen, tuple(options.store), options.size)
        estimate = measure_experiment(config, settings, device)
        tell(f"estimated: {sum(estimate.seconds.values()):.0f} s")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            taken = timed_arms(config, settings, device, Path(folder) / "experiment")
    except EcgAppError as error:
        tell(str(error))
        return 1
    show(f"Estimate of {options.protocol}, {options.size}", rows_of(config, estimate.seconds, taken))
    return 0


if __name__ == "__main__":
    sys.exit(main())
