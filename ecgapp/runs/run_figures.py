"""The figures of a training: its curves and its learning curve index."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ecgapp.errors import ConfigError
from ecgapp.evaluate import LearningCurveIndex, indices_by_epoch, learning_curve_index
from ecgapp.jobs import MetricsReader, Run, RunStore, Series, metric_names
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig
from ecgapp.training.ensembles import member_words

Point = tuple[float, float]  # (epoch, value)

MAX_POINTS = 500  # of one curve; more do not show on 600 px
# LCI of Jang et al. 2021, doi 10.4258/hir.2021.27.1.19: (share of the training set, transfer, random)
PAPER_LCI = (("100 %", 1.440, 1.370), ("50 %", 1.678, 1.211), ("25 %", 1.184, 0.557))
PAPER_MSE = 0.305  # a sample, normalised units squared: 626.583 summed over 2,048 samples
USE = {  # of the machine: what is drawn, its series and its unit
    "Processor": (metric_names.CPU_PERCENT, "%"),
    "Memory": (metric_names.MEMORY, "MB"),
    "GPU": (metric_names.GPU_PERCENT, "%"),
    "GPU memory": (metric_names.GPU_MEMORY, "MB"),
}


@dataclass(frozen=True)
class RunFigures:
    """All that the page draws of one run: points are (epoch, value) if not said otherwise.

    The figures of an epoch are named as in ``metric_names.EPOCH_SERIES``. ``step_loss``, ``learning_rate``,
    ``gradient_norm`` and ``throughput`` are by step, ``use`` by seconds since the run's first start. Values
    that are not numbers are left out.
    """

    train_loss: tuple[Point, ...] = ()
    validation_loss: tuple[Point, ...] = ()
    constant_loss: tuple[Point, ...] = ()
    f1: tuple[Point, ...] = ()
    weighted_f1: tuple[Point, ...] = ()
    auroc: tuple[Point, ...] = ()
    f1_by_label: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    f1_by_member: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    predicted_by_label: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    positives_by_label: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    seconds: tuple[Point, ...] = ()  # that an epoch took
    step_loss: tuple[Point, ...] = ()
    learning_rate: tuple[Point, ...] = ()
    gradient_norm: tuple[Point, ...] = ()
    throughput: tuple[Point, ...] = ()  # windows a second
    use: dict[str, tuple[Point, ...]] = field(default_factory=dict)  # by the keys of ``USE``

    @property
    def steps(self) -> float:
        """The last step of the curves by step; 0 if there is none."""
        return self.step_loss[-1][0] if self.step_loss else 0.0

    @property
    def epochs(self) -> float:
        """The last epoch of the curves by epoch; 0 if there is none."""
        return self.validation_loss[-1][0] if self.validation_loss else 0.0


class Reader:
    """Reads the figures of one run: all of them at first, later only what is new."""

    def __init__(self, runs: RunStore, run_id: str) -> None:
        self._metrics = MetricsReader(runs.folder(run_id), MAX_POINTS, whole=(metric_names.F1,))

    def read(self) -> RunFigures:
        """The figures as they are now."""
        points = {name: _finite(series) for name, series in self._metrics.read().items()}
        by_epoch = {
            field: _group(points, name) if name.endswith("/") else points.get(name, ())
            for field, name in metric_names.EPOCH_SERIES.items()
        }
        return RunFigures(
            **by_epoch,  # type: ignore[arg-type]  # a group's field is a dict, any other one a tuple
            step_loss=points.get(metric_names.STEP_LOSS, ()),
            learning_rate=points.get(metric_names.LEARNING_RATE, ()),
            gradient_norm=points.get(metric_names.GRADIENT_NORM, ()),
            throughput=points.get(metric_names.THROUGHPUT, ()),
            use={word: points[name] for word, (name, _) in USE.items() if name in points},
        )


def _finite(series: Series) -> tuple[Point, ...]:
    points = zip(series.steps, series.values, strict=True)
    return tuple(point for point in points if math.isfinite(point[1]))


def _group(points: Mapping[str, tuple[Point, ...]], prefix: str) -> dict[str, tuple[Point, ...]]:
    """The series whose names begin with ``prefix``, by the rest of their names."""
    return {name.removeprefix(prefix): one for name, one in points.items() if name.startswith(prefix)}


def last(points: Sequence[Point]) -> float | None:
    """The latest value, or None where there is none yet."""
    return points[-1][1] if points else None


def config_of(run: Run) -> TrainingConfig | None:
    """The run's config, or None where another version of the app wrote it."""
    try:
        return documents.load(TrainingConfig, run.config)
    except ConfigError:
        return None


def of_member_at_work(points: Sequence[Point], config: TrainingConfig | None) -> list[Point]:
    """The points of the member that learns, or learned last; members follow one another on the same axis."""
    if not points:
        return []
    epochs = config.all_epochs if config is not None and config.members > 1 else math.inf
    member = math.floor((points[-1][0] - 1) / epochs)
    return [point for point in points if math.floor((point[0] - 1) / epochs) == member]


def run_lci(f1: Sequence[Point], config: TrainingConfig | None) -> LearningCurveIndex:
    """The index of the curve so far; of an ensemble, that of the member at work."""
    return learning_curve_index([value for _, value in of_member_at_work(f1, config)])


def lci_by_epoch(f1: Sequence[Point], config: TrainingConfig | None) -> list[Point]:
    """The index as it stood after each epoch; NaN, a gap, while nothing had dropped yet."""
    points = of_member_at_work(f1, config)
    values = indices_by_epoch([value for _, value in points])
    return [
        (epoch, math.nan if value is None else value)
        for (epoch, _), value in zip(points, values, strict=True)
    ]


def changes(f1: Sequence[Point], config: TrainingConfig | None) -> list[Point]:
    """The points that the index is computed from: how F1 changed from the epoch before."""
    points = of_member_at_work(f1, config)
    return [(epoch, after - before) for (_, before), (epoch, after) in pairwise(points)]


def first_at_work(points: Sequence[Point], config: TrainingConfig, together: int) -> int:
    """The first, from 0, of the ``together`` members that learn, or learnt last."""
    return int((points[-1][0] - 1) // config.all_epochs) * together


def current_member(f1: Sequence[Point], config: TrainingConfig | None, together: int = 1) -> str:
    """``Member 2 of 4``, or ``Members 1-4 of 8`` where ``together`` learn at once; else nothing."""
    if config is None or config.members == 1 or not f1:
        return ""
    first = first_at_work(f1, config, together)
    return member_words(first, min(together, config.members - first), config.members)
