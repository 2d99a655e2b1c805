"""What a run's metrics say: curves, figures, and its learning curve index. No Streamlit here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ecgapp import documents
from ecgapp.errors import ConfigError
from ecgapp.evaluate import LearningCurveIndex, learning_curve_index
from ecgapp.jobs import Run, RunStore, names
from ecgapp.training import TrainingConfig
from ecgapp.ui.curves import Point

MAX_POINTS = 500  # of one curve; more do not show on 600 px
EVERY_EPOCH = 1_000_000  # the LCI counts each epoch's change: its F1 is read whole
# LCI of Jang et al. 2021, doi 10.4258/hir.2021.27.1.19: (share of the training set, transfer, random)
PAPER_LCI = (("100 %", 1.440, 1.370), ("50 %", 1.678, 1.211), ("25 %", 1.184, 0.557))
PAPER_MSE = 0.305  # a sample, normalised units squared: 626.583 summed over 2,048 samples


@dataclass(frozen=True)
class DeviceUse:
    """What the run's process took of the machine when it last looked; None where it did not tell."""

    cpu_percent: float | None = None  # of all processors together
    memory: float | None = None  # MiB
    gpu_percent: float | None = None
    gpu_memory: float | None = None  # MiB


@dataclass(frozen=True)
class RunFigures:
    """All that the page draws of one run. Points are (epoch, value); None where nothing is known yet."""

    train_loss: tuple[Point, ...]
    validation_loss: tuple[Point, ...]
    f1: tuple[Point, ...]
    f1_by_label: dict[str, tuple[Point, ...]]
    latest_loss: float | None
    auroc: float | None
    speed: float | None  # windows a second
    learning_rate: float | None
    use: DeviceUse


def read_figures(runs: RunStore, run_id: str) -> RunFigures:
    """The run's metrics as they are now."""

    def curve(name: str, most: int = MAX_POINTS) -> tuple[Point, ...]:
        series = runs.metrics(run_id, name, most)
        points = zip(series.steps, series.values, strict=True)
        return tuple((epoch, value) for epoch, value in points if math.isfinite(value))

    labels = [name for name in runs.metric_names(run_id) if name.startswith(names.F1_OF_LABEL)]
    return RunFigures(
        train_loss=curve(names.TRAIN_LOSS),
        validation_loss=curve(names.VALIDATION_LOSS),
        f1=curve(names.F1, EVERY_EPOCH),
        f1_by_label={name.removeprefix(names.F1_OF_LABEL): curve(name) for name in labels},
        latest_loss=runs.latest(run_id, names.STEP_LOSS),
        auroc=runs.latest(run_id, names.AUROC),
        speed=runs.latest(run_id, names.THROUGHPUT),
        learning_rate=runs.latest(run_id, names.LEARNING_RATE),
        use=DeviceUse(
            runs.latest(run_id, names.CPU_PERCENT),
            runs.latest(run_id, names.MEMORY),
            runs.latest(run_id, names.GPU_PERCENT),
            runs.latest(run_id, names.GPU_MEMORY),
        ),
    )


def config_of(run: Run) -> TrainingConfig | None:
    """The run's config, or None where another version of the app wrote it."""
    try:
        return documents.load(TrainingConfig, run.config)
    except ConfigError:
        return None


def run_lci(f1: Sequence[Point], config: TrainingConfig | None) -> LearningCurveIndex:
    """The index of the curve so far; of an ensemble, that of the member at work.

    An ensemble's members follow one another on the same axis, and a new one begins at the bottom.
    """
    epochs = config.epochs if config is not None and config.members > 1 else math.inf
    member = math.floor((f1[-1][0] - 1) / epochs) if f1 else 0
    return learning_curve_index([value for epoch, value in f1 if math.floor((epoch - 1) / epochs) == member])


def current_member(f1: Sequence[Point], config: TrainingConfig | None) -> str:
    """``Member 2 of 4``, or nothing where there is only one network."""
    if config is None or config.members == 1 or not f1:
        return ""
    return f"Member {int((f1[-1][0] - 1) // config.epochs) + 1} of {config.members}"
