"""What the shipped gates refuse: ``python -m benchmarks.gate --data FOLDER``.

FOLDER holds the unpacked archives as the other benchmarks take them, with ``nstdb``. Records of the folds on
which a gate was tested are judged again, by the path that the app takes; with ``--all`` those of every fold,
where nothing in FOLDER was in training. Where noise is drawn the line for is seen beside it: a classifier's
macro AUROC on the very same noisy records.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.table import Row, at_most, show, tell
from ecgapp import documents
from ecgapp.analysis import admit, find, open_model
from ecgapp.config import PROJECT, Settings
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import macro_auroc
from ecgapp.evaluate.gate import gate_network
from ecgapp.evaluate.refusals import GRADED
from ecgapp.models import GateMetrics, Interval, KindFigures, TrainedModel
from ecgapp.records import DEMOS, synthesise
from ecgapp.training.gate import GateFitConfig
from ecgapp.training.gate_judging import figures
from ecgapp.training.gate_records import Sample, gather, judge

GATES = ("gate", "gate_lead")
CLASSIFIER = "ptbxl_superclass"
RECIPES = PROJECT / "docs" / "recipes"
REPEATS = 20
ALLOWED = 0.02  # of good records, at most
FAST = 60.0  # ms a record on one thread


def rows(name: str, metrics: GateMetrics, shipped: GateMetrics) -> list[Row]:
    """One line a curve and a kind."""
    refused = metrics.false_refusals
    value = refused.value if refused else float("nan")
    lines = [
        Row(
            f"{name}: good records refused",
            _percent(refused),
            metrics.dataset,
            at_most(ALLOWED, value),
            f"{metrics.n}",
        )
    ]
    for curve in metrics.curves:
        n = f"{curve.n_bad} and {curve.n_good} good"
        lines.append(
            Row(f"{name}: AUROC, {curve.name}", _digits(curve.auroc), "against good records", None, n)
        )
    without = {kind.kind: kind.without for kind in shipped.kinds}
    return lines + [_kind(name, kind, without.get(kind.kind)) for kind in metrics.kinds]


def _kind(name: str, kind: KindFigures, without: Interval | None) -> Row:
    how = kind.role if without is None else f"{kind.role}; {_percent(without)} by a gate fitted without it"
    return Row(f"{name}: {kind.kind} refused", _percent(kind.share), how, None, f"{kind.refused} of {kind.n}")


def label_rows(samples: Sequence[Sample], classifier: TrainedModel) -> list[Row]:
    """The classifier's macro AUROC at each level of noise, whatever a gate would say."""
    task = classifier.card.task
    if task is None:
        return []
    lines = []
    for kind in dict.fromkeys(sample.kind for sample in samples):
        chosen = [sample for sample in samples if sample.kind == kind]
        found = [[row.probability for row in find(sample.record, classifier).rows] for sample in chosen]
        value = macro_auroc(np.array(found), task.targets([sample.labels for sample in chosen]))
        measured = "-" if value is None else f"{value:.3f}"
        lines.append(
            Row(f"{classifier.card.name}: macro AUROC, {kind}", measured, "no gate", None, f"{len(chosen)}")
        )
    return lines


def time_row(gate: TrainedModel) -> Row:
    """Milliseconds a judgement takes on one thread, median over repeats of a ten-second record."""
    record = synthesise(next(iter(DEMOS.values()))).record
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        admit(record, gate)
        taken.append(1000 * (time.perf_counter() - begun))
    torch.set_num_threads(threads)
    median = float(np.median(taken))
    words = f"median of {REPEATS}, 12 leads of 10 s at 500 Hz, one thread"
    return Row(f"{gate.card.name}: time a record", f"{median:.0f} ms", words, at_most(FAST, median, "ms"))


def _percent(figure: Interval | None) -> str:
    return "-" if figure is None else f"{figure.value:.1%} ({figure.low:.1%}-{figure.high:.1%})"


def _digits(figure: Interval | None) -> str:
    return "-" if figure is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def measure(name: str, data: Path, everything: bool) -> list[Row]:
    """The rows of one gate, and of the classifier beside the gate of twelve leads.

    Raises:
        EcgAppError: the gate or the data cannot be used.
    """
    settings = Settings.from_environment()
    gate = open_model(name, settings)
    recipe = (RECIPES / f"{name}.json").read_text(encoding="utf-8")
    config = documents.load(GateFitConfig, recipe)
    network = gate_network(gate)
    folds = None if everything else config.test_folds
    good, spoiled = gather(config, data, network.config.lead_by_lead, folds)
    made = list(spoiled)
    judged = judge(iter([*good, *made]), gate, tell)
    dataset = "every record" if everything else f"fold {', '.join(map(str, config.test_folds))}"
    lines = rows(
        name, figures(network, judged, gate.card.thresholds[0], dataset), gate.card.gate or _nothing()
    )
    lines.append(time_row(gate))
    if network.config.lead_by_lead:
        return lines
    noisy = [s for s in made if s.role == GRADED or s.kind.startswith("muscle noise")]
    clean = [s for s in good if s.kind == config.spoiled_source]
    return lines + label_rows([*clean, *noisy], open_model(CLASSIFIER, settings))


def _nothing() -> GateMetrics:
    return GateMetrics("", 0, None, None, (), ())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data or a gate cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--all", action="store_true", help="nothing in FOLDER was in training: use all of it")
    parser.add_argument("--only", choices=GATES, help="one gate")
    options = parser.parse_args(arguments)
    try:
        lines = [
            row
            for name in GATES
            if options.only in (None, name)
            for row in measure(name, options.data, options.all)
        ]
    except EcgAppError as error:
        tell(str(error))
        return 1
    show("Gate", lines, ["Intervals: Wilson's for shares, bootstrap over records for AUROC."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
