"""Trains a small network while it is killed a hundred times; prints what came of it as JSON.

``python tests/support/kill_training.py FOLDER``. Every life is a fork of this process, which has imported
torch and keeps it to one thread; so a life costs no import. Moments are drawn with a seed and counted in
steps, so that a faster machine sees as many of them.
"""

import io
import itertools
import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from killing import Tell, Victim
from small_training import FINETUNING, Recorder, small_settings

from ecgapp import training
from ecgapp.config import Settings
from ecgapp.training.loop.checkpoint import BEFORE, CHECKPOINT, load_checkpoint

CONFIG = replace(FINETUNING, epochs=50, checkpoint_seconds=0.05)
STEPS = 15  # in an epoch: 60 records in batches of 4
LAST = CONFIG.epochs * STEPS
FILE_EVENTS = ("tempfile.mkstemp", "open", "os.rename", "os.remove", "os.mkdir")


class Teller:
    """A reporter that tells each step with its time, and where the training went on.

    ``should_stop`` is asked after every step, but while records are prepared, in validation and after the
    training too: ``learning`` tells these apart.
    """

    def __init__(self, tell: Tell) -> None:
        self.tell, self.position, self.learning = tell, 0, False

    def step(self, report) -> None:
        """Nothing: every few steps are not enough."""

    def epoch(self, report) -> None:
        self.tell(f"epoch {report.epoch}")
        self.learning = self.position < LAST

    def log(self, text) -> None:
        self.learning = self.learning or "records for training" in text
        if found := re.match(r"Going on from epoch (\d+), step (\d+)\.", text):
            epochs, steps = int(found[1]) - 1, int(found[2]) - 1
            self.position = epochs * STEPS + steps
            self.learning = steps < STEPS and self.position < LAST
            self.tell(f"resumed {self.position}")
        elif text.startswith("Preparing"):
            self.tell("preparing")
        elif "damaged" in text:
            self.tell("damaged")

    def should_stop(self) -> bool:
        if self.learning:
            self.position += 1
            self.learning = self.position % STEPS > 0
            self.tell(f"step {self.position} {time.monotonic()}")
        return False


def life(tell: Tell, folder: Path, settings: Settings, last_event: int | None, watched: str) -> None:
    """One process's training; it kills itself before the file event of that number in ``watched``."""
    count = 0

    def watch(event: str, args: tuple) -> None:
        nonlocal count
        if event not in FILE_EVENTS or not isinstance(args[0], str | os.PathLike):
            return
        path = os.fspath(args[0])
        if not path.startswith(str(folder)):
            return
        tell(f"file {event} {path.removeprefix(str(folder))}")
        count += watched in path
        if count == last_event:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    model = training.train(CONFIG, Teller(tell), folder, settings)
    tell(f"done {model.card.sha256}")


def phase(told: list[str]) -> str:
    """The phase of the training at the process's last line."""
    kind, *rest = told[-1].split() if told else ["began"]
    if kind == "file":
        return _file_phase(*rest)
    if kind == "step":
        return "validation" if int(rest[0]) % STEPS == 0 else "steps"
    if kind == "epoch":
        return "result" if int(rest[0]) == CONFIG.epochs else "steps"
    return "loading"


def _file_phase(event: str, name: str = "/") -> str:
    """``name`` begins where the training's folder ends; the folder itself is opened to make a rename last."""
    if name.startswith("/result"):
        return "result"
    if name == "/" or event == "os.rename":
        return "renaming"
    if name.startswith("/.checkpoint"):
        return "writing a checkpoint"
    return "loading" if "checkpoint" in name or "training.json" in name else "writing examples"


@dataclass
class Toll:
    """The number of kills and their cost so far."""

    kills: int = 0
    resumes: int = 0
    phases: Counter = field(default_factory=Counter)
    steps_lost: int = 0  # at most, in one kill
    seconds_lost: float = 0.0  # at most, in one kill: between the first lost step and the last whole one
    position: int = 0  # of the last checkpoint that a process went on from
    times: dict[int, float] = field(default_factory=dict)  # of the steps done since, by number

    def take(self, told: list[str]) -> None:
        """One life's story: where it went on, against where the one before it was killed."""
        assert "damaged" not in told
        for line in told:
            kind, *rest = line.split()
            if kind == "resumed":
                self.resumes += 1
                self._judge(int(rest[0]))
            elif kind == "step":
                self._judge_fresh(int(rest[0]))
                self.times[int(rest[0])] = float(rest[1])

    def _judge_fresh(self, step: int) -> None:
        """A life that goes on from nothing begins with step 1, and is no step back."""
        if step == 1 and self.times:
            self._judge(0)

    def _judge(self, position: int) -> None:
        """At most the steps of one interval are lost, and one that was just being written."""
        assert position >= self.position, "a checkpoint went back"
        done = max(self.times, default=position)
        assert position <= done, "a checkpoint of steps that were never told"
        self.steps_lost = max(self.steps_lost, done - position)
        if done - position > 1:
            lost = self.times[done - 1] - self.times[position + 1]
            assert lost < CONFIG.checkpoint_seconds, f"{lost} s of work lost"
            self.seconds_lost = max(self.seconds_lost, lost)
        self.position, self.times = position, {}


def check(folder: Path) -> None:
    """After a kill: what checkpoints there are can be read, and at most one file is unfinished."""
    for path in (folder / CHECKPOINT, folder / BEFORE):
        if path.exists():
            content = io.BytesIO(path.read_bytes()[:-64])
            told: list[str] = []
            assert load_checkpoint(folder, torch.load(content, weights_only=True)["identity"], told.append)
            assert told == []
    assert len(list(folder.rglob("*.unfinished"))) <= 1, "unfinished files pile up"


def end_somewhere(victim: Victim, rng: random.Random, way: str) -> None:
    """Let it live until the moment drawn for it."""
    if way == "early":
        victim.listen(rng.uniform(0, 0.03))
    elif way == "validation":
        victim.listen(20, lambda line: line.startswith("step") and int(line.split()[1]) % STEPS == 0)
        victim.listen(rng.uniform(0, 0.008))
    elif way == "writing":
        victim.listen(20, lambda line: line.startswith("file open /.checkpoint"))
        victim.listen(rng.uniform(0, 0.004))
    else:
        steps = iter(range(rng.randint(1, 24)))
        victim.listen(20, lambda line: line.startswith("step") and next(steps, None) is None)
        victim.listen(rng.uniform(0, 0.006))


def kill_training(folder: Path, settings: Settings) -> tuple[Toll, str]:
    """Kills at moments of all kinds, then at each touch of a file of the result until it is whole.

    Returns what they cost, and the result's sha256.
    """
    rng, toll = random.Random(7), Toll()
    ways = ["early"] * 14 + ["validation"] * 14 + ["event"] * 16 + ["writing"] * 10 + ["steps"] * 36
    rng.shuffle(ways)
    for way in ways:
        last_event = rng.randint(1, 30) if way == "event" else None
        victim = Victim(lambda tell, at=last_event: life(tell, folder, settings, at, ""))
        if way == "event":
            victim.listen(60)
        else:
            end_somewhere(victim, rng, way)
        count(victim, toll, folder)
    for last_event in itertools.count(1):
        victim = Victim(lambda tell, at=last_event: life(tell, folder, settings, at, "/result"))
        victim.listen(120)
        if victim.told[-1].startswith("done"):
            assert victim.wait() == 0
            toll.take(victim.told)
            return toll, victim.told[-1].split()[1]
        count(victim, toll, folder)


def count(victim: Victim, toll: Toll, folder: Path) -> None:
    """Kill it, where it has not done so itself, and see what is left."""
    assert victim.kill() == -signal.SIGKILL, f"it ended by itself: {victim.told[-3:]}"
    toll.kills += 1
    toll.phases[phase(victim.told)] += 1
    toll.take(victim.told)
    check(folder)


def main(home: Path) -> None:
    """Print the report; an assertion ends it where something was lost.

    The training that nobody kills runs in this process, so that all that torch imports late is here
    when the others are forked.
    """
    torch.set_num_threads(1)
    began = time.monotonic()
    settings = small_settings(home, n_records=100)
    seldom = replace(CONFIG, checkpoint_seconds=30.0)
    recorder = Recorder()
    straight = training.train(seldom, recorder, home / "straight", settings).card
    assert recorder.steps[-1].step == LAST
    toll, sha256 = kill_training(home / "killed", settings)
    report = {
        "kills": toll.kills,
        "resumes": toll.resumes,
        "phases": dict(toll.phases),
        "steps": LAST,
        "steps lost at most": toll.steps_lost,
        "seconds lost at most": toll.seconds_lost,
        "checkpoint seconds": CONFIG.checkpoint_seconds,
        "seconds": time.monotonic() - began,
        "unfinished files": len(list((home / "killed").rglob("*.unfinished"))),
        "same weights": sha256 == straight.sha256,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
