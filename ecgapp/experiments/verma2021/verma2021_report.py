"""The report of verma2021: tables and conclusions from the results of its arms."""

from collections.abc import Sequence

import numpy as np

from ecgapp.evaluate.comparison.record_bootstrap import PairedDifference
from ecgapp.evaluate.comparison.trial_statistics import trial_summary
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.paper_tables.published_figures import published_figures
from ecgapp.experiments.report_parts import (
    Cell,
    ExperimentReport,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
    interval_text,
)
from ecgapp.experiments.study_protocol import DataReport, Results
from ecgapp.experiments.verma2021.verma2021_answers import (
    auroc_of,
    judged_classes,
    paired_arms,
)
from ecgapp.experiments.verma2021.verma2021_arms import MODE_TITLES, Mode, VermaArm
from ecgapp.experiments.verma2021.verma2021_further_tables import (
    calibration_table,
    class_table,
    evidence_table,
    reliability_figure,
)
from ecgapp.experiments.verma2021.verma2021_settings import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_variant_tables import (
    left_out_table,
    published_table,
    spectra_table,
    variants_table,
)

_PAIRS = (
    (Mode.RANDOM, Mode.FROZEN),
    (Mode.SCRATCH, Mode.FINETUNED),
    (Mode.SCRATCH, Mode.GRADED),
    (Mode.SCRATCH, Mode.FROZEN),
)


def verma2021_report(
    title: str, citation: str, config: ExperimentConfig, data: DataReport, results: Results
) -> ExperimentReport:
    """The report of the results so far."""
    settings = config.settings_as(Verma2021Config)
    differences = _differences(settings, results)
    tables = (
        _benchmark_table(results),
        _transfer_table(settings, results),
        _difference_table(differences),
        variants_table(settings, results),
        left_out_table(results),
        class_table(settings, results),
        calibration_table(settings, results),
        spectra_table(settings, results),
        published_table(results),
        evidence_table(settings, results),
    )
    figures = (_share_figure(settings, results), reliability_figure(settings, results))
    return ExperimentReport(
        title,
        citation,
        (*data.data, *data.differences),
        _conclusions(differences, results),
        tuple(table for table in tables if table.rows),
        tuple(figure for figure in figures if any(panel.series for panel in figure.panels)),
    )


def _benchmark_table(results: Results) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for arm in _arms(results):
        if arm.mode == Mode.SOURCE and not arm.part and not arm.matched and arm.share == 1:
            ended = results[arm.key]
            trial = ended.trials[0]
            targets = np.asarray(ended.arrays(0)["targets"], np.float32)
            judged = judged_classes(targets)
            counts = trial.counts
            rows.append(
                (
                    arm.title, counts["train"], counts["test"], judged, interval_text(auroc_of(ended)),
                    trial.values["auroc_best_on_test"], _benchmark_value(arm),
                )
            )  # fmt: skip
    return ResultTable(
        "benchmark",
        "Tasks of PTB-XL on the test fold",
        (
            "network and task",
            "n learnt",
            "n tested",
            "classes judged",
            "macro AUROC (95 %)",
            "best epoch on the test",
            "published",
        ),
        tuple(rows),
        (
            "The epoch is chosen on the validation fold; the last column shows what a choice on the test "
            "fold would give.",
            "Published: Strodthoff et al. 2020, on the 2,203 records of fold 10, learnt from about 17,400.",
        ),
    )


def _transfer_table(settings: Verma2021Config, results: Results) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for share in settings.target_shares:
        for mode, title in MODE_TITLES.items():
            ended = results.get(f"{mode}-{round(100 * share)}")
            if ended is not None:
                trials = trial_summary(ended.defined("auroc"))
                n = ended.trials[0].counts["test"]
                rows.append(
                    (
                        f"{round(100 * share)} %",
                        title,
                        n,
                        trials.n,
                        trials.mean,
                        trials.sd,
                        interval_text(auroc_of(ended)),
                    )
                )
    return ResultTable(
        "transfer",
        "The target with shares of its labels: macro AUROC",
        ("labels", "arm", "n", "repeats", "mean", "SD of repeats", "of the repeats' mean answer (95 %)"),
        tuple(rows),
        ("A repeat draws other folds and another subset; the interval is over records.",),
    )


def _benchmark_value(arm: VermaArm) -> float | None:
    """The macro AUROC that the benchmark prints for the arm's network and task, or None."""
    network = arm.network.architecture if arm.network is not None else ""
    for figure in published_figures("ptbxl_benchmark"):
        if (figure.model, figure.setting) == (network, f"PTB-XL, {arm.task}"):
            return figure.value
    return None


Named = tuple[str, str, PairedDifference]


def _differences(settings: Verma2021Config, results: Results) -> list[Named]:
    """The paired difference of arms for each share: share, title, difference."""
    rows: list[Named] = []
    for share in settings.target_shares:
        percent = round(100 * share)
        for first, second in _PAIRS:
            difference = paired_arms(results, f"{first}-{percent}", f"{second}-{percent}")
            if difference is not None:
                title = f"{MODE_TITLES[second]} minus {MODE_TITLES[first].lower()}"
                rows.append((f"{percent} %", title, difference))
    return rows


def _difference_table(differences: Sequence[Named]) -> ResultTable:
    rows = tuple(
        (share, title, one.n, interval_text(one.difference), one.p) for share, title, one in differences
    )
    return ResultTable(
        "differences",
        "Differences in macro AUROC between arms",
        ("labels", "difference", "n", "difference (95 %)", "p"),
        rows,
        ("Paired bootstrap over records of the repeats' mean answers; p is two-sided.",),
    )


def _share_figure(settings: Verma2021Config, results: Results) -> ResultFigure:
    series = []
    for mode, title in MODE_TITLES.items():
        ended = [
            (share, results.get(f"{mode}-{round(100 * share)}")) for share in sorted(settings.target_shares)
        ]
        points = [(share, auroc_of(arm)) for share, arm in ended if arm is not None]
        defined = [(100 * share, value) for share, value in points if value is not None]
        if defined:
            x, values = zip(*defined, strict=True)
            series.append(
                FigureSeries(
                    title, x, tuple(v.value for v in values),
                    low=tuple(v.low for v in values), high=tuple(v.high for v in values),
                )
            )  # fmt: skip
    panel = FigurePanel("", "labels of the target (%)", "macro AUROC", tuple(series))
    caption = "Mean answer of the repeats with its 95 % interval over records."
    return ResultFigure("shares", "Macro AUROC by share of the target's labels", (panel,), caption)


def _conclusions(differences: Sequence[Named], results: Results) -> tuple[str, ...]:
    sentences = []
    for share, title, one in differences:
        text = interval_text(one.difference)
        if one.difference.low > 0:
            verdict = "is higher"
        elif one.difference.high < 0:
            verdict = "is lower"
        else:
            verdict = "shows no difference"
        sentences.append(f"{share} of the labels: {title} {verdict}, {text}, n = {one.n}.")
    scrambled, fair = results.get("published-scratch"), results.get("scratch-100")
    if scrambled is not None and fair is not None:
        change = paired_arms(results, "scratch-100", "published-scratch")
        if change is not None:
            sentences.append(
                f"Scrambled leads change the arm from scratch by {interval_text(change.difference)}: the "
                "published gain of transfer contains this."
            )
    return tuple(sentences)


def _arms(results: Results) -> list[VermaArm]:
    return [ended.arm for ended in results.values() if isinstance(ended.arm, VermaArm)]
