"""Accuracy of the delineator: ``python -m benchmarks.delineation --data FOLDER``.

FOLDER holds the unpacked LUDB in ``ludb``. Where the card says that its figures are cross-fitted they are
printed, beside the targets and beside NeuroKit2 on the very same leads: networks that were trained without
the records made them, lead by lead as the app reads them, and ``python -m ecgapp delineate
docs/recipes/delineator.json --data FOLDER/ludb --out OUT`` makes them again. Any other delineator is judged
here, on the folds that its card names as not trained on, or with ``--all`` on records of no training.
NeuroKit2's figures are kept in ``benchmarks/neurokit.json``; to make them again::

    python -m benchmarks.delineation --data FOLDER --leads LEADS.npz
    python benchmarks/neurokit_waves.py LEADS.npz WAVES.json      # where neurokit2 is installed
    python -m benchmarks.delineation --data FOLDER --waves WAVES.json
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.table import Row, Target, show, tell
from ecgapp.analysis import open_model
from ecgapp.analysis.measurement.delineation import judged_leads
from ecgapp.cli.delineate import CROSS_FITTED
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets.layouts.ludb_waves import MarkedRecord, marked_records
from ecgapp.errors import EcgAppError
from ecgapp.evaluate.detectors.delineation_metrics import LeadWaves, delineation_metrics
from ecgapp.models import BoundaryFigures, DelineationMetrics, Interval
from ecgapp.records import Wave
from ecgapp.storage import documents

NEUROKIT = PROJECT / "benchmarks" / "neurokit.json"
FOUND = {"P": 0.97, "QRS": 0.99, "T": 0.98}  # sensitivity and positive predictive value, at least
MEAN = 4.0  # ms, at most, in either direction
DEVIATION = {
    ("QRS", "onset"): 8.0,
    ("QRS", "offset"): 10.0,
    ("P", "onset"): 14.0,
    ("P", "offset"): 14.0,
    ("T", "offset"): 20.0,
}  # ms, at most


@dataclass(frozen=True)
class Others:
    """NeuroKit2's figures, and with which versions they were made."""

    versions: dict[str, str]
    failed: int  # leads on which it gave nothing
    metrics: DelineationMetrics


def rows(ours: DelineationMetrics, theirs: DelineationMetrics) -> list[Row]:
    """Four lines a boundary."""
    lines = []
    for own, other in zip(ours.boundaries, theirs.boundaries, strict=True):
        name = f"{own.wave} {own.edge}"
        least = FOUND[own.wave]
        lines += [
            _row(
                f"{name}, sensitivity",
                own.sensitivity,
                other.sensitivity,
                _least(least, own.sensitivity),
                own,
            ),
            _row(
                f"{name}, positive predictive value",
                own.precision,
                other.precision,
                _least(least, own.precision),
                own,
            ),
            _row(f"{name}, mean error", own.mean_error, other.mean_error, _mean(own), own, "ms"),
            _row(f"{name}, SD", own.deviation, other.deviation, _deviation(own), own, "ms"),
        ]
    return lines


def _row(
    what: str,
    own: Interval | None,
    other: Interval | None,
    target: Target | None,
    figures: BoundaryFigures,
    unit: str = "",
) -> Row:
    measured = f"{_words(own, unit)}; NeuroKit2 {_words(other, unit)}"
    return Row(what, measured, "found minus marked, within 150 ms", target, f"n = {figures.n_marked}")


def _words(figure: Interval | None, unit: str) -> str:
    if figure is None:
        return "-"
    digits = 1 if unit else 3
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f}) {unit}".rstrip()


def _least(least: float, figure: Interval | None) -> Target:
    return Target(f">= {least:g}", figure is not None and figure.value >= least)


def _mean(figures: BoundaryFigures) -> Target:
    return Target(
        f"within {MEAN:g} ms", figures.mean_error is not None and abs(figures.mean_error.value) <= MEAN
    )


def _deviation(figures: BoundaryFigures) -> Target | None:
    most = DEVIATION.get((figures.wave, figures.edge))
    if most is None:
        return None
    return Target(f"<= {most:g} ms", figures.deviation is not None and figures.deviation.value <= most)


def write_leads(records: Sequence[MarkedRecord], path: Path) -> None:
    """Every marked lead in mV, for NeuroKit2."""
    signals = [
        signal
        for record in records
        for signal, waves in zip(record.record.signal, record.waves, strict=True)
        if waves
    ]
    np.savez(path, signals=np.stack(signals), sampling_rate=records[0].record.sampling_rate)


def judge_others(records: Sequence[MarkedRecord], path: Path, dataset: str) -> Others:
    """The figures of the waves that ``benchmarks.neurokit_waves`` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    marked = [(number, waves) for number, record in enumerate(records) for waves in record.waves if waves]
    leads = [
        LeadWaves(number, waves, _waves(spans_by_kind))
        for (number, waves), spans_by_kind in zip(marked, content["waves"], strict=True)
    ]
    return Others(content["versions"], content["failed"], delineation_metrics(leads, dataset))


def _waves(spans_by_kind: dict[str, list[list[float | None]]]) -> list[Wave]:
    """A missing edge is NaN, which meets no mark and is not counted as found."""
    waves = []
    for kind, spans in spans_by_kind.items():
        for span in spans:
            onset, offset = (np.nan if time is None else time for time in span)
            waves.append(Wave(kind, onset, np.nan, offset))
    return waves


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delineation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--model", default="delineator", help="a delineator")
    parser.add_argument(
        "--all", action="store_true", help="nothing in FOLDER was in training: judge on all of it"
    )
    parser.add_argument("--leads", type=Path, help="only write the leads for NeuroKit2 to this file")
    parser.add_argument("--waves", type=Path, help="judge NeuroKit2 by this file, and keep its figures")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the database or the model cannot be used."""
    options = _arguments(arguments)
    try:
        model = open_model(options.model, Settings.from_environment())
        cross_fitted = CROSS_FITTED in model.card.provenance.validation_folds
        folds = [int(fold) for fold in re.findall(r"\d+", model.card.provenance.validation_folds)]
        records = [r for r in marked_records(options.data / "ludb") if options.all or r.fold in folds]
        if options.leads:
            write_leads(records, options.leads)
            return 0
        listed = "all records" if options.all else f"folds {', '.join(map(str, folds))}"
        dataset = f"ludb, {listed}"
        if options.waves:
            NEUROKIT.write_text(
                documents.dump(judge_others(records, options.waves, dataset)), encoding="utf-8"
            )
        from_card = model.card.delineation if cross_fitted and not options.all else None
        ours = from_card or delineation_metrics(judged_leads(model, records), dataset)
    except EcgAppError as error:
        tell(str(error))
        return 1
    others = documents.load(Others, NEUROKIT.read_text(encoding="utf-8"))
    versions = ", ".join(f"{name} {version}" for name, version in others.versions.items())
    notes = [
        f"{ours.dataset}{' (from the card)' if from_card else ''}: {ours.n} records, {ours.n_leads} leads; "
        "intervals: bootstrap over records.",
        f"NeuroKit2's figures: {others.metrics.dataset}, {versions}; "
        f"{others.failed} leads without an answer.",
    ]
    show("Delineation", rows(ours, others.metrics), notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
