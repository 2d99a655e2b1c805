"""The difference of two readings of one heart: ``python -m benchmarks.repeatability --data FOLDER``.

FOLDER holds unpacked records of the PhysioNet/CinC Challenge 2021 in ``challenge2021``, on none of which the
delineator was trained. Of each, the first and the second half (5 s of most) are measured as if they were two
ECGs, seconds apart at the same electrodes, so that the figures are the least by which two ECGs may differ.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.table import Row, show
from ecgapp.analysis import Measurements, measure, open_model
from ecgapp.analysis.ecg_comparison import EDGES, level_changes, measured_changes
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord, read_record
from ecgapp.ui.shell.page_start import TORCH_THREADS

N_RECORDS, SEED, DRAWS = 100, 0, 1000
SHORTEST = 9.0  # s, of which either half holds several beats
NAMES = (*EDGES, "P axis", "QRS axis", "T axis")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="where the data sets are unpacked")
    folder: Path = parser.parse_args().data
    torch.set_num_threads(TORCH_THREADS)
    model = open_model("delineator", Settings.from_environment())
    pairs = _pairs(folder / "challenge2021", model)
    changes = [measured_changes(*pair, model.card) for pair in pairs]
    by_name = {
        name: [[c.value for c in of_record if c.name == name] for of_record in changes] for name in NAMES
    }
    levels = [[change.value for change in level_changes(*pair)] for pair in pairs]
    rows = [_row(name, values, "°" if "axis" in name else "ms") for name, values in by_name.items()]
    show("Two halves of one recording", [*rows, _row("ST at J+60, any lead", levels, "mm")])


def _pairs(folder: Path, model: TrainedModel) -> list[tuple[Measurements, Measurements]]:
    """The measurements of both halves of the first ``N_RECORDS`` readable records in a seeded order."""
    headers = sorted(folder.rglob("*.hea"))
    order = np.random.default_rng(SEED).permutation(len(headers))
    pairs: list[tuple[Measurements, Measurements]] = []
    for place in order.tolist():
        if len(pairs) == N_RECORDS:
            break
        try:
            record = read_record([headers[place], headers[place].with_suffix(".mat")])
        except EcgAppError:
            continue
        if record.duration >= SHORTEST:
            pairs.append((measure(_half(record, 0), model), measure(_half(record, 1), model)))
    return pairs


def _half(record: ECGRecord, number: int) -> ECGRecord:
    half = min(record.n_samples // 2, round(5 * record.sampling_rate))
    signal = record.signal[:, number * half : (number + 1) * half]
    return ECGRecord(record.record_id, signal, record.sampling_rate, record.leads, units=record.units)


def _row(name: str, values: list[list[float | None]], unit: str) -> Row:
    """The change that 95 % do not exceed, with its interval over draws of records, whose leads go together.

    ``values`` are record by record, None where one of the two is blank.
    """
    differences = [np.abs([value for value in record if value is not None]) for record in values]
    known = [record for record in differences if record.size]
    changes, rng = np.concatenate(known), np.random.default_rng(SEED)
    drawn = [
        np.quantile(np.concatenate([known[place] for place in draw]), 0.95)
        for draw in rng.integers(0, len(known), (DRAWS, len(known)))
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    middle = f"median {np.median(changes):.1f} {unit}"
    sample = f"n = {len(changes)} of {len(known)} records, 95 % {low:.1f}-{high:.1f} {unit}"
    return Row(
        name, f"{np.quantile(changes, 0.95):.1f} {unit}", f"95 % change by less; {middle}", None, sample
    )


if __name__ == "__main__":
    main()
