"""Refusals of the shipped gates: ``python -m benchmarks.gate --data FOLDER``.

FOLDER holds the unpacked archives as the other benchmarks take them, with ``nstdb``, ``cudb`` and ``mitdb``.
Both questions are asked. Is the record a readable ECG at all: real records of all folds by cross-fitting
(each by a fit that had none of its patients), made ones of the test fold by the shipped gate. Is it similar
to the training data: records of the test fold by the shipped gates. Then both together, as the app asks
them, on the test fold and on all windows of known rhythm; and what the labels are worth where they are
withheld: a classifier's macro AUROC and precision on the very same records.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from scipy import stats

from benchmarks.table import Row, at_most, show, tell
from ecgapp.analysis import admit, find, open_model
from ecgapp.analysis.admission import Admission, Judges
from ecgapp.config import PROJECT, Settings
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import macro_auroc
from ecgapp.evaluate.detectors.refusals import BAD, GOOD
from ecgapp.evaluate.reliability_diagram import wilson
from ecgapp.models import GateMetrics, Interval, KindFigures, TrainedModel
from ecgapp.records import DEMOS, synthesise
from ecgapp.storage import documents
from ecgapp.training.gate.gate_judging import NORMAL, OTHERS, figures, readable_metrics
from ecgapp.training.gate.gate_records import Sample, gather, judge, rhythm_samples
from ecgapp.training.gate.readability_fit import readable_rows
from ecgapp.training.gate.similarity_fit import GateFitConfig, scores

READABLE, SIMILAR = "gate_readable", ("gate", "gate_lead")
CLASSIFIER = "ptbxl_superclass"
RECIPES = PROJECT / "docs" / "recipes"
REPEATS = 20
ALLOWED = 0.02  # of good records, at most
FAST = 60.0  # ms a record on one thread
CHANCE = 0.05  # p above which normal and other records are refused alike


def recipe(name: str) -> GateFitConfig:
    """The settings with which the gate of this name is fitted."""
    return documents.load(GateFitConfig, (RECIPES / f"{name}.json").read_text(encoding="utf-8"))


def rows(name: str, metrics: GateMetrics, shipped: GateMetrics) -> list[Row]:
    """One line a curve and a kind, and whether normal records fail as often as others."""
    failing = metrics.false_refusals
    value = failing.value if failing else float("nan")
    target = at_most(ALLOWED, value)
    lines = [Row(f"{name}: good records failing", _percent(failing), metrics.dataset, target, f"{metrics.n}")]
    for curve in metrics.curves:
        n = f"{curve.n_bad} and {curve.n_good} good"
        measured = "-" if curve.auroc is None else _digits(curve.auroc)
        lines.append(Row(f"{name}: AUROC, {curve.name}", measured, "against good records", None, n))
    without = {kind.kind: kind.without for kind in shipped.kinds}
    lines += [_kind(name, kind, without.get(kind.kind)) for kind in metrics.kinds]
    return [*lines, *_difference(name, metrics)]


def _kind(name: str, kind: KindFigures, without: Interval | None) -> Row:
    how = kind.role if without is None else f"{kind.role}; {_percent(without)} by a gate fitted without it"
    return Row(f"{name}: {kind.kind} failing", _percent(kind.share), how, None, f"{kind.refused} of {kind.n}")


def _difference(name: str, metrics: GateMetrics) -> list[Row]:
    """Fisher's exact test of normal against all other records of twelve leads."""
    results = {kind.kind: kind for kind in metrics.kinds if kind.role == "class"}
    if not {NORMAL, OTHERS} <= set(results):
        return []
    table = [[results[kind].refused, results[kind].n - results[kind].refused] for kind in (NORMAL, OTHERS)]
    p = float(stats.fisher_exact(table).pvalue)
    words = f"{table[0][0]} of {results[NORMAL].n} and {table[1][0]} of {results[OTHERS].n}"
    return [Row(f"{name}: normal against other records", f"p = {p:.3g}", "Fisher's exact test", None, words)]


def readable(data: Path, settings: Settings) -> list[Row]:
    """The figures of the first question, cross-fitted again.

    Raises:
        EcgAppError: the gate or the data cannot be used.
    """
    gate, config = open_model(READABLE, settings), recipe(READABLE)
    measured = readable_rows(config, data, gate, tell)
    metrics = readable_metrics(gate.network, measured, gate.card.thresholds[0], config)  # type: ignore[arg-type]
    return rows(READABLE, metrics, metrics)


def similar(name: str, data: Path, settings: Settings) -> list[Row]:
    """The figures of one gate of the second question on its test folds.

    Raises:
        EcgAppError: the gate or the data cannot be used.
    """
    gate, config = open_model(name, settings), recipe(name)
    good, made = _test_samples(config, data, gate)
    judged = judge(iter([*good, *made]), gate, tell)
    results = scores(gate.network, judged)  # type: ignore[arg-type]
    dataset = f"fold {', '.join(map(str, config.test_folds))}"
    shipped = gate.card.gate or GateMetrics("", 0, None, None, (), ())
    return rows(name, figures(judged, results, gate.card.thresholds[0], dataset), shipped)


def _test_samples(config: GateFitConfig, data: Path, gate: TrainedModel) -> tuple[list[Sample], list[Sample]]:
    together = len(gate.card.preprocessing.leads) > 1
    good, made = gather(config, data, not together, config.test_folds)
    return good, list(made)


def together(name: str, data: Path, settings: Settings) -> list[Row]:
    """The two questions of the gate as the app combines them: refused, labels withheld, either.

    The rhythm windows were among those that the first gate was fitted on: their refusals by a gate that was
    not stand in the first part.

    Raises:
        EcgAppError: a gate or the data cannot be used.
    """
    judges = Judges(open_model(READABLE, settings), open_model(name, settings))
    config = recipe(name)
    good, made = _test_samples(config, data, open_model(name, settings))
    samples = [*good, *made]
    if name != SIMILAR[0]:
        samples += list(rhythm_samples(recipe(READABLE), data))
    answers: dict[tuple[str, str], list[Admission]] = {}
    for sample in samples:
        answers.setdefault((sample.role, sample.kind), []).append(admit(sample.record, judges))
    ordered = sorted(
        answers.items(), key=lambda item: (GOOD, BAD).index(item[0][0]) if item[0][0] in (GOOD, BAD) else 2
    )
    return [_both(f"app, {name}: {kind}", role, results) for (role, kind), results in ordered]


def _both(what: str, role: str, results: Sequence[Admission]) -> Row:
    refused = sum(one.refused for one in results)
    withheld = sum(one.labels_withheld for one in results)
    share = wilson(withheld, len(results))
    words = f"{role}; refused {refused}, labels withheld {withheld - refused} more"
    return Row(what, _percent(share), words, None, f"{withheld} of {len(results)}")


def label_rows(data: Path, settings: Settings) -> list[Row]:
    """The classifier's precision and AUROC on records of all folds that pass and fail the second question.

    Real records, and those with noise of the test fold. Precision is that of its positive labels.

    Raises:
        EcgAppError: a model or the data cannot be used.
    """
    classifier, judges = open_model(CLASSIFIER, settings), Judges(None, open_model(SIMILAR[0], settings))
    config = recipe(SIMILAR[0])
    good, made = gather(config, data, False)
    known = [one for one in good if one.kind.startswith("ptb-xl")]
    noisy = [
        one
        for one in made
        if one.fold in config.test_folds and ("noise," in one.kind or "wander," in one.kind)
    ]
    return [
        row
        for name, samples in (("real records, all folds", known), ("with noise, test fold", noisy))
        for row in _worth(name, samples, classifier, lambda one: admit(one.record, judges).labels_withheld)
    ]


def _worth(
    name: str, samples: Sequence[Sample], classifier: TrainedModel, fails: Callable[[Sample], bool]
) -> list[Row]:
    task = classifier.card.task
    if task is None:
        return []
    failed = np.array([fails(one) for one in samples])
    results = [find(one.record, classifier).rows for one in samples]
    positive = np.array([[row.positive for row in each] for each in results])
    values, truths = (
        np.array([[row.probability for row in each] for each in results]),
        task.targets([one.labels for one in samples]),
    )
    lines = []
    for words, chosen in (("pass", ~failed), ("fail", failed)):
        right, stated = int((positive & (truths == 1))[chosen].sum()), int(positive[chosen].sum())
        area = macro_auroc(values[chosen], truths[chosen]) if chosen.any() else None
        area_words = "-" if area is None else f"{area:.3f}"
        measured = f"AUROC {area_words}, precision {_percent(wilson(right, stated))}"
        n = f"{int(chosen.sum())} records, {stated} labels"
        lines.append(Row(f"{classifier.card.name}: {name} that {words}", measured, "question 2", None, n))
    return lines


def time_row(settings: Settings) -> Row:
    """Milliseconds both answers take on one thread, median over repeats of a ten-second record."""
    judges = Judges(open_model(READABLE, settings), open_model(SIMILAR[0], settings))
    record = synthesise(next(iter(DEMOS.values()))).record
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        admit(record, judges)
        taken.append(1000 * (time.perf_counter() - begun))
    torch.set_num_threads(threads)
    median = float(np.median(taken))
    words = f"median of {REPEATS}, 12 leads of 10 s at 500 Hz, one thread"
    return Row("both questions: time a record", f"{median:.0f} ms", words, at_most(FAST, median, "ms"))


def _percent(figure: Interval | None) -> str:
    return "-" if figure is None else f"{figure.value:.1%} ({figure.low:.1%}-{figure.high:.1%})"


def _digits(figure: Interval) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data or a gate cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    data, settings = parser.parse_args(arguments).data, Settings.from_environment()
    try:
        lines = [*readable(data, settings)]
        for name in SIMILAR:
            lines += [*similar(name, data, settings), *together(name, data, settings)]
        lines += [*label_rows(data, settings), time_row(settings)]
    except EcgAppError as error:
        tell(str(error))
        return 1
    show("Gate", lines, ["Intervals: Wilson's for shares, bootstrap over records for AUROC."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
