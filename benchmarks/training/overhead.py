"""Overhead of the training loop beside its steps: reports, the run store, heartbeat, checkpoints."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.table import Row, at_most, tell
from benchmarks.training.contestants import learner_for
from benchmarks.training.lead2 import batches_of
from benchmarks.training.peak import now
from ecgapp.config import Settings
from ecgapp.jobs import Attachment, Ending, RunStore
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig
from ecgapp.training.data.sharding import deal_alike
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.devices import resolve_device
from ecgapp.training.inference import Inference
from ecgapp.training.loop.training_loop import Loop
from ecgapp.training.objective import ReconstructionObjective, Scores
from ecgapp.training.parallel.process_group import ALONE
from ecgapp.training.preparation import EnsembleMember, PreparedTraining
from ecgapp.training.result.example_writer import ExampleWriter
from ecgapp.worker import JobContext
from ecgapp.worker.reporter import RunReporter

MOST = 3.0  # per cent of the bare steps' time
BATCHES = 32  # of prepared windows, over and over
EPOCHS = 15  # of a round: half a minute for both, so that the rounds, which take turns, see the same machine


class TimedJudge(ReconstructionObjective):
    """Judges epochs as ever, and knows how long that took: validation is work, not overhead."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds = device, 0.0

    def judge(self, inference: Inference, records: RecordSet, rows: Rows, member: int = 0) -> Scores:
        started = now(self.device)
        scores = super().judge(inference, records, rows, member)
        self.seconds += now(self.device) - started
        return scores


class ReconstructionsOnly(ExampleWriter):
    """The looks at windows that every training takes; synthetic records lie in no store to be named."""

    def _rank(self, records: RecordSet, scores: Scores, epoch: int) -> None:
        """Rank nothing."""


def loop_seconds(config: TrainingConfig, records: RecordSet, folder: Path) -> tuple[float, int]:
    """A training as the worker runs it, without its validations: seconds, and how many steps it was."""
    train, validation = records.rows(config.train_folds), records.rows(config.validation_folds)
    (lanes,) = deal_alike(records, [train], config.batch_size, config.lanes)
    judge = TimedJudge(resolve_device(config.device))
    store = RunStore(folder / "runs")
    created = store.create(config.name, config.phase, config.device, documents.dump(config))
    attachment = Attachment(store, (store.claim(config.device, created.id) or created).id)
    context = JobContext(attachment, Settings(folder))
    reporter = RunReporter(context)
    with context.heart:
        started = now(judge.device)
        member = EnsembleMember(lanes, validation, config.seed)
        place = store.folder(created.id)
        training = PreparedTraining(config, (), records, (member,), None, "", reporter, place, place, ALONE)
        loop = Loop(training, training.networks())
        loop.objective, loop.examples = judge, ReconstructionsOnly(place, ())
        loop.run(None)
        spent = now(judge.device) - started - judge.seconds
    attachment.end(Ending("finished", ""))
    return spent, config.epochs * lanes.steps


def bare_seconds(config: TrainingConfig, batches: Sequence[Tensor], steps: int) -> float:
    """The time of the same learner's steps on windows that are cut and dealt already, s."""
    device = resolve_device(config.device)
    started = now(device)
    learner = learner_for(config, steps)
    for number, batch in zip(range(steps), cycle(batches), strict=False):
        learner.step(number, batch.unsqueeze(1), torch.zeros(len(batch), 1, 0))
    return now(device) - started


def overhead_row(config: TrainingConfig, records: RecordSet, rounds: int) -> Row:
    """The loop's time over that of its steps alone, as the median of alternating rounds."""
    batches = list(islice(batches_of(records, config), BATCHES))
    config, shares = replace(config, epochs=min(EPOCHS, config.epochs)), []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            looped, steps = loop_seconds(replace(config, name=f"round{number}"), records, Path(folder))
        bare = bare_seconds(config, batches, steps)
        shares.append(100 * (looped / bare - 1))
        tell(f"overhead, round {number + 1} of {rounds}: {looped:.1f} s against {bare:.1f} s")
    share = round(float(np.median(shares)), 1)
    return Row(
        "overhead of the loop, metrics and heartbeat",
        f"{share:.1f} % of the bare steps",
        f"{steps} steps a round in the run store's own loop, cutting of windows and checkpoints included, "
        "validation not",
        at_most(MOST, share, "%"),
        f"{rounds} rounds, {min(shares):.1f}-{max(shares):.1f} %",
    )
