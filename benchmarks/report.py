"""The time of a report: `python -m benchmarks.report`. The shipped classifier, a synthetic record."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import torch

from benchmarks.table import Row, at_most, show
from ecgapp import analysis, report
from ecgapp.analysis import InstalledModels, OpenedECG
from ecgapp.config import Settings
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.storage import documents
from ecgapp.ui.shell.page_start import TORCH_THREADS

REPEATS = 9
MODEL = "nine_class"


def main() -> None:
    """Print the table."""
    torch.set_num_threads(TORCH_THREADS)  # as the pages have it
    model = analysis.open_model(MODEL, Settings.from_environment())
    record = synthesise(SyntheticConfig(noise=0.02)).record
    rows = []

    def timed(what: str, work: Callable[[], object], target: float | None = None) -> None:
        seconds = [_seconds(work) for _ in range(REPEATS)]
        goal = None if target is None else at_most(target, median(seconds), "s")
        spread = f"{min(seconds):.2f}-{max(seconds):.2f} s, n = {REPEATS}"
        rows.append(Row(what, f"{median(seconds):.2f} s", "median, record and model open", goal, spread))

    models = InstalledModels(Settings.from_environment())
    ecg = OpenedECG(record, models)
    evidence = report.gather_evidence(ecg, model.card)
    contents = report.Contents(ecg, "Synthetic", datetime(2026, 1, 1, tzinfo=UTC), evidence=evidence)
    rows.append(Row("the first PDF of a process", f"{_seconds(lambda: report.pdf(contents)):.2f} s", "once"))
    timed(
        "findings and relevance of the top class",
        lambda: report.gather_evidence(OpenedECG(record, models), model.card),
    )
    timed("PDF of two pages", lambda: report.pdf(contents), 2.0)
    timed("PNG of the tracing", lambda: report.png(contents))
    timed("JSON of the numbers", lambda: documents.dump(report.bundle(contents)))
    drawn, picture = len(report.pdf(contents)), len(report.png(contents))
    show("The report", rows, [f"The PDF has {drawn / 1000:.0f} kB, the PNG {picture / 1000:.0f} kB."])


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
