"""Experiments of the tiny study on a small data set, and what their tests look at."""

import sys
from dataclasses import replace

import tiny_study
from admin_pages import twelve_lead_store

from ecgapp.config import PROJECT, Settings
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.starting import open_experiment
from ecgapp.experiments.study_protocol import ArmContext, protocol_named
from ecgapp.experiments.trials.probe_reporter import ProbeReporter

PROGRAM = (sys.executable, str(PROJECT / "tests" / "support" / "tiny_study.py"))
CONFIG = ExperimentConfig(tiny_study.TinyConfig(), ("hospital",), "quick", seed=3)
ARMS = ("first", "arm-1", "arm-2", "arm-3")


def tiny_home(home):
    """An installation with the data set ``hospital``."""
    settings = Settings(home, home / "shipped")
    twelve_lead_store(settings)
    return settings


def with_settings(**changes):
    """The config with other settings of the study."""
    return replace(CONFIG, settings=replace(CONFIG.settings, **changes))


class TinyRun:
    """An experiment whose arms run in this process, each when it is asked for."""

    def __init__(self, settings, config=CONFIG, reporter=None, path=None):
        self.folder, self.stores = open_experiment(config, settings, path)
        self.protocol = protocol_named(config.protocol)
        self.arms = {arm.key: arm for arm in self.protocol.arms(config)}
        self.settings = settings
        self.context = ArmContext(
            config, self.stores, settings, self.folder, "cpu", reporter or ProbeReporter()
        )

    def run(self, *keys):
        for key in keys or self.arms:
            run_arm(self.protocol, self.arms[key], self.context)
        return self

    def reporting(self, reporter):
        """Replace the reporter of the experiment, which is returned."""
        self.context = replace(self.context, reporter=reporter)
        return self


def trials_begun(settings):
    """Each trial that has begun, as ``arm number``, in order."""
    log = settings.home / tiny_study.LOG
    return log.read_text().splitlines() if log.is_file() else []


def break_arms(settings, *keys):
    """Let these arms fail, and no others."""
    (settings.home / tiny_study.BROKEN).write_text("\n".join(keys))


def files_of(folder):
    """Every file of the report by name, as bytes."""
    return {path.name: path.read_bytes() for path in sorted((folder.path / "report").iterdir())}


class Stopper(ProbeReporter):
    """Asks to stop once it was asked ``after`` times."""

    def __init__(self, after):
        self.left = after

    def should_stop(self):
        self.left -= 1
        return self.left < 0
