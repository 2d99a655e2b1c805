"""The limit of RR irregularity: ``python -m benchmarks.irregularity --data FOLDER``.

FOLDER holds the unpacked archives ``challenge2021``, ``ptb-xl`` and ``ptb-xl-zscored``. From the R peaks
alone, in the first half minute: several measures of irregularity, how well each distinguishes atrial
fibrillation from all other records and from premature beats, and the limit at which sensitivity and
specificity sum up highest on folds 1 to 5, with its results on folds 6 to 10. Folds are patient-wise.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.table import Row, show, tell
from ecgapp.analysis.measurement.beat_timing import Rhythm, rhythm_at
from ecgapp.analysis.measurement.measurements import LONGEST
from ecgapp.analysis.rules.rhythm import IRREGULAR
from ecgapp.datasets import LAYOUTS, ImportOptions
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models.card_words import with_interval
from ecgapp.signals import beat_list
from ecgapp.tasks import task

ARCHIVES = {"challenge": "challenge2021", "ptb-xl": "ptb-xl", "ptb-xl-zscored": "ptb-xl-zscored"}
CHOICE, TEST = range(1, 6), range(6, 11)  # folds
LIMITS = np.arange(0.02, 0.30, 0.005)

Floats = NDArray[np.float64]


def variation(rhythm: Rhythm) -> float | None:
    """The standard deviation of RR intervals over their mean; None with fewer than three."""
    rr = rhythm.intervals
    return float(rr.std() / rr.mean()) if rr.size >= 3 else None


def root_mean_square(rhythm: Rhythm) -> float | None:
    """The root mean square change between RR intervals over the mean interval (Dash et al. 2009)."""
    rr = rhythm.intervals
    return float(np.sqrt(np.square(np.diff(rr)).mean()) / rr.mean()) if rr.size >= 3 else None


MEASURES: dict[str, Callable[[Rhythm], float | None]] = {
    "standard deviation of RR over its mean": variation,
    "root mean square of changes over mean RR": root_mean_square,
    "median change from beat to beat over median RR": lambda rhythm: rhythm.irregularity,
}


@dataclass(frozen=True, eq=False)
class Cases:
    """One row a record: measures (n, 3), fold, and whether it has AF, PAC or PVC."""

    values: Floats
    folds: NDArray[np.int64]
    fibrillates: NDArray[np.bool_]
    ectopic: NDArray[np.bool_]


def cases(data: Path) -> Cases:
    """Every record with enough beats, of which fibrillation is known."""
    values, folds, codes = [], [], []
    for layout, folder in ARCHIVES.items():
        scan = LAYOUTS[layout].scan(data / folder, ImportOptions())
        for entry in scan.entries:
            record = scan.read(entry.where)
            rhythm = rhythm_at(beat_list(record).between(0.0, LONGEST).times)
            values.append([measure(rhythm) for measure in MEASURES.values()])
            folds.append(entry.fold)
            codes.append(record.codes if entry.codes is None else entry.codes)
        tell(f"{layout}: {len(folds)} records so far")
    chosen_task = task("nine_class")
    targets = dict(zip(chosen_task.label_names, chosen_task.targets(codes).T, strict=True))
    table = np.array(values, np.float64)
    known = ~np.isnan(table).any(axis=1) & ~np.isnan(targets["AF"])
    ectopic = (targets["PAC"] == 1) | (targets["PVC"] == 1)
    return Cases(table[known], np.array(folds)[known], targets["AF"][known] == 1, ectopic[known])


def rows(known: Cases) -> list[Row]:
    """One line a measure."""
    choice, test = np.isin(known.folds, CHOICE), np.isin(known.folds, TEST)
    lines = []
    for name, values in zip(MEASURES, known.values.T, strict=True):
        limit = max(LIMITS, key=lambda line: sum(_found(values, known.fibrillates, choice, line)))
        measured = (
            f"AUROC {roc_auc_score(known.fibrillates[test], values[test]):.3f}; "
            f"limit {limit:.3f}: {_at(values, known.fibrillates, test, limit)}"
        )
        among = choice & (known.fibrillates | known.ectopic)
        apart = roc_auc_score(known.fibrillates[among], values[among])
        how = f"limit on folds 1-5, figures on 6-10; AUROC against early beats alone, folds 1-5: {apart:.3f}"
        counts = [f"{known.fibrillates[part].sum()} of {part.sum()}" for part in (test, choice)]
        sample = f"{counts[0]}; limit on {counts[1]}"
        lines.append(Row(name, measured, how, None, sample))
    return lines


def _found(
    values: Floats, truths: NDArray[np.bool_], rows: NDArray[np.bool_], limit: float
) -> tuple[float, float]:
    """Sensitivity and specificity."""
    over = values >= limit
    return float(over[rows & truths].mean()), float((~over[rows & ~truths]).mean())


def _at(values: Floats, truths: NDArray[np.bool_], rows: NDArray[np.bool_], limit: float) -> str:
    over = values >= limit
    ill, well = over[rows & truths], ~over[rows & ~truths]
    return (
        f"sensitivity {with_interval(wilson(int(ill.sum()), ill.size))}, "
        f"specificity {with_interval(wilson(int(well.sum()), well.size))}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where an archive cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.irregularity", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    try:
        known = cases(parser.parse_args(arguments).data)
    except EcgAppError as error:
        tell(str(error))
        return 1
    notes = [f"Intervals: 95 %, Wilson. The rule for fibrillation uses the last, at {IRREGULAR:g}."]
    show("Irregular RR", rows(known), notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
