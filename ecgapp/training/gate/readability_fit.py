"""Fits the readability gate, which decides whether a signal can be read as an ECG at all.

A network of one hidden layer on twelve numbers is trained on all windows at once. Each kind of good record
has the same total weight, and each kind of bad record too; good and bad weigh one half each. So a few windows
of ventricular fibrillation count as much as a thousand sinus rhythms. The threshold is the score that
``allowance`` of the windows of good validation records exceed. A record is refused if fewer than a quarter of
its windows, over all leads, score below it.

Patients with dangerous rhythms are few. So the gate is fitted on all of them and evaluated by cross-fitting:
each real record is scored by a network and a threshold fitted without the two folds of its group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from ecgapp.errors import ConfigError, SignalError
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.detectors.record_readability import record_numbers, unreadable
from ecgapp.evaluate.detectors.refusals import BAD, GOOD, GRADED
from ecgapp.models import Readability, ReadabilityConfig, TrainedModel, build
from ecgapp.training.gate.gate_records import DISTORTED, Log, Sample, gather, rhythm_samples
from ecgapp.training.gate.similarity_fit import GateFitConfig

STEPS, RATE, LATE_RATE, LATE = 400, 0.02, 0.005, 280  # of Adam, on all windows at once
DECAY = 1e-4  # of the squared weights
SOURCE, RHYTHM, SPOILED = "source", "rhythm", "spoiled"  # where records come from
STANDSTILL = "asystole"
GROUPS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10))  # folds that one of the cross-fits scores


@dataclass(frozen=True, eq=False)
class MeasuredRecord:
    """One record: its kind, role and fold, and the numbers of its windows (n_windows, n_numbers)."""

    kind: str
    role: str
    fold: int
    numbers: Floats
    labels: tuple[str, ...] = ()
    origin: str = SOURCE


def measure(samples: Iterator[Sample], model: TrainedModel, log: Log, origin: str) -> list[MeasuredRecord]:
    """The numbers of each sample; records without any signal, or with gaps in every lead, are left out.

    Distorted but readable records and asystole take the role ``GRADED``: they are scored but train neither
    class.
    """
    rows = []
    for number, sample in enumerate(samples, 1):
        try:
            numbers = record_numbers(sample.record, model)
        except SignalError:
            log(f"A record of {sample.kind} is left out: samples are missing, or it is too short.")
            continue
        beside = sample.kind in DISTORTED or sample.kind.endswith(STANDSTILL)
        if len(numbers):
            role = GRADED if beside else sample.role
            rows.append(MeasuredRecord(sample.kind, role, sample.fold, numbers, sample.labels, origin))
        if number % 500 == 0:
            log(f"{number:,} records measured.")
    return rows


def readable_rows(config: GateFitConfig, data: Path, model: TrainedModel, log: Log) -> list[MeasuredRecord]:
    """The numbers of every record of the sources, every window of known rhythm, and every spoiled record.

    Raises:
        DatasetError: a source is missing.
    """
    good, spoiled = gather(config, data, False)
    log(f"{len(good):,} records of the sources.")
    rows = measure(iter(good), model, log, SOURCE)
    rows += measure(rhythm_samples(config, data), model, log, RHYTHM)
    return rows + measure(spoiled, model, log, SPOILED)


def empty_readability(config: GateFitConfig) -> Readability:
    """A network that has learnt nothing."""
    torch.manual_seed(config.seed)
    network = build(ReadabilityConfig(config.preprocessing.sampling_rate))
    if not isinstance(network, Readability):
        raise ConfigError("A readability network cannot be built.")
    return network.eval()


def fit_readable(
    learnt: Sequence[MeasuredRecord], validation: Sequence[MeasuredRecord], config: GateFitConfig
) -> tuple[Readability, float]:
    """A network fitted on ``learnt``, and the threshold that the good ones of ``validation`` give.

    Raises:
        ConfigError: there are no good or no bad records, or none for the threshold.
    """
    learnt = [one for one in learnt if one.role in (GOOD, BAD)]
    good = [one.numbers for one in validation if one.role == GOOD]
    if {one.role for one in learnt} != {GOOD, BAD}:
        raise ConfigError("The training folds need good and spoiled records. Choose more folds.")
    if not good:
        raise ConfigError("The validation folds hold no good records. Choose more folds.")
    numbers = torch.from_numpy(np.concatenate([one.numbers for one in learnt])).float()
    counts = [len(one.numbers) for one in learnt]
    bad = torch.tensor(np.repeat([one.role == BAD for one in learnt], counts)).float()
    shares = torch.from_numpy(np.repeat(_shares(learnt), counts)).float()
    network = empty_readability(config)
    _train(network, numbers, bad, shares)
    with torch.inference_mode():
        scores = network.judge(torch.from_numpy(np.concatenate(good)).float()).sigmoid().double().numpy()
    return network, float(np.quantile(scores, 1 - config.allowance))


def _shares(learnt: Sequence[MeasuredRecord]) -> Floats:
    """The weight of one window of each record: kinds of a role weigh the same, good and bad one half each."""
    totals: dict[tuple[str, str], int] = {}
    for one in learnt:
        totals[one.role, one.kind] = totals.get((one.role, one.kind), 0) + len(one.numbers)
    kinds = {role: sum(other == role for other, _ in totals) for role in (GOOD, BAD)}
    return np.array([0.5 / kinds[one.role] / totals[one.role, one.kind] for one in learnt])


def _train(network: Readability, numbers: torch.Tensor, bad: torch.Tensor, shares: torch.Tensor) -> None:
    """Scale the numbers, then Adam on all windows at once."""
    mean = (shares[:, None] * numbers).sum(0)
    network.mean.copy_(mean)
    network.deviation.copy_((shares[:, None] * (numbers - mean) ** 2).sum(0).sqrt() + 1e-6)
    network.usual.copy_(numbers[bad == 0].median(0).values)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    for step in range(STEPS):
        if step == LATE:
            optimiser.param_groups[0]["lr"] = LATE_RATE
        losses = functional.binary_cross_entropy_with_logits(network.judge(numbers), bad, reduction="none")
        decay = sum(weights.square().sum() for weights in network.parameters())
        loss = (shares * losses).sum() + DECAY * decay
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    network.requires_grad_(False)


def fit_on_folds(rows: Sequence[MeasuredRecord], config: GateFitConfig) -> tuple[Readability, float]:
    """The gate: fitted on the training folds and on all windows of known rhythm.

    Raises:
        ConfigError: as ``fit_readable``.
    """
    learnt = [one for one in rows if one.fold in config.train_folds or one.origin == RHYTHM]
    validation = [one for one in rows if one.fold in config.validation_folds and one.origin == SOURCE]
    return fit_readable(learnt, validation, config)


def scores(network: Readability, rows: Sequence[MeasuredRecord]) -> Floats:
    """Each record's score."""
    return np.array([unreadable(one.numbers, network) for one in rows])


def cross_fitted(rows: Sequence[MeasuredRecord], config: GateFitConfig, threshold: float) -> Floats:
    """Each record's score by a fit without its folds.

    The scores are moved so that ``threshold`` refuses the same records as the fit's own threshold, which the
    next group of folds gives. Raises as ``fit_readable``.
    """
    crossed = np.full(len(rows), np.nan)
    for place, group in enumerate(GROUPS):
        threshold_folds = GROUPS[(place + 1) % len(GROUPS)]
        learnt = [one for one in rows if _is_training_record(one, group, threshold_folds, config)]
        validation = [one for one in rows if one.fold in threshold_folds and one.origin == SOURCE]
        network, own_threshold = fit_readable(learnt, validation, config)
        judged = [number for number, one in enumerate(rows) if one.fold in group]
        crossed[judged] = _moved(
            scores(network, [rows[number] for number in judged]), own_threshold, threshold
        )
    return crossed


def _is_training_record(
    one: MeasuredRecord, group: Sequence[int], threshold_folds: Sequence[int], config: GateFitConfig
) -> bool:
    """Whether the network that scores ``group`` is trained on this record."""
    if one.origin == SPOILED and one.fold not in config.train_folds:
        return False  # its noise is that of the test folds
    return one.fold not in group and (one.fold not in threshold_folds or one.origin == RHYTHM)


def _moved(values: Floats, own_threshold: float, threshold: float) -> Floats:
    """The values moved on the logarithm of the odds, so that ``own_threshold`` becomes ``threshold``."""
    values, at, to = (_logit(np.asarray(x)) for x in (values, own_threshold, threshold))
    return np.asarray(1 / (1 + np.exp(-(values - at + to))))


def _logit(values: Floats) -> Floats:
    inside = np.clip(values, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(inside / (1 - inside)))


def without_kind(kind: str, rows: Sequence[MeasuredRecord], config: GateFitConfig) -> tuple[int, int]:
    """Two counts: the kind's test records that a gate fitted without this kind refuses, and all of them."""
    network, own_threshold = fit_on_folds([one for one in rows if one.kind != kind], config)
    test = [one for one in rows if one.kind == kind and one.fold in config.test_folds]
    return int((scores(network, test) >= own_threshold).sum()), len(test)
