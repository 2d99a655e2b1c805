"""The time that intervals and thresholds take: ``python -m benchmarks.figures``.

Synthetic predictions of the sizes of public data, seed 0: 71 labels of 2,198 records, as PTB-XL's test fold,
some with one or two positives, and nine labels of 6,877 records, as CPSC2018. No data are needed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row, at_least, at_most, interval_words, show
from ecgapp.evaluate import (
    best_thresholds,
    challenge_weights,
    f_beta_g_beta,
    macro_auroc_interval,
    nelder_mead_thresholds,
)
from ecgapp.models import Interval

Floats = NDArray[np.float64]
ROUNDS = 5  # the fastest counts: other programs can only slow a round down
NINE = (0.18, 0.10, 0.03, 0.13, 0.27, 0.09, 0.10, 0.13, 0.03)  # shares of the classes of CPSC2018


def predictions(n_records: int, shares: Sequence[float], fewest: int = 1) -> tuple[Floats, Floats]:
    """Probabilities that lean towards the truth, and targets with these shares of positives."""
    rng = np.random.default_rng(0)
    targets = np.zeros((n_records, len(shares)))
    for column, share in enumerate(shares):
        n_positive = max(fewest, round(share * n_records))
        targets[rng.choice(n_records, n_positive, replace=False), column] = 1
    return 1 / (1 + np.exp(-(2 * targets + rng.normal(size=targets.shape) - 2))), targets


def many_labels() -> tuple[Floats, Floats]:
    """71 labels of 2,198 records, from one positive to three quarters of the records."""
    return predictions(2198, np.geomspace(1 / 2198, 0.75, 71).tolist())


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """The shortest time of an action and its shortest processor time, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start, busy = time.perf_counter(), time.process_time()
        action()
        times.append((time.perf_counter() - start, time.process_time() - busy))
    return min(wall for wall, _ in times), min(busy for _, busy in times)


def interval_rows() -> list[Row]:
    """A row for each way to treat the draws in which a label has no positive."""
    scores, targets = many_labels()
    rows = []
    for redraw, how in ((False, "such draws left out"), (True, "drawn again until every label has one")):
        intervals: list[Interval | None] = []

        def measure(redraw: bool = redraw, into: list[Interval | None] = intervals) -> None:
            into.append(macro_auroc_interval(scores, targets, redraw_until_complete=redraw))

        took, busy = seconds(measure)
        sample = interval_words(intervals[0]) if intervals[0] else "-"
        what = "interval of a macro AUROC, 71 labels, 2,198 records"
        rows.append(
            Row(
                what,
                f"{took:.2f} s",
                f"1,000 draws, {how}; {busy:.2f} s of one processor",
                at_most(3, took, "s"),
                sample,
            )
        )
    return rows


def threshold_rows() -> list[Row]:
    """The time of the exact thresholds of F2, and their score beside the downhill simplex."""
    scores, targets = predictions(6877, NINE)
    weights = challenge_weights(targets)
    exact = best_thresholds(scores, targets, 2.0, weights)
    took, busy = (1000 * t for t in seconds(lambda: best_thresholds(scores, targets, 2.0, weights)))
    start = time.perf_counter()
    simplex = nelder_mead_thresholds(scores, targets)
    slow = time.perf_counter() - start
    best, other = (f_beta_g_beta(scores >= lines, targets)[0] for lines in (exact, simplex))
    what = "exact thresholds of F2, nine labels, 6,877 records"
    return [
        Row(
            what, f"{took:.0f} ms", f"sort and scan; {busy:.0f} ms of one processor", at_most(50, took, "ms")
        ),
        Row("F2 at the exact thresholds", f"{best:.5f}", "same records", at_least(other, best)),
        Row("F2 at the thresholds of Nelder-Mead", f"{other:.5f}", f"downhill simplex, {slow:.1f} s"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.figures", description=__doc__).parse_args(arguments)
    notes = [f"The fastest of {ROUNDS} rounds. Synthetic predictions, seed 0."]
    show("Intervals and thresholds", [*interval_rows(), *threshold_rows()], notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
