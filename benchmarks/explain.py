"""Time of an explanation: ``python -m benchmarks.explain [--model nine_class] [--repeats 5]``.

A synthetic ECG, read by a classifier and explained by every method; then all methods and their
reliability cards for one class, as one press of the button asks for them. Switching back is the whole
script of the review page, without a browser, for a class whose map was made before. Each time stands
beside the processor time of all threads, which is the reliable one on a machine with other work.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from streamlit.testing.v1 import AppTest

from benchmarks.table import Row, at_most, show, tell
from ecgapp import analysis
from ecgapp.analysis import SaliencyQuestion
from ecgapp.config import PROJECT, Settings
from ecgapp.explain import INTEGRATED_GRADIENTS, METHODS, Recipe
from ecgapp.records import DEMOS, ECGRecord, SyntheticConfig, synthesise

SYNTHETIC = SyntheticConfig("AF", 92, noise=0.015, wander=0.05, seed=3)
TOP, ALL, BACK = 0.25, 5.0, 0.3  # seconds at most
PATIENCE = 300.0  # s


def times(action: Callable[[], object], repeats: int) -> tuple[list[float], list[float]]:
    """Wall-clock and processor seconds of each of ``repeats`` runs, after one that does not count."""
    action()
    wall, busy = [], []
    for _ in range(repeats):
        started, worked = time.perf_counter(), time.process_time()
        action()
        wall.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
    return wall, busy


def time_row(what: str, measured: tuple[list[float], list[float]], how: str, most: float | None) -> Row:
    """The median against its target, and the median processor time."""
    wall, busy = (float(np.median(seconds)) for seconds in measured)
    target = at_most(most, wall, "s") if most else None
    sample = f"n = {len(measured[0])}, fastest {min(measured[0]):.2f} s"
    return Row(what, f"{wall:.2f} s", f"{how}; {busy:.2f} s of processor time", target, sample)


def explanation_rows(model_name: str, record: ECGRecord, repeats: int) -> list[Row]:
    """Each method alone, and all of them with their cards."""
    model = analysis.open_model(model_name, Settings.from_environment())
    top = analysis.find(record, model).top.label
    rows = []
    for method in METHODS:
        recipe = Recipe(method)
        measured = times(
            lambda recipe=recipe: analysis.explain(
                analysis.prepare(record, model), model, SaliencyQuestion(top), recipe
            ),
            repeats,
        )
        limit = TOP if method == INTEGRATED_GRADIENTS else None
        rows.append(time_row(f"{method}, top class", measured, "preprocessing included", limit))
        tell(f"{rows[-1].what}: {rows[-1].measured}")
    question = SaliencyQuestion(top)
    measured = times(lambda: analysis.examine(analysis.prepare(record, model), model, question), repeats)
    rows.append(time_row("all methods and their cards, one class", measured, "as the button asks", ALL))
    return rows


def switching_row(repeats: int) -> Row:
    """The time to switch to another class and back on the page; only the way back is timed."""
    page = AppTest.from_file(str(PROJECT / "pages" / "review.py"), default_timeout=PATIENCE).run()
    page.selectbox(key="demo").set_value(next(name for name in DEMOS if "fibrillation" in name)).run()
    box = next(box for box in page.selectbox if box.label == "Class")
    first, other = box.value, next(label for label in box.options if not label.startswith(box.value))
    names = (first, other.partition(" ")[0])

    def choose(name: str) -> None:
        next(box for box in page.selectbox if box.label == "Class").set_value(name).run()

    choose(names[1])
    if any(button.key == "map_below" for button in page.button):
        page.button(key="map_below").click().run()
    there = [times(lambda: choose(names[number % 2]), 1) for number in range(repeats)]  # noqa: B023
    both = ([wall[0] for wall, _ in there], [busy[0] for _, busy in there])
    return time_row("back to a class that was mapped before", both, "whole script, no browser", BACK)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where there is no such model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", default="nine_class", help="a classifier of this machine")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="of torch")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ECGAPP_HOME"] = str(Path(folder))
        if options.model not in analysis.available_models(Settings.from_environment()):
            tell("There is no such model here.")
            return 1
        rows = explanation_rows(options.model, synthesise(SYNTHETIC).record, options.repeats)
        rows.append(switching_row(options.repeats))
    show("Explanations", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
