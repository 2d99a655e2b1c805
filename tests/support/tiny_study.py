"""A study that runs in milliseconds, as a module and as the worker and the command line that know it.

``python tests/support/tiny_study.py RUN`` is a worker, ``... tiny_study.py experiment tiny ...`` the command.
The arm ``first`` makes a number that every arm ``arm-N`` reads. A trial counts the samples of the data sets
in ``steps`` steps, with a checkpoint after each.
"""

import sys
import time
from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ExperimentError, TrainingError
from ecgapp.experiments.experiment_config import ProtocolConfig, Size
from ecgapp.experiments.report_parts import (
    ExperimentReport,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
)
from ecgapp.experiments.study_protocol import Arm, DataReport, StudyProtocol, study
from ecgapp.experiments.trial_result import TrialResult
from ecgapp.training import EpochReport, Stopped

PRODUCT = "number.txt"
BROKEN = "broken"  # a file in the home folder: the keys of arms that fail, a line each
LOG = "trials.log"  # a file in the home folder: a line for each trial that begins
PAPER = 0.5


@dataclass(frozen=True)
class TinyConfig(ProtocolConfig):
    """The number of arms and trials, and the pace."""

    n_arms: int = 3
    n_trials: int = 2
    steps: int = 2
    pause: float = 0.0  # seconds of each step
    fractions: tuple[float, ...] = (1.0, 0.5)
    least: int = 4  # records with atrial fibrillation
    leads: tuple[str, ...] = ("II",)


@study("tiny")
class TinyStudy(StudyProtocol):
    """Arms whose trials are sums of seeded random numbers."""

    title = "Tiny et al. 2020: sums of random numbers"
    citation = "Tiny T. Sums. J Small Num 2020;1:1-2. doi:10.0/0"
    question = "Do the arms differ?"
    Config = TinyConfig

    def preset(self, size):
        return TinyConfig(n_trials={Size.QUICK: 2, Size.STANDARD: 3, Size.FULL: 10}[size])

    def leads(self, config, settings):
        return config.settings.leads

    def data_report(self, config, stores):
        codes = [code for store in stores for record in store.codes() for code in record]
        n = codes.count("SCP:AFIB")
        if n < config.settings.least:
            raise ExperimentError(
                f"The data sets have {n} records of atrial fibrillation; the study needs "
                f"{config.settings.least}."
            )
        total = sum(map(len, stores))
        return DataReport(
            (f"{total} records, of them {n} with atrial fibrillation.",),
            (f"The study had 1,000 records; these data sets have {total}.",),
        )

    def records(self, config, stores):
        return f"n = {sum(map(len, stores))} records of {', '.join(store.name for store in stores)}."

    def arms(self, config):
        tiny = config.settings
        others = (Arm(f"arm-{k}", f"Arm {k}", tiny.n_trials, ("first",)) for k in range(1, tiny.n_arms + 1))
        return (Arm("first", "First arm"), *others)

    def open_arm(self, arm, context):
        home, tiny = context.settings.home, context.config.settings
        broken = home / BROKEN
        if broken.is_file() and arm.key in broken.read_text().split():
            raise TrainingError("The loss of the tiny training is not a number.")
        start = float((context.product("first") / PRODUCT).read_text()) if arm.needs else 0.0
        n_samples = sum(int(store.n_samples.sum()) for store in context.stores)

        def run_trial(number, work):
            with (home / LOG).open("a") as log:
                log.write(f"{arm.key} {number}\n")
            numbers = np.random.default_rng([context.config.seed, number]).random(tiny.steps) + start
            _learn(numbers, work, context, tiny.pause)
            if not arm.needs:
                product = context.folder.product(arm.key)
                product.mkdir(parents=True, exist_ok=True)
                (product / PRODUCT).write_text(f"{numbers.mean()}")
            scale = 1.0 if not arm.needs else 1 + 0.01 * int(arm.key.partition("-")[2])
            result = TrialResult(
                {"score": float(numbers.mean() * scale)},
                {"validation_loss": tuple(numbers.tolist())},
                {"n_samples": n_samples},
            )
            return result, {"probabilities": numbers.astype(np.float32)}

        return run_trial

    def estimate(self, arms, context):
        tiny = context.config.settings
        return {arm.key: arm.n_trials * tiny.steps * tiny.pause + 0.001 for arm in arms}

    def report(self, config, stores, results):
        rows, means, lows, highs = [], [], [], []
        for arm in self.arms(config):
            scores = results[arm.key].defined("score") if arm.key in results else ()
            mean = float(np.mean(scores)) if scores else None
            rows.append((arm.title, PAPER, len(scores), mean))
            means.append(mean)
            lows.append(min(scores, default=None))
            highs.append(max(scores, default=None))
        names = tuple(arm.title for arm in self.arms(config))
        series = FigureSeries("score", names, tuple(means), "bars", tuple(lows), tuple(highs))
        paper = FigureSeries("paper", names, (PAPER,) * len(names), "points")
        panel = FigurePanel("Arms", "arm", "score", (series, paper))
        return ExperimentReport(
            self.title, self.citation, self.data_report(config, stores).data,
            (f"{sum(len(r.trials) for r in results.values())} trials have ended.",),
            (ResultTable("scores", "Scores", ("Arm", "Paper", "n", "Ours"), tuple(rows)),),
            (ResultFigure("scores", "Scores", (panel,), "Mean of the trials, with the range."),),
        )  # fmt: skip


def _learn(numbers, work, context, pause):
    """Report an epoch for each number; one that has a checkpoint is not run again."""
    checkpoint = work / "step"
    done = int(checkpoint.read_text()) if checkpoint.is_file() else 0
    for step in range(done, len(numbers)):
        if context.reporter.should_stop():
            raise Stopped
        time.sleep(pause)
        value = float(numbers[step])
        context.reporter.epoch(EpochReport(step + 1, len(numbers), value, value, f1=value / 2))
        checkpoint.write_text(str(step + 1))


if __name__ == "__main__":
    from ecgapp import __main__ as command_line
    from ecgapp import worker

    main = command_line.main if sys.argv[1:2] == ["experiment"] else worker.main
    sys.exit(main(sys.argv[1:]))
