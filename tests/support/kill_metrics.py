"""Writes a run's numbers, events and states while it is killed 100 times; prints what came of it as JSON."""

import json
import random
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from killing import Tell, Victim
from metric_files import add_metrics, read_metric

from ecgapp.jobs import Attachment, RunStore, metric_names

KILLS, BATCH = 100, 20


class Quiet(RunStore):
    """A run store that starts no processes: the ones to be killed are forks of this one."""

    def start_next(self, device: str) -> None:
        """Claim the next run for the calling process."""


def life(tell: Tell, store: Quiet, run_id: str, step: int, epoch: int) -> None:
    """The process of a run: a line on the pipe means that the value was written before."""
    attachment = Attachment(store, run_id)
    attachment.send_heartbeat("Training begins.")
    tell("state running")
    while True:
        points = [(metric_names.STEP_LOSS, number, value_of(number)) for number in range(step, step + BATCH)]
        add_metrics(store, run_id, points)
        step += BATCH
        tell(f"points {step}")
        attachment.send_heartbeat()
        if step // BATCH % 3 == 0:
            epoch += 1
            store.folders.write_progress(run_id, epoch, 10**6, 1.0)
            tell(f"epoch {epoch}")
            store.add_event(run_id, "note", f"epoch {epoch}")
            tell(f"event {epoch}")


def value_of(step: int) -> float:
    """The value measured at a step."""
    return 1 / (1 + step)


def read_on(tell: Tell, store: Quiet, run_id: str) -> None:
    """A page that reads all values in a loop; a batch is read completely or not at all."""
    seen = 0
    while True:
        began = time.monotonic()
        series = read_metric(store, run_id, metric_names.STEP_LOSS, 10**7)
        run, events = store.get(run_id), store.events(run_id)
        assert len(series) >= seen
        assert len(series) % BATCH == 0
        assert series.steps == tuple(range(len(series)))
        assert run.state in ("queued", "starting", "running", "lost")
        assert events[0].kind == "queued"
        seen = len(series)
        tell(f"read {time.monotonic() - began}")
        time.sleep(0.01)


def intact(store: Quiet) -> bool:
    """Whether SQLite's integrity check finds no fault in the whole file."""
    with closing(sqlite3.connect(store.database.path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def lost(store: Quiet, run_id: str, told: list[str]) -> Counter:
    """The values that were reported as written and are missing."""
    last = {kind: value for kind, value in (line.split() for line in told)}
    series = read_metric(store, run_id, metric_names.STEP_LOSS, 10**7)
    values = tuple(value_of(step) for step in range(len(series)))
    notes = [event.text for event in store.events(run_id) if event.kind == "note"]
    return Counter(
        points=len(series) < int(last.get("points", 0)) or series.values != values,
        events=bool("event" in last and f"epoch {last['event']}" not in notes),
        epochs=store.get(run_id).done < int(last.get("epoch", 0)),
        states="state" in last and store.get(run_id).state != "running",
    )


def main(folder: Path) -> None:
    """Kill, look, and go on."""
    began, rng = time.monotonic(), random.Random(11)
    store = Quiet(folder)
    run_id = store.create("a run", "pretrain", "cpu", "{}").id
    reader = Victim(lambda tell: read_on(tell, store, run_id))
    missing: Counter = Counter()
    damaged = untold = 0
    for _ in range(KILLS):
        store.claim("cpu", run_id)
        step, epoch = len(read_metric(store, run_id, metric_names.STEP_LOSS, 10**7)), store.get(run_id).done
        writer = Victim(lambda tell, at=step, done=epoch: life(tell, store, run_id, at, done))
        writer.listen(20, lambda line: line == "state running")
        writer.listen(rng.uniform(0, 0.08))
        writer.kill()
        damaged += not intact(store)
        missing += lost(store, run_id, writer.told)
        store.refresh()
        untold += store.get(run_id).state != "lost" or "killed" not in store.get(run_id).message
        store.resume(run_id)
        reader.listen(0.001)
    assert reader.kill() == -9, "the reader broke down"
    reads = [float(line.split()[1]) for line in reader.told]
    report = {
        "kills": KILLS,
        "damaged": damaged,
        "lost": dict(+missing),
        "not said to be lost": untold,
        "points": len(read_metric(store, run_id, metric_names.STEP_LOSS, 10**7)),
        "events": len(store.events(run_id)),
        "reads": len(reads),
        "longest read": max(reads),
        "seconds": time.monotonic() - began,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
