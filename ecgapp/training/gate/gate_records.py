"""The records that a gate is fitted and judged on: good ones of several sources, and what spoils them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ecgapp.datasets.layouts.layout import LAYOUTS, ImportOptions
from ecgapp.errors import RecordError
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.detectors.gate_scores import gate_network, gate_strips, record_parts, strip_windows
from ecgapp.evaluate.detectors.refusals import BAD, GOOD, GRADED
from ecgapp.models import TrainedModel
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.records.record import LEADS, ECGRecord, FloatArray
from ecgapp.training.gate.bad_signals import (
    FORMULAS,
    LEVELS,
    NOISES,
    RECORDED,
    Noise,
    read_noise,
    shuffled,
    twelve,
    with_noise,
)
from ecgapp.training.gate.rhythm_records import rhythm_windows
from ecgapp.training.gate.similarity_fit import SIMILAR, GateFitConfig, Judged, fit_latent

FOLDERS = {"challenge": "challenge2021"}  # of the sources; the others' have their layouts' names
ILLEGIBLE = 0  # dB: muscle noise at and below this is fitted as bad, other noise as neither
HAND_HELD = "cinc2017"
HAND_HELD_RECORDS = 800  # of those that are not noisy
NOISY = "CINC2017:~"
SHUFFLED = "shuffled leads"
DISTORTED = (SHUFFLED, "backwards", "wrong sampling rate")  # readable, and yet not what models know
ALONE = " alone"  # noise without an ECG below it
SYNTHETIC_RECORDS = 40  # of each synthetic rhythm
WORDS = {"ma": "muscle noise", "bw": "baseline wander"}
Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Sample:
    """A record as it is judged: its kind, role and fold."""

    record: ECGRecord
    kind: str
    role: str
    fold: int
    labels: tuple[str, ...] = ()


def gather(
    config: GateFitConfig, data: Path, lead_by_lead: bool, folds: Sequence[int] | None = None
) -> tuple[list[Sample], Iterator[Sample]]:
    """Every readable record of the sources, and then those that are spoiled; of ``folds`` (None: all).

    Of the hand-held ones the noisy class too, as bad ones. A gate of one lead gets one lead of each, drawn.
    What is drawn for a record does not depend on ``folds``.
    """
    whole = [sample for source in config.sources for sample in _of_source(source, data, config.seed)]
    wanted = [
        (number, sample) for number, sample in enumerate(whole) if folds is None or sample.fold in folds
    ]
    spoiled = _spoiled(_to_spoil(wanted, config), config, data)
    if config.question == SIMILAR:  # noise that holds no ECG is a matter of the first question
        spoiled = (one for one in spoiled if not one.kind.endswith(ALONE))
    if not lead_by_lead:
        return [sample for _, sample in wanted], spoiled
    singles = (_one_lead(s, [config.seed, n]) for n, s in enumerate(spoiled) if s.kind != SHUFFLED)
    return [_one_lead(sample, [config.seed, number]) for number, sample in wanted], singles


def _of_source(source: str, data: Path, seed: int) -> Iterator[Sample]:
    scan = LAYOUTS[source].scan(data / FOLDERS.get(source, source), ImportOptions())
    entries = [entry for entry in scan.entries if entry.fold]
    if source == HAND_HELD:
        noisy = [entry for entry in entries if entry.codes == (NOISY,)]
        others = [entry for entry in entries if entry.codes != (NOISY,)]
        chosen = np.random.default_rng(seed).permutation(len(others))[:HAND_HELD_RECORDS]
        entries = noisy + [others[row] for row in sorted(chosen.tolist())]
    for entry in entries:
        try:
            record = scan.read(entry.where)
        except RecordError:
            continue
        codes = record.codes if entry.codes is None else entry.codes
        is_noisy = NOISY in codes
        kind = "noisy class of CinC 2017" if is_noisy else source
        yield Sample(record, kind, BAD if is_noisy else GOOD, entry.fold, codes)


def _one_lead(sample: Sample, seed: Sequence[int]) -> Sample:
    """One of the record's leads, drawn."""
    record = sample.record
    row = int(np.random.default_rng(seed).integers(record.n_leads))
    lead = record.leads[row : row + 1]
    single = replace(record, signal=record.signal[row : row + 1], leads=lead, derived=frozenset())
    return replace(sample, record=single)


def rhythm_samples(config: GateFitConfig, data: Path) -> Iterator[Sample]:
    """Good windows and records whose rhythm is known: real ones of the rhythm sources, and synthetic ones.

    Raises:
        DatasetError: a source is missing.
    """
    for source in config.rhythm_sources:
        for window in rhythm_windows(source, data / source):
            yield Sample(window.record, f"{source}, {window.rhythm}", GOOD, window.fold)
    for rhythm in config.synthetic:
        for number in range(SYNTHETIC_RECORDS):
            rng = np.random.default_rng([config.seed, number])
            noise, wander = rng.uniform(0, 0.03), rng.uniform(0, 0.2)
            made = synthesise(SyntheticConfig(rhythm=rhythm, seed=number, noise=noise, wander=wander))
            yield Sample(made.record, f"synthetic, {rhythm}", GOOD, number % 10 + 1)


def _to_spoil(samples: Sequence[tuple[int, Sample]], config: GateFitConfig) -> list[tuple[int, Sample]]:
    """The wanted number of records of the training folds, and as many of the test folds."""
    able = [one for one in samples if one[1].kind == config.spoiled_source]
    chosen: list[tuple[int, Sample]] = []
    for folds in (config.train_folds, config.test_folds):
        there = [one for one in able if one[1].fold in folds]
        order = np.random.default_rng(config.seed).permutation(len(there))[: config.spoiled_records]
        chosen += [there[place] for place in sorted(order.tolist())]
    return chosen


def _spoiled(samples: Sequence[tuple[int, Sample]], config: GateFitConfig, data: Path) -> Iterator[Sample]:
    """Each of these 12-lead records in mV spoiled in every way; test folds get the noises' second halves."""
    noises = {
        (name, late): read_noise(data / "nstdb", name, late) for name in NOISES for late in (False, True)
    }
    for number, sample in samples:
        rng = np.random.default_rng([config.seed, number])
        late = sample.fold in config.test_folds
        noise = {name: noises[name, late] for name in NOISES}
        yield from (
            replace(made, fold=sample.fold, labels=sample.labels)
            for made in _spoil(sample.record, noise, rng)
        )


def _spoil(record: ECGRecord, noises: dict[str, Noise], rng: np.random.Generator) -> Iterator[Sample]:
    clean, rate = record.select(LEADS)[list(RECORDED)].astype(np.float64), record.sampling_rate

    def sample(signal: FloatArray, kind: str, role: str) -> Sample:
        return Sample(replace(record, signal=signal), kind, role, 0)

    for name, noise in noises.items():
        strips = noise.strips(clean.shape[0], clean.shape[1], rate, rng)
        yield sample(twelve(strips), f"{WORDS[name]}{ALONE}", BAD)
        for level in LEVELS:
            role = BAD if name == "ma" and level <= ILLEGIBLE else GRADED
            noisy = twelve(with_noise(clean, rate, strips, level))
            yield sample(noisy, f"{WORDS[name]}, {level} dB", role)
    for kind, make in FORMULAS.items():
        yield sample(twelve(make(clean, rate, rng)), kind, BAD)
    yield sample(shuffled(record.select(LEADS), rng), SHUFFLED, BAD)


def usual_latents(samples: Sequence[Sample], model: TrainedModel, folds: Sequence[int]) -> Floats:
    """The latents of good samples of these folds, (n_windows, latent)."""
    gate = gate_network(model)
    rows = []
    for sample in samples:
        if sample.role == GOOD and sample.fold in folds:
            strips = gate_strips(sample.record, model)
            rows += [
                gate.autoencoder.encode(torch.from_numpy(strip_windows(strip, model))) for strip in strips
            ]
    return np.asarray(torch.cat(rows).double().numpy())


def judge(samples: Iterator[Sample], model: TrainedModel, log: Log) -> list[Judged]:
    """The parts of each sample's score; records without any signal are left out."""
    judged = []
    for number, sample in enumerate(samples, 1):
        parts = record_parts(sample.record, model)
        if not np.isnan(parts).any():
            row = Judged(sample.kind, sample.role, sample.fold, tuple(parts.tolist()), sample.labels)
            judged.append(row)
        if number % 500 == 0:
            log(f"{number:,} records judged.")
    return judged


def fit_on(config: GateFitConfig, data: Path, model: TrainedModel, log: Log) -> list[Judged]:
    """Every record judged by the gate, whose latent is set on the way."""
    gate = gate_network(model)
    good, spoiled = gather(config, data, gate.config.lead_by_lead)
    log(f"{len(good):,} records of the sources.")
    fit_latent(gate, usual_latents(good, model, config.train_folds))
    return judge(iter(good), model, log) + judge(spoiled, model, log)
