"""All records of a training of the ventricular network: strips to learn from, and records to judge it by."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgapp.datasets.rhythm_marks import DATABASES, read_spans
from ecgapp.records.record import LEADS, ECGRecord
from ecgapp.training.gate.bad_signals import FORMULAS, NOISES, RECORDED, read_noise, twelve
from ecgapp.training.ventricular.ventricular_fit import VentricularFitConfig
from ecgapp.training.ventricular.ventricular_judging import NO_PATIENT, JudgedRecord, windows_of
from ecgapp.training.ventricular.ventricular_strips import (
    NOISY,
    TACHYCARDIA_CODES,
    SourceRecord,
    Strip,
    data_set_records,
    marked_recordings,
    noise_strips,
    strips_of_record,
    strips_of_recording,
    synthetic_strips,
)

TWELVE_LEADS = "twelve_lead.csv"  # marks of some records of data sets
LONGEST = 10.0  # s of a record that are judged
HEARTS = frozenset({"backwards", "wrong sampling rate"})  # formulas that keep the heart's rhythm
N_NOISE = 100  # windows of each kind of noise that are judged


@dataclass(frozen=True, eq=False)
class Material:
    """The strips, the records that judge, and the names of the sources."""

    strips: tuple[Strip, ...]
    judged: tuple[JudgedRecord, ...]
    sources: tuple[str, ...]


def gather(config: VentricularFitConfig, data: Path, marks: Path) -> Material:
    """The strips and records of the sources that the config names, below the folder ``data`` of archives.

    Raises:
        DatasetError: marks, recordings or noises are missing.
    """
    n_folds, preprocessing = config.network.members, config.preprocessing
    marked = {Path(name).name: spans for name, spans in read_spans(marks / TWELVE_LEADS).items()}
    strips: list[Strip] = []
    judged: list[JudgedRecord] = []
    for recording, fold in marked_recordings(data, marks, n_folds):
        strips += strips_of_recording(recording, preprocessing, fold)
        judged += windows_of(recording, fold)
    for source, share in config.sources.items():
        for one in data_set_records(source, data, n_folds, share, config.seed):
            strips += strips_of_record(one, preprocessing, marked)
            judged.append(judged_record(one, source))
    strips += synthetic_strips(config.synthetic, preprocessing, config.seed)
    strips += noise_strips(data, preprocessing, second_half=False)
    judged += noise_records(data, config.seed)
    return Material(tuple(strips), tuple(judged), (*DATABASES, *config.sources, "nstdb", "synthetic"))


def judged_record(one: SourceRecord, source: str) -> JudgedRecord:
    """The first ten seconds of a data set's record, under the name of its kind."""
    record = one.record
    part = replace(record, signal=np.nan_to_num(record.signal[:, : round(LONGEST * record.sampling_rate)]))
    words = {
        "tachycardia": "labelled ventricular tachycardia",
        "resembling": "blocks, paced, ectopic, flutter",
    }
    name = f"{source}, {words.get(one.kind, 'all others')}"
    if NOISY in record.codes:
        name = f"{source}, noisy class"
    return JudgedRecord(part, name, bool(TACHYCARDIA_CODES & set(record.codes)), one.patient, one.fold)


def noise_records(data: Path, seed: int) -> list[JudgedRecord]:
    """Noise without a heart: recorded noise of which no member heard, and computed signals, one lead each."""
    rng = np.random.default_rng(seed)
    judged = []
    for name in NOISES:
        strips = read_noise(data / "nstdb", name, second_half=True).strips(N_NOISE, 2500, 250.0, rng)
        kind = {"ma": "recorded muscle noise", "bw": "recorded baseline wander"}[name]
        judged += [_one_lead(strip, kind, number) for number, strip in enumerate(strips)]
    for kind, make in FORMULAS.items():
        if kind in HEARTS:
            continue
        for number in range(N_NOISE // len(RECORDED) + 1):
            leads = twelve(make(np.zeros((len(RECORDED), 2500)), 250.0, rng))
            judged.append(_one_lead(leads[number % len(LEADS)], kind, number))
    return judged


def _one_lead(signal: np.ndarray, kind: str, number: int) -> JudgedRecord:
    record = ECGRecord(f"noise-{number}", np.asarray(signal, np.float32)[None], 250.0, ("ECG",))
    return JudgedRecord(record, kind, False, NO_PATIENT, number)
