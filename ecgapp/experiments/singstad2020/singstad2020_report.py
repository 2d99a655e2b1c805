"""The report of singstad2020: the challenge's figures, precision and recall of each class, and controls."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate import best_thresholds, challenge_weights, f_beta_g_beta, nelder_mead_thresholds, wilson
from ecgapp.evaluate.arrays import Bools, Floats, outcomes
from ecgapp.evaluate.bootstrap import bootstrap_draws, interval
from ecgapp.evaluate.challenge.organisers_2018 import GROUPS, ORDER, organisers_scores
from ecgapp.evaluate.challenge_scores import f_beta, g_beta, mean_defined
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
from ecgapp.experiments.singstad2020.singstad2020_trials import TASK
from ecgapp.experiments.study_protocol import ArmTrials, DataReport, Results
from ecgapp.models.validation_figures import Interval
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task

N_DRAWS = 1000
_PUBLISHED_SETTING = "CPSC2018, ten-fold cross-validation"

Fit = Callable[[FloatArray, FloatArray], Floats]


def _exact(probabilities: FloatArray, targets: FloatArray) -> Floats:
    return best_thresholds(probabilities, targets, 2.0, challenge_weights(targets))


PUBLISHED = "Nelder-Mead on the training records, as published"
INSIDE = "exact on the training records and those that choose the epoch"
THRESHOLDS: dict[str, tuple[str, Fit]] = {
    PUBLISHED: ("train", nelder_mead_thresholds),
    "exact on the training records": ("train", _exact),
    "Nelder-Mead on the records that choose the epoch": ("validation", nelder_mead_thresholds),
    "exact on the records that choose the epoch": ("validation", _exact),
    INSIDE: ("both", _exact),
}
"""Ways to find the thresholds of a fold: by which of its records, and by which search."""


@dataclass(frozen=True, eq=False)
class PooledDecisions:
    """Decisions and targets of all folds' test records, (n_records, n_labels) each, in the order of folds."""

    decisions: Bools
    targets: FloatArray


def pooled_decisions(ended: ArmTrials, way: str) -> PooledDecisions:
    """The decisions of each fold's test records by the thresholds of that fold."""
    part, fit = THRESHOLDS[way]
    decisions, targets = [], []
    for place in range(len(ended.trials)):
        arrays = ended.arrays(place)
        names = ("train", "validation") if part == "both" else (part,)
        learnt = [
            np.concatenate([arrays[f"{name}_{kind}"] for name in names])
            for kind in ("probabilities", "targets")
        ]
        decisions.append(arrays["test_probabilities"] >= fit(learnt[0], learnt[1]))
        targets.append(arrays["test_targets"])
    return PooledDecisions(np.concatenate(decisions), np.concatenate(targets))


def singstad2020_report(names: tuple[str, str], data: DataReport, results: Results) -> ExperimentReport:
    """The report of the results so far; ``names`` are title and citation."""
    tables = (_score_table(results), _class_table(results), _organisers_table(results))
    figures = (_curve_figure(results),)
    return ExperimentReport(
        *names,
        (*data.data, *data.differences),
        _conclusions(results),
        tuple(table for table in tables if table.rows),
        tuple(figure for figure in figures if any(panel.series for panel in figure.panels)),
    )


def challenge_intervals(pooled: PooledDecisions) -> tuple[Interval | None, Interval | None]:
    """F2 and G2 with their 95 % intervals over records."""
    weights = challenge_weights(pooled.targets)
    counts = outcomes(pooled.decisions, np.asarray(pooled.targets, np.float64))[:3] * weights[:, None]

    def statistic(draws: Floats) -> Floats:
        hits, alarms, misses = np.einsum("krl,rd->kld", counts, draws)
        both = f_beta(hits, alarms, misses, 2.0), g_beta(hits, alarms, misses, 2.0)
        return np.stack([[mean_defined(one[:, d]) for d in range(one.shape[1])] for one in both])

    values = f_beta_g_beta(pooled.decisions, pooled.targets)
    draws = bootstrap_draws(statistic, len(weights), N_DRAWS, 0)
    return interval(values[0], draws[0]), interval(values[1], draws[1])


def _score_table(results: Results) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    paper = {figure.figure: figure.value for figure in _paper()}
    rows.append(("published, cross-validation", "Nelder-Mead", None, f"{paper['F2']}", f"{paper['G2']}"))
    for ended in results.values():
        for way in THRESHOLDS:
            pooled = pooled_decisions(ended, way)
            f2, g2 = challenge_intervals(pooled)
            rows.append((ended.arm.title, way, len(pooled.targets), _interval(f2), _interval(g2)))
    for ended in list(results.values())[:1]:
        targets = pooled_decisions(ended, PUBLISHED).targets
        everything = PooledDecisions(np.ones(targets.shape, bool), targets)
        f2, g2 = challenge_intervals(everything)
        rows.append(
            ("Control: every class on every record", "none", len(targets), _interval(f2), _interval(g2))
        )
    return ResultTable(
        "scores",
        "F2 and G2 of the 2020 challenge",
        ("arm", "thresholds", "n", "F2 (95 %)", "G2 (95 %)"),
        tuple(rows) if len(rows) > 1 else (),
        ("Each record is answered once, by the network of its fold; intervals are over records.",),
    )


def _class_table(results: Results) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    published = published_figures("singstad2020")
    for ended in results.values():
        way = PUBLISHED if ended.arm.key == "categorical" else INSIDE
        pooled = pooled_decisions(ended, way)
        for place, name in enumerate(task(TASK).label_names):
            decided, true = pooled.decisions[:, place], pooled.targets[:, place] == 1
            hits = int((decided & true).sum())
            paper = {f.figure: f.value for f in published if f.setting.endswith(f", {name}")}
            rows.append(
                (
                    ended.arm.title, name, int(true.sum()),
                    paper.get("precision"), _interval(wilson(hits, int(decided.sum()))),
                    paper.get("recall"), _interval(wilson(hits, int(true.sum()))),
                )
            )  # fmt: skip
    return ResultTable(
        "classes",
        "Precision and recall of each class",
        (
            "arm",
            "class",
            "positives",
            "precision, paper",
            "precision (95 %)",
            "recall, paper",
            "recall (95 %)",
        ),
        tuple(rows),
        (f"Thresholds: {PUBLISHED}, for the arm as published; {INSIDE}, for the others.",),
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


def _conclusions(results: Results) -> tuple[str, ...]:
    scores = {key: challenge_intervals(pooled_decisions(ended, INSIDE))[0] for key, ended in results.items()}
    sentences = []
    for key in ("categorical", "binary"):
        net, length = scores.get(key), scores.get("length")
        if net is not None and length is not None:
            apart = net.low > length.high or net.high < length.low
            verdict = "differ" if apart else "are not shown to differ"
            sentences.append(
                f"The network with {key} cross-entropy reaches an F2 of {_interval(net)}, the record's "
                f"length alone {_interval(length)}: the two {verdict}."
            )
    if "categorical" in results:
        published = next(figure.value for figure in _paper() if figure.figure == "F2")
        optimistic = challenge_intervals(pooled_decisions(results["categorical"], PUBLISHED))[0]
        sentences.append(
            f"With thresholds as published, F2 is {_interval(optimistic)} on records of other folds; "
            f"the paper has {published:.2f}."
        )
    return tuple(sentences)


def _paper() -> list[PublishedFigure]:
    """The figures of the paper's cross-validation."""
    return [figure for figure in published_figures("singstad2020") if figure.setting == _PUBLISHED_SETTING]


def _interval(value: Interval | None) -> str | None:
    """The interval with two decimals, as many as the paper prints."""
    return interval_text(value, 2)
