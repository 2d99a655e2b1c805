"""Speed of the Training page's redraw of a long run: ``python -m benchmarks.training_page``.

The run has 100,000 logged steps in each of its four series by step, 200 epochs of nine classes, and a
day of samples of its machine; it is under way, and between two looks new steps come. The page's script
runs in Streamlit's own test runner, without a browser beside it, in a home that is thrown away.
"""

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.table import Row, at_most, show, tell
from ecgapp.config import PROJECT, Settings
from ecgapp.jobs import MetricsWriter, Run, RunStore, metric_names, rows
from ecgapp.models import ECGClassifierConfig
from ecgapp.storage import admin_password, documents
from ecgapp.tasks import task
from ecgapp.training import pretraining_defaults
from ecgapp.ui.shell import auth

N_STEPS, N_EPOCHS, N_BEATS = 100_000, 200, 43_200
NEW_STEPS = 20  # between two looks
REPEATS = 15
REDRAW = 0.3  # seconds at most
PATIENCE = 120.0  # seconds
PASSWORD = "only for the benchmark"
TASK = "nine_class"
BY_STEP = (
    metric_names.STEP_LOSS,
    metric_names.LEARNING_RATE,
    metric_names.GRADIENT_NORM,
    metric_names.THROUGHPUT,
)


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        os.environ["ECGAPP_HOME"] = folder
        tell(f"Writing {N_STEPS:,} steps.")
        store = RunStore(settings.runs)
        run = long_run(store)
        page = open_page(settings)
        tell("Redrawing.")
        first = timed(page.run)
        growing = [timed(page.run) for step in range(REPEATS) if grow(store, run, step)]
        unchanged = [timed(page.run) for _ in range(REPEATS)]
    if page.exception:
        raise RuntimeError("The training page failed on the long run.")
    show(
        "Training page",
        [
            _row("first look at the run", [first], "its curves are read whole"),
            _row(f"redraw after {NEW_STEPS} new steps", growing, "only what is new is read", target=True),
            _row("redraw, nothing new", unchanged, "no figure is made anew", target=True),
        ],
    )


def long_run(store: RunStore) -> Run:
    """A fine-tuning under way, with all its numbers."""
    usual = pretraining_defaults()
    network = ECGClassifierConfig(usual.network, len(task(TASK).labels))
    config = replace(usual, name="classifier", phase="finetune", network=network, task=TASK)
    run = store.create("long", config.phase, "cpu", documents.dump(config))
    with store.database.write() as connection:
        rows.update(connection, run.id, state="running", claimed=1e12)
    store.folders.write_progress(run.id, N_EPOCHS, 2 * N_EPOCHS, None)
    for name in BY_STEP:
        MetricsWriter(store.folder(run.id)).write((name, step, _wave(step)) for step in range(1, N_STEPS + 1))
    for name in (metric_names.CPU_PERCENT, metric_names.MEMORY):
        MetricsWriter(store.folder(run.id)).write(
            (name, 2.0 * beat, 90 + _wave(beat)) for beat in range(N_BEATS)
        )
    labels = [metric_names.F1_OF_LABEL + label for label in task(TASK).label_names]
    by_epoch = (
        metric_names.TRAIN_LOSS,
        metric_names.VALIDATION_LOSS,
        metric_names.F1,
        metric_names.AUROC,
        *labels,
    )
    points = ((name, epoch, _wave(epoch)) for name in by_epoch for epoch in range(1, N_EPOCHS + 1))
    MetricsWriter(store.folder(run.id)).write(points)
    return run


def grow(store: RunStore, run: Run, look: int) -> bool:
    """A few more steps, as between two looks at a run."""
    steps = range(N_STEPS + 1 + look * NEW_STEPS, N_STEPS + 1 + (look + 1) * NEW_STEPS)
    MetricsWriter(store.folder(run.id)).write(
        [(name, step, _wave(step)) for name in BY_STEP for step in steps]
    )
    return True


def open_page(settings: Settings) -> AppTest:
    """The page, signed in and imported, without the run in its session yet."""
    admin_password.set_password(settings, PASSWORD)
    warm_up = AppTest.from_file(str(PROJECT / "pages" / "training.py"), default_timeout=PATIENCE)
    warm_up.run()
    page = AppTest.from_file(str(PROJECT / "pages" / "training.py"), default_timeout=PATIENCE)
    page.session_state[auth.PASS] = admin_password.check_password(settings, PASSWORD)
    return page


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _wave(step: int) -> float:
    return 0.5 + 0.4 * math.sin(step / 50)


def _row(what: str, seconds: list[float], how: str, *, target: bool = False) -> Row:
    median, slowest = sorted(seconds)[len(seconds) // 2], max(seconds)
    limit = at_most(REDRAW, slowest, "s") if target else None
    sample = f"{len(seconds)}, slowest {slowest:.3f} s"
    return Row(f"{N_STEPS:,} steps: {what}", f"{median:.3f} s", how, limit, sample)


if __name__ == "__main__":
    sys.exit(main())
