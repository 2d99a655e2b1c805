"""The strips that the ventricular network learns from: one lead each, and which classes each frame may have.

A frame has a bit mask over ``VENTRICULAR_CLASSES``, for many sources say only a part: a noisy record
is organised or noise, but not ventricular; a record of ventricular tachycardia may hold normal beats.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.layouts.layout import LAYOUTS, ImportOptions
from ecgapp.datasets.rhythm_marks import (
    DATABASES,
    VENTRICULAR,
    MarkedSpan,
    RhythmRecording,
    rhythm_recordings,
)
from ecgapp.errors import RecordError
from ecgapp.models import VENTRICULAR_CLASSES
from ecgapp.records import RARE_RHYTHMS, RHYTHMS, SyntheticConfig, SyntheticECG, synthesise
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals import PreprocessingConfig, preprocess
from ecgapp.signals.normalise import FLAT
from ecgapp.training.gate.bad_signals import NOISES, read_noise

ORGANISED, TACHYCARDIA, FIBRILLATION, NOISE = (1 << place for place in range(len(VENTRICULAR_CLASSES)))
ANY = ORGANISED | TACHYCARDIA | FIBRILLATION | NOISE
MASKS = {
    "organised": ORGANISED,
    "paced": ORGANISED,
    "ventricular_tachycardia": TACHYCARDIA,
    "flutter": FIBRILLATION,
    "fibrillation": FIBRILLATION,
    "asystole": ORGANISED | NOISE,
    "noise": ORGANISED | NOISE,
    "unsure": ANY,
}
EDGE = 0.2  # s on either side of a mark's boundary in which every class is possible
SYNTHETIC_EDGE = 0.04  # s; the same where the truth is known
STANDSTILL = frozenset({"asystole", "pause"})
FIRST_SEED = 100_000  # of synthetic records to learn from; tests and benchmarks use seeds far below
EVERYWHERE = -1  # the fold of what every member learns from
LONGEST = 30.0  # s of a record of a data set that are used
FOLDERS = {"challenge": "challenge2021"}  # of the layouts whose folder has another name
TACHYCARDIA_CODES = frozenset({"SNOMED:425856008", "SNOMED:164895002"})
# Labels that resemble a ventricular rhythm most; their records are drawn more often.
RESEMBLING = frozenset(
    {
        "CPSC:LBBB", "CPSC:RBBB", "CPSC:PVC", "SCP:CLBBB", "SCP:CRBBB", "SCP:PVC", "SCP:BIGU", "SCP:PACE",
        "SCP:WPW", "SCP:SVTAC", "SCP:PSVT", "SCP:AFLT", "SNOMED:10370003", "SNOMED:74390002",
        "SNOMED:164909002", "SNOMED:733534002", "SNOMED:59118001", "SNOMED:713427006", "SNOMED:164890007",
        "SNOMED:17338001", "SNOMED:427172004", "SNOMED:698252002", "SNOMED:426761007", "SNOMED:713422000",
        "SNOMED:164884008", "SNOMED:233897008", "LUDB:Pacemaker presence",
        "LUDB:Complete left bundle branch block", "LUDB:Complete right bundle branch block",
    }
)  # fmt: skip
NOISY = "CINC2017:~"


@dataclass(frozen=True, eq=False)
class Strip:
    """One lead at the network's rate, with a mask for each sample; ``kind`` decides how often it is drawn."""

    signal: FloatArray
    masks: NDArray[np.uint8]
    kind: str
    patient: str
    fold: int


def fold_of(patient: str, n_folds: int) -> int:
    """The fold of a patient of a large data set, by a hash of the name, from 0."""
    return int(hashlib.sha256(patient.encode()).hexdigest(), 16) % n_folds


def marked_recordings(data: Path, marks: Path, n_folds: int) -> list[tuple[RhythmRecording, int]]:
    """Each marked recording with its fold; those with the most ventricular rhythm are dealt out first.

    Raises:
        DatasetError: marks or recordings are missing.
    """
    dealt = []
    for database in DATABASES:
        recordings = sorted(
            rhythm_recordings(database, data, marks), key=lambda one: (-_seconds(one), one.name)
        )
        dealt += [(recording, number % n_folds) for number, recording in enumerate(recordings)]
    return dealt


def _seconds(recording: RhythmRecording) -> float:
    """The length of its ventricular rhythms together, s."""
    return sum(span.end - span.start for span in recording.spans if span.rhythm in VENTRICULAR)


def strips_of_recording(recording: RhythmRecording, config: PreprocessingConfig, fold: int) -> list[Strip]:
    """One strip a lead."""
    record = recording.record
    signals = preprocess(np.nan_to_num(record.signal)[:, None], record.sampling_rate, config)[:, 0]
    masks = frame_masks(recording, signals.shape[1], config.sampling_rate)
    kind = recording.name.partition("/")[0]
    return [Strip(signal, masks, kind, recording.name, fold) for signal in signals]


def frame_masks(recording: RhythmRecording, n_samples: int, rate: float) -> NDArray[np.uint8]:
    """The classes that each sample may have; around boundaries every class is possible."""
    masks = np.full(n_samples, MASKS[recording.elsewhere], np.uint8)
    for span in recording.spans:
        masks[round(span.start * rate) : round(span.end * rate)] = MASKS[span.rhythm]
    return _blurred(masks, round(EDGE * rate))


def _blurred(masks: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    """Every class is possible within ``reach`` samples of a change."""
    blurred = masks.copy()
    for edge in np.flatnonzero(np.diff(masks)) + 1:
        blurred[max(0, edge - reach) : edge + reach] = ANY
    return blurred


@dataclass(frozen=True, eq=False)
class SourceRecord:
    """A record of a data set: how often it is drawn, its patient and fold, and the classes it may show.

    ``name`` is its file's, without a folder or suffix.
    """

    name: str
    record: ECGRecord
    kind: str
    mask: int
    patient: str
    fold: int


def data_set_records(
    source: str, data: Path, n_folds: int, share: float, seed: int
) -> Iterator[SourceRecord]:
    """The drawn ``share`` of a data set's records. Records that cannot be read are left out."""
    scan = LAYOUTS[source].scan(data / FOLDERS.get(source, source), ImportOptions())
    rng = np.random.default_rng(seed)
    number_with_tachycardia = 0
    for entry in scan.entries:
        if rng.random() >= share:
            continue
        try:
            record = scan.read(entry.where)
        except RecordError:
            continue
        codes = frozenset(record.codes if entry.codes is None else entry.codes)
        kind, mask = kind_of(codes, source)
        fold = fold_of(entry.patient_id, n_folds)
        if kind == "tachycardia":  # few: each fold gets its share
            fold, number_with_tachycardia = number_with_tachycardia % n_folds, number_with_tachycardia + 1
        record = replace(record, codes=tuple(sorted(codes)))
        yield SourceRecord(Path(entry.where).stem, record, kind, mask, entry.patient_id, fold)


def kind_of(codes: frozenset[str], source: str) -> tuple[str, int]:
    """The kind of a record with these codes, and the classes that its frames may have."""
    if codes & TACHYCARDIA_CODES:
        return "tachycardia", ORGANISED | TACHYCARDIA | FIBRILLATION
    if NOISY in codes:
        return "hand-held", ORGANISED | NOISE
    if source == "cinc2017":
        return "hand-held", ORGANISED
    return ("resembling" if codes & RESEMBLING else "other"), ORGANISED


def strips_of_record(
    source: SourceRecord, config: PreprocessingConfig, marked: Mapping[str, Sequence[MarkedSpan]]
) -> list[Strip]:
    """One strip for each lead with a signal, of the first ``LONGEST`` s.

    A record in which ventricular tachycardia is ``marked`` has the classes of its marks.
    """
    record = source.record
    part = np.nan_to_num(record.signal[:, : round(LONGEST * record.sampling_rate)])
    alive = part[part.std(axis=-1) > FLAT]
    if not len(alive):
        return []
    signals = preprocess(alive[:, None], record.sampling_rate, config)[:, 0]
    masks = np.full(signals.shape[1], source.mask, np.uint8)
    spans = tuple(marked.get(source.name, ()))
    if any(span.rhythm in VENTRICULAR for span in spans):
        recording = RhythmRecording(source.name, record, spans, "unsure")
        masks = frame_masks(recording, signals.shape[1], config.sampling_rate)
    return [Strip(signal, masks, source.kind, source.patient, source.fold) for signal in signals]


def synthetic_strips(n_each: int, config: PreprocessingConfig, seed: int) -> Iterator[Strip]:
    """The leads of ``n_each`` synthetic records of every rhythm, noisy and at either of two sampling rates.

    Every member of an ensemble learns from all of them.
    """
    for rhythm in (*RHYTHMS, *RARE_RHYTHMS):
        for number in range(n_each):
            rng = np.random.default_rng([seed, number])
            noise, wander = rng.uniform(0.0, 0.04), rng.uniform(0.0, 0.15)
            rate = 250.0 if number % 2 else 500.0
            made = synthesise(
                SyntheticConfig(
                    rhythm, sampling_rate=rate, noise=noise, wander=wander, seed=FIRST_SEED + number
                )
            )
            yield from _strips_of_synthetic(made, config)


def _strips_of_synthetic(made: SyntheticECG, config: PreprocessingConfig) -> list[Strip]:
    record = made.record
    signals = preprocess(record.signal[:, None], record.sampling_rate, config)[:, 0]
    masks = np.full(signals.shape[1], ORGANISED, np.uint8)
    standstill = [(one.start, one.end, ORGANISED | NOISE) for one in made.events if one.kind in STANDSTILL]
    ventricular = [
        (one.start, one.end, TACHYCARDIA if one.rhythm == "VT" else FIBRILLATION) for one in made.ventricular
    ]
    for start, end, mask in (*standstill, *ventricular):
        masks[round(start * config.sampling_rate) : round(end * config.sampling_rate)] = mask
    masks = _blurred(masks, round(SYNTHETIC_EDGE * config.sampling_rate))
    return [Strip(signal, masks, "synthetic", record.record_id, EVERYWHERE) for signal in signals]


def noise_strips(data: Path, config: PreprocessingConfig, second_half: bool) -> list[Strip]:
    """One half of the recordings of the noise stress test database, which hold no heart rhythm.

    Raises:
        DatasetError: they are missing.
    """
    strips = []
    for name in NOISES:
        for lead in read_noise(data / "nstdb", name, second_half).samples:
            signal = preprocess(lead[None, None], 360.0, config)[0, 0]
            strips.append(
                Strip(signal, np.full(signal.size, NOISE, np.uint8), "noise", f"nstdb/{name}", EVERYWHERE)
            )
    return strips
