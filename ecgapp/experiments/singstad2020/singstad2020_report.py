"""The report of singstad2020: the challenge's figures, precision and recall of each class, and controls."""

import numpy as np

from ecgapp.evaluate import wilson
from ecgapp.evaluate.challenge.organisers_2018 import GROUPS, ORDER, organisers_scores
from ecgapp.evaluate.comparison.record_bootstrap import PairedDifference
from ecgapp.experiments.paper_tables.published_figures import PublishedFigure, published_figures
from ecgapp.experiments.report_parts import (
    Cell,
    ExperimentReport,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
    interval_text,
)
from ecgapp.experiments.singstad2020.singstad2020_data import TASK
from ecgapp.experiments.singstad2020.singstad2020_scores import (
    INSIDE,
    PUBLISHED,
    THRESHOLDS,
    DecisionPools,
    PooledDecisions,
    challenge_intervals,
    f2_difference,
)
from ecgapp.experiments.study_protocol import DataReport, Results
from ecgapp.models.validation_figures import Interval
from ecgapp.tasks import task

_LIMIT = 0.05  # of p, below which a difference is shown


def singstad2020_report(names: tuple[str, str], data: DataReport, results: Results) -> ExperimentReport:
    """The report of the results so far; ``names`` are title and citation."""
    pools = DecisionPools(results)
    tables = (_score_table(pools), _class_table(pools), _organisers_table(results))
    figures = (_curve_figure(results),)
    return ExperimentReport(
        *names,
        (*data.data, *data.differences),
        _conclusions(pools),
        tuple(table for table in tables if table.rows),
        tuple(figure for figure in figures if any(panel.series for panel in figure.panels)),
    )


def _score_table(pools: DecisionPools) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    paper = {figure.figure: figure.value for figure in _paper("CPSC2018, ten-fold cross-validation")}
    rows.append(("published, cross-validation", "Nelder-Mead", None, f"{paper['F2']}", f"{paper['G2']}"))
    for key, ended in pools.results.items():
        for way in THRESHOLDS:
            pooled = pools.of(key, way)
            f2, g2 = challenge_intervals(pooled)
            rows.append((ended.arm.title, way, len(pooled.targets), _text(f2), _text(g2)))
    for key in list(pools.results)[:1]:
        targets = pools.of(key, PUBLISHED).targets
        everything = PooledDecisions(np.ones(targets.shape, bool), targets, np.arange(len(targets)))
        f2, g2 = challenge_intervals(everything)
        rows.append(("Control: every class on every record", "none", len(targets), _text(f2), _text(g2)))
    return ResultTable(
        "scores",
        "F2 and G2 of the 2020 challenge",
        ("arm", "thresholds", "n", "F2 (95 %)", "G2 (95 %)"),
        tuple(rows) if len(rows) > 1 else (),
        ("Each record is answered once, by the network of its fold; intervals are over records.",),
    )


def _class_table(pools: DecisionPools) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    published = published_figures("singstad2020")
    for key, ended in pools.results.items():
        way = PUBLISHED if key == "categorical" else INSIDE
        pooled, learnt = pools.of(key, way), pools.of(key, way, "train")
        for place, name in enumerate(task(TASK).label_names):
            paper = {f.figure: f.value for f in published if f.setting.endswith(f", {name}")}
            precision, recall = _precision_and_recall(pooled, place)
            seen_precision, seen_recall = _precision_and_recall(learnt, place)
            rows.append(
                (
                    ended.arm.title, name, int((pooled.targets[:, place] == 1).sum()),
                    paper.get("precision"), _value(seen_precision), _text(precision),
                    paper.get("recall"), _value(seen_recall), _text(recall),
                )
            )  # fmt: skip
    return ResultTable(
        "classes",
        "Precision and recall of each class",
        (
            "arm",
            "class",
            "positives",
            "precision: paper",
            "ours on its training records",
            "ours (95 %)",
            "recall: paper",
            "our recall on its training records",
            "our recall (95 %)",
        ),
        tuple(rows),
        (
            "The paper's values are of its training data.",
            f"Thresholds: {PUBLISHED}, for the arm as published; {INSIDE}, for the others.",
        ),
        decimals=2,
    )


def _organisers_table(results: Results) -> ResultTable:
    """The score of the 2018 challenge, where every record's first label is known."""
    names = task(TASK).label_names
    columns = [names.index(name) for name in ORDER]
    place_of = {column: place for place, column in enumerate(columns)}
    rows: list[tuple[Cell, ...]] = []
    for ended in results.values():
        folds = [ended.arrays(place) for place in range(len(ended.trials))]
        first = np.concatenate([arrays["test_first_labels"] for arrays in folds])
        if (first >= 0).all():
            answers = np.concatenate([arrays["test_probabilities"] for arrays in folds])[:, columns]
            targets = np.concatenate([arrays["test_targets"] for arrays in folds])[:, columns]
            places = np.array([place_of[int(label)] for label in first])
            scores = organisers_scores(answers.argmax(axis=1), targets, places)
            rows.append((ended.arm.title, scores.n, scores.mean, *scores.groups.values()))
    return ResultTable(
        "organisers",
        "Score of the 2018 challenge, computed as its organisers do",
        ("arm", "n", "mean F1", *(f"F1 {name}" for name in GROUPS)),
        tuple(rows),
        ("The most probable class is the prediction; it is right if it is any of the record's labels.",),
    )


def _precision_and_recall(pooled: PooledDecisions, place: int) -> tuple[Interval | None, Interval | None]:
    decided, true = pooled.decisions[:, place], pooled.targets[:, place] == 1
    hits = int((decided & true).sum())
    return wilson(hits, int(decided.sum())), wilson(hits, int(true.sum()))


def _value(interval: Interval | None) -> float | None:
    return None if interval is None else interval.value


def _curve_figure(results: Results) -> ResultFigure:
    panels = []
    for ended in results.values():
        series = [
            FigureSeries(
                f"fold {number}",
                tuple(range(1, len(trial.curves["validation_loss"]) + 1)),
                trial.curves["validation_loss"],
            )
            for number, trial in enumerate(ended.trials, start=1)
            if "validation_loss" in trial.curves
        ]
        if series:
            panels.append(FigurePanel(ended.arm.title, "epoch", "validation loss", tuple(series)))
    return ResultFigure("curves", "Validation loss of each fold", tuple(panels))


def _conclusions(pools: DecisionPools) -> tuple[str, ...]:
    pairs = (
        (
            "length",
            "categorical",
            "The network with categorical cross-entropy against the record's length alone",
        ),
        ("length", "binary", "The network with binary cross-entropy against the record's length alone"),
        ("categorical", "binary", "Binary against categorical cross-entropy"),
    )
    sentences = []
    for first, second, words in pairs:
        if first in pools.results and second in pools.results:
            arms = (pools.of(key, INSIDE) for key in (first, second))
            sentences.append(_difference_sentence(words, f2_difference(*arms)))
    if "categorical" in pools.results:
        ways = (pools.of("categorical", way) for way in (INSIDE, PUBLISHED))
        words = "Thresholds as published against those of all records that the fold may use"
        sentences.append(_difference_sentence(words, f2_difference(*ways)))
    return tuple(sentence for sentence in sentences if sentence)


def _difference_sentence(words: str, change: PairedDifference | None) -> str:
    if change is None:
        return ""
    numbers = f"F2 {change.second:.2f} and {change.first:.2f}, difference {_text(change.difference)}"
    verdict = "" if change.p < _LIMIT else "no difference shown, "
    return f"{words}: {numbers}; {verdict}p = {change.p:.3f}, n = {change.n} records."


def _paper(setting: str) -> list[PublishedFigure]:
    return [figure for figure in published_figures("singstad2020") if figure.setting == setting]


def _text(value: Interval | None) -> str | None:
    return interval_text(value, 2)
