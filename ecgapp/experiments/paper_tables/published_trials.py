"""The ten trials of each arm of Jang et al. (2021), doi:10.4258/hir.2021.27.1.19, Tables 2 and 3.

Table 2 is the best weighted F1 on the test set over 150 epochs, Table 3 the learning curve index. The printed
SDs are sample SDs (ddof 1) in Table 2 and population SDs (ddof 0) in Table 3; some numbers are cut off, not
rounded. At 100 % of the training data the index of transfer learning does not differ (p = 0.45 in Table 3).
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

TABLES = {
    "weighted F1": Path(__file__).with_name("jang2021_table2_f1.csv"),
    "learning curve index": Path(__file__).with_name("jang2021_table3_lci.csv"),
}


@dataclass(frozen=True)
class PublishedArm:
    """The trials of one arm (random, image, transfer) with a share of the training records, in percent."""

    figure: str  # a key of TABLES
    arm: str
    percent: int
    trials: tuple[float, ...]


@functools.cache
def published_arms(figure: str) -> tuple[PublishedArm, ...]:
    """The arms of the table of ``figure``, a key of ``TABLES``, in its order."""
    with TABLES[figure].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [name for name in rows[0] if name != "trial"]
    return tuple(_arm(figure, name, tuple(float(row[name]) for row in rows)) for name in columns)


def published_trials(figure: str, arm: str, percent: int) -> tuple[float, ...]:
    """The trials of one arm; empty if the paper does not have it (there is no index of the image arm)."""
    chosen = (each for each in published_arms(figure) if (each.arm, each.percent) == (arm, percent))
    return next((each.trials for each in chosen), ())


def _arm(figure: str, column: str, trials: tuple[float, ...]) -> PublishedArm:
    arm, _, percent = column.rpartition("_")
    return PublishedArm(figure, arm, int(percent), trials)
