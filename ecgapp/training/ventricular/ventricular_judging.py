"""The ventricular network on patients that it did not learn from: what it finds, and its false alarms."""

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from ecgapp.datasets.rhythm_marks import VENTRICULAR, RhythmRecording
from ecgapp.errors import SignalError
from ecgapp.evaluate.detectors.ventricular_decision import ventricular_rhythm
from ecgapp.evaluate.reliability_diagram import wilson
from ecgapp.models import (
    Interval,
    TrainedModel,
    VentricularFigures,
    VentricularMetrics,
    VentricularNetwork,
    build,
)
from ecgapp.records.record import ECGRecord

WINDOW = 10.0  # s
MOST = 0.5  # of a window that is ventricular, at least, to count as ventricular
NO_PATIENT = ""  # of noise
SOUND = frozenset({"organised", "paced"})


@dataclass(frozen=True, eq=False)
class JudgedRecord:
    """A record or window with what it is: whether it is ventricular, its patient, and the patient's fold.

    Noise without a heart has no patient: its name is empty.
    """

    record: ECGRecord
    kind: str
    ventricular: bool
    patient: str
    fold: int


def windows_of(recording: RhythmRecording, fold: int) -> Iterator[JudgedRecord]:
    """The recording's windows of ten seconds that are mostly ventricular, or organised throughout."""
    database = recording.name.partition("/")[0]
    for number in range(int(recording.record.duration // WINDOW)):
        start = WINDOW * number
        ventricular = recording.share(start, start + WINDOW, VENTRICULAR) >= MOST
        organised = recording.share(start, start + WINDOW, SOUND) > 0.999
        if ventricular or organised:
            kind = f"{database}, {'ventricular' if ventricular else 'organised'}"
            yield JudgedRecord(
                part_of(recording.record, start, WINDOW), kind, ventricular, recording.name, fold
            )


def part_of(record: ECGRecord, start: float, seconds: float) -> ECGRecord:
    """``seconds`` of the record from ``start`` on."""
    first = round(start * record.sampling_rate)
    return replace(record, signal=record.signal[:, first : first + round(seconds * record.sampling_rate)])


def alone(model: TrainedModel, member: int) -> TrainedModel:
    """The model with one of its members only: the one that did not learn from the patients of that fold."""
    network = model.network
    if not isinstance(network, VentricularNetwork):
        raise TypeError("Only a ventricular network has members to be judged alone.")
    single = build(replace(network.config, members=1))
    single.members = nn.ModuleList([copy.deepcopy(network.members[member])])
    card = replace(model.card, network=single.config)
    return TrainedModel(single.eval().requires_grad_(False), card)


def judge(records: Iterable[JudgedRecord], model: TrainedModel, dataset: str) -> VentricularMetrics:
    """The figures of ``records``, each judged by the member that was trained without its fold."""
    network = model.network
    n_members = len(network.members) if isinstance(network, VentricularNetwork) else 0
    singles = [alone(model, member) for member in range(n_members)]
    rows = [(one, _is_called(one.record, singles[one.fold % n_members])) for one in records]
    kinds = dict.fromkeys((one.kind, one.ventricular) for one, _ in rows)
    return VentricularMetrics(
        dataset,
        len(rows),
        _share([called for one, called in rows if one.ventricular]),
        _share([called for one, called in rows if not one.ventricular]),
        tuple(_figures(kind, ventricular, rows) for kind, ventricular in kinds),
    )


def _is_called(record: ECGRecord, model: TrainedModel) -> bool:
    """Whether a ventricular run is found; in a record without a signal there is none."""
    try:
        return bool(ventricular_rhythm(record, model).runs)
    except SignalError:
        return False


def _figures(kind: str, ventricular: bool, rows: Sequence[tuple[JudgedRecord, bool]]) -> VentricularFigures:
    mine = [(one, called) for one, called in rows if one.kind == kind]
    called = sum(called for _, called in mine)
    n_patients = len({one.patient for one, _ in mine} - {NO_PATIENT})
    return VentricularFigures(kind, ventricular, n_patients, len(mine), called, wilson(called, len(mine)))


def _share(called: Sequence[bool]) -> Interval | None:
    return wilson(int(np.sum(called)), len(called))
