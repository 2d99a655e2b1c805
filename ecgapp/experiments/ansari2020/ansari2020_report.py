"""The report of ansari2020: its tables beside the abstract's figures, and what they show."""

from collections.abc import Sequence

import numpy as np

from ecgapp.experiments.ansari2020.ansari2020_arms import (
    ALL,
    ENCODER_TITLES,
    FEATURE_TITLES,
    FEATURES,
    PRETRAINED,
    SCOPE_TITLES,
    TARGET,
    LearnerArm,
    PairArm,
    learner_title,
    scopes,
)
from ecgapp.experiments.ansari2020.ansari2020_scores import FIGURES, ON_TARGET, SIMPLE, UNSEEN, WHOLE
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.paper_tables.published_figures import published_figures
from ecgapp.experiments.report_parts import (
    UNDEFINED,
    Cell,
    ExperimentReport,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
    interval_text,
)
from ecgapp.experiments.study_protocol import Arm, ArmTrials, DataReport, Results, StudyProtocol
from ecgapp.experiments.trial_result import TrialResult
from ecgapp.models import Interval

_TITLES = {"auroc": "AUROC", "auprc": "AUPRC", "accuracy": "accuracy", "f1": "F1", "f2": "F2", "g2": "G2"}
_COLUMNS = ("learner", "features", "encoder", "n", *(_TITLES[name] for name in FIGURES))
_DIFFERENCE = ("difference", "difference_low", "difference_high", "p")
_MAIN = ("pooled", "layers")  # features that the conclusions name, with logistic regression
_FEW_POSITIVES = 20  # an AUROC of fewer has an interval of about 0.2
_SIGNIFICANT = 0.05
_INTERVAL = "95 % intervals in parentheses are over records (percentile bootstrap)."


def ansari2020_report(
    protocol: StudyProtocol, config: ExperimentConfig, data: DataReport, results: Results
) -> ExperimentReport:
    """Tables of every split and scope, the differences, and sentences on them."""
    learners = [one for one in results.values() if isinstance(one.arm, LearnerArm)]
    tables = [_published_table()]
    for scope in scopes(config):
        mine = [one for one in learners if isinstance(one.arm, LearnerArm) and one.arm.scope == scope]
        title = SCOPE_TITLES[scope]
        tables.append(_table(f"simple_{scope}", f"Simple split, {title}", mine, SIMPLE))
        tables.append(_table(f"folds_{scope}", f"Five-fold cross-validation, {title}", mine, WHOLE))
        tables.append(_repeats_table(f"repeats_{scope}", f"Repeats of the cross-validation, {title}", mine))
        if scope == ALL:
            tables.append(
                _table("on_target", "Learnt from all, judged on the first data set", mine, ON_TARGET)
            )
        tables.append(
            _table(f"unseen_{scope}", f"Records that the autoencoder never saw, {title}", mine, UNSEEN)
        )
    tables += [_difference_table(prefix, results) for prefix in (WHOLE, UNSEEN)]
    features = results.get(FEATURES)
    notes = features.trials[0].notes if features is not None else ()
    return ExperimentReport(
        protocol.title,
        protocol.citation,
        (*data.data, *notes, *data.differences),
        _conclusions(config, learners, results),
        tuple(table for table in tables if table.rows),
        (_figure(learners),) if learners else (),
    )


def _published_table() -> ResultTable:
    printed = published_figures("ansari2020")
    rows: list[tuple[Cell, ...]] = []
    for setting in dict.fromkeys(one.setting for one in printed):
        values = {one.figure: one.value for one in printed if one.setting == setting}
        rows.append((setting, *(values.get(_TITLES[name]) for name in FIGURES)))
    columns = ("test", *(_TITLES[name] for name in FIGURES))
    notes = ("The abstract gives neither intervals nor the number of test records.",)
    return ResultTable("published", "As published", columns, tuple(rows), notes, published=True)


def _table(key: str, title: str, learners: Sequence[ArmTrials], prefix: str) -> ResultTable:
    """The first repeat of each arm, with intervals over records."""
    rows = []
    for one in learners:
        trial = one.trials[0]
        if prefix + "auroc" not in trial.values:
            continue
        figures = (_cell(trial, prefix + name) for name in FIGURES)
        rows.append((*_names(one), trial.counts.get(prefix + "n"), *figures))
    return ResultTable(key, title, _COLUMNS, tuple(rows), (f"First repeat. {_INTERVAL}",))


def _repeats_table(key: str, title: str, learners: Sequence[ArmTrials]) -> ResultTable:
    """Mean and SD of every figure over the repeats."""
    rows: list[tuple[Cell, ...]] = []
    for one in learners:
        figures = []
        for name in FIGURES:
            values = one.defined(name)
            sd = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
            figures.append(f"{np.mean(values):.3f}{sd}" if values else UNDEFINED)
        rows.append((*_names(one), len(one.trials), *figures))
    columns = (*_COLUMNS[:3], "repeats", *_COLUMNS[4:])
    note = "Mean ± SD over repeats, each with its own folds; the repeats share their records, so the SD is "
    return ResultTable(key, title, columns, tuple(rows), (f"{note}no error of the mean.",))


def _difference_table(prefix: str, results: Results) -> ResultTable:
    """The differences of all pairs, on all records or on those that the autoencoder never saw."""
    columns = ("learner", "features", "data", "records", "difference of AUROC", "low", "high", "p")
    rows: list[tuple[Cell, ...]] = []
    for arm, trial in _pairs(results):
        if trial.values.get(f"{prefix}difference") is not None:
            names = (learner_title(arm.learner), FEATURE_TITLES[arm.features], SCOPE_TITLES[arm.scope])
            figures = (trial.values.get(prefix + name) for name in _DIFFERENCE)
            rows.append((*names, trial.counts[f"{prefix}n"], *figures))
    notes = ("Paired bootstrap over records; the repeats of each encoder are averaged in every draw.",)
    where = ", records that the autoencoder never saw" if prefix == UNSEEN else ""
    title = f"Pretrained minus random encoder{where}"
    return ResultTable(f"{prefix}differences", title, columns, tuple(rows), notes)


def _pairs(results: Results) -> list[tuple[PairArm, TrialResult]]:
    return [(one.arm, one.trials[0]) for one in results.values() if isinstance(one.arm, PairArm)]


def _conclusions(
    config: ExperimentConfig, learners: Sequence[ArmTrials], results: Results
) -> tuple[str, ...]:
    levels = [_level(one) for one in learners if _is_main(one)]
    differences = [
        _difference(arm, trial, prefix)
        for arm, trial in _pairs(results)
        if arm.learner == "logistic" and arm.features in _MAIN
        for prefix in (WHOLE, UNSEEN)
    ]
    sentences = (*levels, *(one for one in differences if one))
    if not sentences:
        return ("The main arm, logistic regression on the pooled feature map, has not finished.",)
    return (*sentences, *_simple_split(config, learners))


def _simple_split(config: ExperimentConfig, learners: Sequence[ArmTrials]) -> tuple[str, ...]:
    """The sentence that the first data set's simple split is too small, where its rarest class is rare."""
    for one in learners:
        if isinstance(one.arm, LearnerArm) and one.arm.scope == TARGET:
            counts = one.trials[0].counts
            rarest = counts.get(f"{SIMPLE}rarest", 0)
            if rarest >= _FEW_POSITIVES:
                return ()
            positives = "positive" if rarest == 1 else "positives"
            return (
                f"The simple split of {config.stores[0]} has {counts.get(f'{SIMPLE}n', 0):,} test records, "
                f"and {rarest} {positives} of its rarest class: too few for a comparison with the published "
                "figures.",
            )
    return ()


def _is_main(one: ArmTrials) -> bool:
    """Whether the arm is one that the conclusions name: logistic regression on pooled maps."""
    arm = one.arm
    if not isinstance(arm, LearnerArm) or arm.encoder != PRETRAINED:
        return False
    return arm.learner == "logistic" and arm.features in _MAIN


def _level(one: ArmTrials) -> str:
    trial = one.trials[0]
    return (
        f"Logistic regression on the {_features_and_scope(one.arm)}, first repeat, "
        f"n = {trial.counts.get('n', 0):,}: AUROC {_cell(trial, 'auroc')}, AUPRC {_cell(trial, 'auprc')}."
    )


def _difference(arm: PairArm, trial: TrialResult, prefix: str) -> str:
    """The difference of a pair on all records or on those never seen, or that none is shown."""
    difference, p = (trial.values.get(prefix + name) for name in ("difference", "p"))
    if difference is None or p is None:
        return ""
    records = "records that the autoencoder never saw" if prefix == UNSEEN else "records"
    n = trial.counts[f"{prefix}n"]
    where = f"Logistic regression on the {_features_and_scope(arm)}, {n:,} {records}"
    numbers = _cell(trial, f"{prefix}difference")
    if p >= _SIGNIFICANT:
        return (
            f"{where}: no difference shown between pretrained and random encoder (p = {p:.3f}, n = {n:,} "
            f"records; difference of AUROC {numbers})."
        )
    better = "higher" if difference > 0 else "lower"
    return (
        f"{where}: the pretrained encoder's AUROC is {better} than the random one's (difference {numbers}, "
        f"p = {p:.3f}, n = {n:,} records)."
    )


def _features_and_scope(arm: Arm) -> str:
    if not isinstance(arm, LearnerArm | PairArm):
        raise TypeError("Only learners and pairs have features.")
    return f"{FEATURE_TITLES[arm.features]}, {SCOPE_TITLES[arm.scope]}"


def _cell(trial: TrialResult, name: str) -> str:
    """A figure with its interval, or a dash if it is undefined."""
    value, low, high = (trial.values.get(name + part) for part in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return UNDEFINED
    return interval_text(Interval(value, low, high)) or UNDEFINED


def _names(one: ArmTrials) -> tuple[str, str, str]:
    arm = one.arm
    if not isinstance(arm, LearnerArm):
        raise TypeError("Only learners have a row.")
    return learner_title(arm.learner), FEATURE_TITLES[arm.features], ENCODER_TITLES[arm.encoder]


def _figure(learners: Sequence[ArmTrials]) -> ResultFigure:
    """AUROC of every learner with both encoders, one panel for each scope."""
    panels = []
    for scope, title in SCOPE_TITLES.items():
        series = tuple(_series(learners, scope, encoder, name) for encoder, name in ENCODER_TITLES.items())
        if any(one.x for one in series):
            panels.append(FigurePanel(title.capitalize(), "learner and features", "macro AUROC", series))
    return ResultFigure(
        "auroc", "Macro AUROC of every learner", tuple(panels), f"First repeat, five-fold. {_INTERVAL}"
    )


def _series(learners: Sequence[ArmTrials], scope: str, encoder: str, name: str) -> FigureSeries:
    mine = [
        one
        for one in learners
        if isinstance(one.arm, LearnerArm) and (one.arm.scope, one.arm.encoder) == (scope, encoder)
    ]
    values = [one.trials[0].values for one in mine]
    return FigureSeries(
        name,
        tuple(f"{_names(one)[0]}, {_names(one)[1]}" for one in mine),
        tuple(one.get("auroc") for one in values),
        "points",
        tuple(one.get("auroc_low") for one in values),
        tuple(one.get("auroc_high") for one in values),
    )
