"""The report of ansari2020: its tables beside the abstract's figures, and what they show."""

from collections.abc import Sequence

import numpy as np

from ecgapp.experiments.ansari2020.ansari2020_config import (
    ALL,
    COMPARISON,
    ENCODER_TITLES,
    FEATURE_TITLES,
    PRETRAINED,
    SCOPE_TITLES,
    LearnerArm,
    scopes,
)
from ecgapp.experiments.ansari2020.ansari2020_figures import FIGURES, ON_TARGET, SIMPLE, UNSEEN, WHOLE
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
)
from ecgapp.experiments.study_protocol import ArmTrials, DataReport, Results, StudyProtocol
from ecgapp.experiments.trial_result import TrialResult

_TITLES = {"auroc": "AUROC", "auprc": "AUPRC", "accuracy": "accuracy", "f1": "F1", "f2": "F2", "g2": "G2"}
_COLUMNS = ("learner", "features", "encoder", "n", *(_TITLES[name] for name in FIGURES))
_INTERVAL = "95 % intervals in brackets are over records (percentile bootstrap)."


def ansari_report(
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
    tables += [_difference_table(learners, results)]
    return ExperimentReport(
        protocol.title,
        protocol.citation,
        (*data.data, *data.differences),
        _conclusions(learners, results),
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


def _difference_table(learners: Sequence[ArmTrials], results: Results) -> ResultTable:
    columns = ("learner", "features", "data", "records", "difference of AUROC", "low", "high", "p")
    rows: list[tuple[Cell, ...]] = []
    compared = results.get(COMPARISON)
    for one in learners if compared is not None else ():
        values = _compared(one, compared)
        if isinstance(one.arm, LearnerArm) and one.arm.encoder == PRETRAINED and values:
            n = one.trials[0].counts.get("n")
            names = (one.arm.learner_title, FEATURE_TITLES[one.arm.features], SCOPE_TITLES[one.arm.scope])
            rows.append((*names, n, *values))
    notes = ("Paired bootstrap over records; the repeats of each encoder are averaged in every draw.",)
    return ResultTable("differences", "Pretrained minus random encoder", columns, tuple(rows), notes)


def _compared(one: ArmTrials, compared: ArmTrials | None) -> tuple[float | None, ...]:
    """Difference, low, high and p of the pair that this arm belongs to."""
    if compared is None or not isinstance(one.arm, LearnerArm):
        return ()
    values = compared.trials[0].values
    key = f"{one.arm.features}-{one.arm.learner}-{one.arm.scope}"
    names = [f"{key}_{name}" for name in ("difference", "low", "high", "p")]
    return tuple(values[name] for name in names) if names[0] in values else ()


def _conclusions(learners: Sequence[ArmTrials], results: Results) -> tuple[str, ...]:
    sentences = [_level(one) for one in learners if _is_main(one)]
    compared = results.get(COMPARISON)
    sentences += [_difference(one, _compared(one, compared)) for one in learners if _is_main(one)]
    sentences = [one for one in sentences if one]
    if not sentences:
        return ("The main arm, logistic regression on the pooled feature map, has not finished.",)
    return (
        *sentences,
        "The simple split of the first data set has too few positives for a comparison with the published "
        "figures: see its intervals.",
    )


def _is_main(one: ArmTrials) -> bool:
    """Whether the arm is one that the conclusions name: logistic regression on pooled maps."""
    arm = one.arm
    if not isinstance(arm, LearnerArm) or arm.encoder != PRETRAINED:
        return False
    return arm.learner == "logistic" and arm.features in ("pooled", "layers")


def _level(one: ArmTrials) -> str:
    trial = one.trials[0]
    return (
        f"Logistic regression on the {_features_and_scope(one)}, first repeat, "
        f"n = {trial.counts.get('n', 0):,}: AUROC {_cell(trial, 'auroc')}, AUPRC {_cell(trial, 'auprc')}."
    )


def _difference(one: ArmTrials, values: tuple[float | None, ...]) -> str:
    if len(values) < 4 or values[0] is None or values[3] is None:
        return ""
    where = _features_and_scope(one)
    difference, low, high, p = (float(value) if value is not None else float("nan") for value in values)
    n = one.trials[0].counts.get("n", 0)
    numbers = f"{difference:+.3f} [{low:+.3f} to {high:+.3f}], p = {p:.3f}, n = {n:,} records"
    if p >= 0.05:
        return f"No difference shown between pretrained and random encoder on the {where} ({numbers})."
    better = "higher" if difference > 0 else "lower"
    return f"The pretrained encoder's AUROC is {better} than the random one's on the {where} ({numbers})."


def _features_and_scope(one: ArmTrials) -> str:
    arm = one.arm
    if not isinstance(arm, LearnerArm):
        raise TypeError("Only learners have features.")
    return f"{FEATURE_TITLES[arm.features]}, {SCOPE_TITLES[arm.scope]}"


def _cell(trial: TrialResult, name: str) -> str:
    value, low, high = (trial.values.get(name + part) for part in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return UNDEFINED
    return f"{value:.3f} [{low:.3f}-{high:.3f}]"


def _names(one: ArmTrials) -> tuple[str, str, str]:
    arm = one.arm
    if not isinstance(arm, LearnerArm):
        raise TypeError("Only learners have a row.")
    return arm.learner_title, FEATURE_TITLES[arm.features], ENCODER_TITLES[arm.encoder]


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
