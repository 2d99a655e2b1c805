"""The real records on which critical findings are judged, each with its truth and the fold of its patient."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ecgapp.datasets.rhythm_marks import VENTRICULAR
from ecgapp.errors import DatasetError
from ecgapp.records import ECGRecord
from ecgapp.training.ventricular.ventricular_fit import VentricularFitConfig
from ecgapp.training.ventricular.ventricular_judging import part_of, windows_of
from ecgapp.training.ventricular.ventricular_records import noise_records
from ecgapp.training.ventricular.ventricular_strips import (
    NOISY,
    TACHYCARDIA_CODES,
    data_set_records,
    marked_recordings,
)

WINDOW = 10.0  # s
SOUND = frozenset({"organised", "paced"})
LONGEST = 30.0  # s of a record
TWELVE = ("ptb-xl", "ptb-xl-zscored", "challenge", "ludb")
NORMAL = frozenset({"SCP:NORM", "CPSC:Normal"})
SINUS = "SNOMED:426783006"
RARE = {  # rhythms and patterns that must never be refused
    "ventricular tachycardia": TACHYCARDIA_CODES,
    "atrial flutter": frozenset({"SCP:AFLT", "SNOMED:164890007", "LUDB:Atrial flutter"}),
    "supraventricular tachycardia": frozenset({"SCP:SVTAC", "SCP:PSVT", "SNOMED:426761007"}),
    "atrial tachycardia": frozenset({"SNOMED:713422000"}),
    "paced": frozenset({"SCP:PACE", "SNOMED:10370003", "LUDB:Pacemaker presence"}),
    "AV block, second degree or complete": frozenset(
        {
            "SCP:2AVB", "SCP:3AVB", "SNOMED:195042002", "SNOMED:27885002", "SNOMED:233917008",
            "LUDB:Iii degree av-block",
        }
    ),
    "pre-excitation": frozenset({"SCP:WPW", "SNOMED:74390002"}),
}  # fmt: skip
ST_ELEVATION = frozenset({"CPSC:STE", "LUDB:Stemi"})


@dataclass(frozen=True, eq=False)
class Case:
    """A record with what is known of it; ``fold`` is the ventricular network's member that never saw it."""

    record: ECGRecord
    group: str
    patient: str
    fold: int
    ventricular: bool = False
    normal: bool = False
    st_elevation: bool = False
    rare: tuple[str, ...] = field(default=())


def windows(data: Path, marks: Path, config: VentricularFitConfig) -> Iterator[Case]:
    """The windows of cudb that came with the data, and all marked ones of mitdb."""
    given = _given(data / "cudb" / "segments.csv")
    for recording, fold in marked_recordings(data, marks, config.network.members):
        database, _, name = recording.name.partition("/")
        if database == "mitdb":
            for one in windows_of(recording, fold):
                yield Case(one.record, "mitdb, all", one.patient, fold, one.ventricular)
            continue
        for start, end, ventricular in given.get(name, ()):
            part = part_of(recording.record, start, end - start)
            yield Case(part, "cudb, as given", recording.name, fold, ventricular)


def random_windows(data: Path, marks: Path, config: VentricularFitConfig) -> Iterator[Case]:
    """The windows of cudb drawn at random that are mostly ventricular, or organised throughout."""
    drawn = _drawn(marks / "cudb_random.csv")
    for recording, fold in marked_recordings(data, marks, config.network.members):
        for start, end in drawn.get(recording.name.partition("/")[2], ()):
            ventricular = recording.share(start, end, VENTRICULAR) >= 0.5
            if ventricular or recording.share(start, end, SOUND) > 0.999:
                part = part_of(recording.record, start, end - start)
                yield Case(part, "cudb, at random", recording.name, fold, ventricular)


def noises(data: Path, config: VentricularFitConfig) -> Iterator[Case]:
    """Recorded noise that the network never heard, computed noise, and the noisy class of CinC 2017."""
    for one in noise_records(data, config.seed):
        yield Case(one.record, one.kind, one.patient, one.fold % config.network.members)
    for one in data_set_records("cinc2017", data, config.network.members, 1.0, config.seed):
        if NOISY in one.record.codes:
            yield Case(_beginning(one.record), "CinC 2017, noisy class", one.patient, one.fold)


def source_cases(data: Path, config: VentricularFitConfig) -> Iterator[Case]:
    """Every record of the data sets of twelve leads."""
    for source in TWELVE:
        for one in data_set_records(source, data, config.network.members, 1.0, config.seed):
            codes = frozenset(one.record.codes)
            yield Case(
                _beginning(one.record),
                source,
                one.patient,
                one.fold,
                bool(codes & TACHYCARDIA_CODES),
                bool(codes & NORMAL) or codes == {SINUS},
                bool(codes & ST_ELEVATION),
                tuple(name for name, having in RARE.items() if codes & having),
            )


def _beginning(record: ECGRecord) -> ECGRecord:
    return replace(
        record, signal=np.ascontiguousarray(record.signal[:, : round(LONGEST * record.sampling_rate)])
    )


def _given(path: Path) -> dict[str, list[tuple[float, float, bool]]]:
    """Windows that came with the data, in s at 250 Hz, by record."""
    spans_by_record: dict[str, list[tuple[float, float, bool]]] = {}
    for row in _rows(path):
        start, end = (int(row[name]) / 250.0 for name in ("first_sample", "end_sample"))
        spans_by_record.setdefault(row["record"], []).append((start, end, row["rhythm"] == "ventricular"))
    return spans_by_record


def _drawn(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Windows that were drawn at random, in s, by record."""
    spans_by_record: dict[str, list[tuple[float, float]]] = {}
    for row in _rows(path):
        spans_by_record.setdefault(row["record"], []).append((float(row["start_s"]), float(row["end_s"])))
    return spans_by_record


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise DatasetError("The windows of cudb are missing. Unpack cudb, and restore its marks.") from error
