"""One trial that trains a network: the loop of all trainings, on records that are in memory already."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ecgapp.errors import TrainingError
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.experiments.trials.trial_data import TrialData
from ecgapp.models import Network, TrainedModel
from ecgapp.models.answers import ProbabilityRule
from ecgapp.records.record import FloatArray
from ecgapp.training import EpochReport, Reporter, StepReport, TrainingConfig, WatchedScores
from ecgapp.training.data.sharding import shared_out
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.ensembles import GroupReporter
from ecgapp.training.inference import Inference
from ecgapp.training.loop.training_loop import Loop
from ecgapp.training.parallel.process_group import ALONE
from ecgapp.training.preparation import EnsembleMember, PreparedTraining
from ecgapp.training.run import run

EPOCHS = "epochs.jsonl"


@dataclass(frozen=True, eq=False)
class TrialSplit:
    """The records that one trial learns from, chooses its epoch by, and is tested on; all are rows.

    ``train`` may name a record more than once (a bootstrap draw).
    """

    train: Rows
    validation: Rows
    test: Rows


@dataclass(frozen=True)
class TrialPlace:
    """The trial's number among the trials of its arm, from 0, and its folder for checkpoints."""

    number: int
    n_trials: int
    folder: Path
    keep_last: bool = False  # keep the last epoch's weights, so that the validation records choose nothing


@dataclass(frozen=True, eq=False)
class TrainedTrial:
    """A trained network with the reports of its epochs."""

    network: Network
    epochs: tuple[EpochReport, ...]
    prepared: PreparedTraining

    def probabilities(self, rows: Rows, records: RecordSet | None = None) -> FloatArray:
        """Probabilities of the records ``rows``, float32 (n_records, n_labels), not calibrated.

        ``records`` are the trial's own by default, or copies with altered signals.
        """
        prepared = self.prepared
        labels = prepared.config.labels()
        if labels is None:
            raise TypeError("An autoencoder has no probabilities.")
        rule = ProbabilityRule(labels.multilabel, aggregation=prepared.config.aggregation)
        seen = prepared.records if records is None else records
        logits, owners = prepared.inference(self.network).logits(seen, rows)
        return rule.records(logits, owners, rows)

    def curve(self, field: str) -> tuple[float | None, ...]:
        """One field of the epochs' reports, e.g. ``weighted_f1``."""
        return tuple(getattr(report, field) for report in self.epochs)

    def watched_curve(self, field: str) -> tuple[float | None, ...]:
        """One field of the scores on the test records after each epoch."""
        return tuple(getattr(report.watched, field) if report.watched else None for report in self.epochs)


def train_trial(
    config: TrainingConfig,
    data: TrialData,
    split: TrialSplit,
    pretrained: TrainedModel | None,
    place: TrialPlace,
    reporter: Reporter,
) -> TrainedTrial:
    """Train one network from the config's start; ``config.seed`` draws weights, batches and augmentation.

    The test records are scored after each epoch, and used for nothing. The kept weights are those of the
    epoch with the best validation score. Called again after a stop or a kill it goes on, to the same weights.

    Raises:
        Stopped: the reporter asked for it.
        TrainingError: the training cannot go on; the sentence says why.
    """
    prepared = prepare_trial(config, data, split, pretrained, place)
    curves = _CurveReporter(_in_turn(reporter, place), place.folder / EPOCHS)
    networks, _ = run(replace(prepared, reporter=curves))
    return TrainedTrial(networks[0], curves.reports(), prepared)


def prepare_trial(
    config: TrainingConfig,
    data: TrialData,
    split: TrialSplit,
    pretrained: TrainedModel | None,
    place: TrialPlace,
) -> PreparedTraining:
    """The prepared training of one trial; ``folder`` takes its checkpoints.

    Raises:
        TrainingError: there is nothing to learn from.
    """
    if min(len(split.train), len(split.validation)) == 0:
        raise TrainingError("A trial has no record to learn from, or none to choose its epoch by.")
    lanes = shared_out(data.records, [np.sort(split.train)], config.batch_size, config.lanes, 1)
    member = EnsembleMember(lanes[0], split.validation, config.seed)
    marks = data.digest + (pretrained.card.sha256 if pretrained else "") + _digest_of(split)
    watched = split.test if len(split.test) else None
    return PreparedTraining(
        config, data.stores, data.records, (member,), pretrained, marks, ProbeReporter(),
        place.folder, place.folder, ALONE, group="trial" if place.keep_last else "", watched=watched,
    )  # fmt: skip


def measured_seconds(
    config: TrainingConfig, data: TrialData, split: TrialSplit, pretrained: TrainedModel | None = None
) -> float:
    """The seconds that one trial would take, from a few steps and a few windows of inference.

    The first steps warm up and are not counted. Early stopping is not foreseen.

    Raises:
        TrainingError: there is nothing to learn from.
    """
    with TemporaryDirectory() as folder:
        place = TrialPlace(0, 1, Path(folder))
        return _measured(prepare_trial(config, data, split, pretrained, place))


def _measured(prepared: PreparedTraining, steps: int = 8) -> float:
    loop = Loop(prepared, prepared.networks())
    loop.learner.start_epoch()
    positions, owners = loop.batch_order()
    times = []
    for number in range(min(steps, loop.steps)):
        started = time.perf_counter()
        batch = loop.records.cut(positions[number].reshape(-1).tolist())
        windows = batch.view(*positions[number].shape, *batch.shape[1:])
        loop.learner.step(number, windows, loop.targets[owners[number]])
        times.append(time.perf_counter() - started)
    step = float(np.median(times[len(times) // 4 :]))
    judged = len(prepared.members[0].validation) + (0 if prepared.watched is None else len(prepared.watched))
    return prepared.config.epochs * (loop.steps * step + judged * _seconds_a_record(prepared, loop))


def _seconds_a_record(prepared: PreparedTraining, loop: Loop, sample: int = 64) -> float:
    rows = prepared.members[0].validation[:sample]
    inference = Inference(
        loop.learner.averaged_networks()[0], loop.learner.device, loop.learner.precision, ALONE
    )
    started = time.perf_counter()
    loop.objective.judge(inference, loop.records, rows)
    return (time.perf_counter() - started) / len(rows)


def _in_turn(reporter: Reporter, place: TrialPlace) -> Reporter:
    """The reporter of the arm, which receives the epochs of all trials one after the other."""
    return GroupReporter(
        reporter, place.number, place.n_trials, f"Trial {place.number + 1} of {place.n_trials}"
    )


class _CurveReporter:
    """Passes reports on, and keeps those of epochs in a file, so that curves survive a kill."""

    def __init__(self, reporter: Reporter, path: Path) -> None:
        self._reporter, self._path = reporter, path

    def step(self, report: StepReport) -> None:
        self._reporter.step(report)

    def epoch(self, report: EpochReport) -> None:
        self._reporter.epoch(report)
        line = json.dumps(asdict(report))
        with self._path.open("ab") as file:
            file.write(f"\n{line}\n".encode())
            file.flush()

    def log(self, text: str) -> None:
        self._reporter.log(text)

    def should_stop(self) -> bool:
        return self._reporter.should_stop()

    def reports(self) -> tuple[EpochReport, ...]:
        """The report of each epoch; one that was run twice, after a kill, has the later report."""
        by_epoch: dict[int, EpochReport] = {}
        for line in self._path.read_bytes().splitlines():
            with suppress(ValueError, TypeError):  # a line that a kill has torn
                report = _report(json.loads(line))
                by_epoch[report.epoch] = report
        return tuple(by_epoch[epoch] for epoch in sorted(by_epoch))


def _report(plain: Mapping[str, Any]) -> EpochReport:
    fields = dict(plain)
    watched = fields.pop("watched")
    fields["f1_by_member"] = tuple(fields["f1_by_member"])
    return EpochReport(**fields, watched=None if watched is None else WatchedScores(**watched))


def _digest_of(split: TrialSplit) -> str:
    digest = hashlib.sha256()
    for rows in (split.train, split.validation, split.test):
        digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()


def seeded(*numbers: int) -> int:
    """A training's seed from several numbers, e.g. the experiment's seed and the trial's number."""
    return int(np.random.default_rng(list(numbers)).integers(2**31))
