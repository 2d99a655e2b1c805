"""The report of verma2021: tables and conclusions from the results of its arms."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from ecgapp.experiments.verma2021.verma2021_arms import MODE_TITLES, Mode, Verma2021Arm
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_further_tables import (
    calibration_table,
    class_table,
    evidence_table,
    reliability_figure,
)
from ecgapp.experiments.verma2021.verma2021_keys import target_key
from ecgapp.experiments.verma2021.verma2021_networks import is_published
from ecgapp.experiments.verma2021.verma2021_printed_tables import (
    gain_sentences,
    printed_table,
    published_table,
)
from ecgapp.experiments.verma2021.verma2021_scores import (
    auroc_of,
    judged_classes,
    paired_arms,
    verdict,
)
from ecgapp.experiments.verma2021.verma2021_variant_tables import (
    left_out_table,
    spectra_table,
    variants_table,
)

_BENCHMARK_RATE = 100.0  # Hz, of the printed figures of Strodthoff et al.
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
        printed_table(settings, results),
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
                    arm.title, f"{arm.rate:g}", counts["train"], counts["test"], judged,
                    interval_text(auroc_of(ended)),
                    trial.values["auroc_best_on_test"], _benchmark_value(arm),
                )
            )  # fmt: skip
    return ResultTable(
        "benchmark",
        "Tasks of PTB-XL on the test fold",
        (
            "network and task",
            "Hz",
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
            "Published: Strodthoff et al. 2020, at 100 Hz, tested on fold 10; its 2,203 records are those of "
            "the task all, the n of the other tasks is not printed. Another size or rate has no figure.",
        ),
    )


def _transfer_table(settings: Verma2021Config, results: Results) -> ResultTable:
    rows: list[tuple[Cell, ...]] = []
    for share in settings.target_shares:
        for mode, title in MODE_TITLES.items():
            ended = results.get(target_key(mode, share))
            if ended is not None:
                trials = trial_summary(ended.defined("auroc"))
                n = ended.trials[0].counts["test"]
                rows.append(
                    (
                        f"{round(100 * share)} %",
                        title,
                        n,
                        trials.n,
                        trials.sd,
                        interval_text(auroc_of(ended)),
                    )
                )
    return ResultTable(
        "transfer",
        "The target with shares of its labels: macro AUROC",
        ("labels", "arm", "n", "repeats", "SD of repeats", "mean (95 % over records)"),
        tuple(rows),
        (
            "A repeat draws other folds and another subset of the labels. The figure is the mean of the "
            "repeats' macro AUROCs; the interval is over records.",
        ),
    )


def _benchmark_value(arm: Verma2021Arm) -> float | None:
    """The macro AUROC that the benchmark prints for the arm's network and task, or None."""
    if arm.network is None or not is_published(arm.network) or arm.rate != _BENCHMARK_RATE:
        return None
    network = arm.network.architecture
    for figure in published_figures("ptbxl_benchmark"):
        if (figure.model, figure.setting) == (network, f"PTB-XL, {arm.task}"):
            return figure.value
    return None


@dataclass(frozen=True)
class NamedDifference:
    """The difference of two arms with the same share of labels, over the repeats that both have."""

    labels: str
    title: str
    repeats: int
    change: PairedDifference


def _differences(settings: Verma2021Config, results: Results) -> list[NamedDifference]:
    """The paired difference of arms for each share."""
    rows: list[NamedDifference] = []
    for share in settings.target_shares:
        percent = round(100 * share)
        for first, second in _PAIRS:
            keys = target_key(first, share), target_key(second, share)
            change = paired_arms(results, *keys)
            if change is not None:
                repeats = min(len(results[key].trials) for key in keys)
                title = f"{MODE_TITLES[second]} minus {MODE_TITLES[first].lower()}"
                rows.append(NamedDifference(f"{percent} %", title, repeats, change))
    return rows


def _difference_table(differences: Sequence[NamedDifference]) -> ResultTable:
    rows = tuple(
        (one.labels, one.title, one.change.n, one.repeats, interval_text(one.change.difference), one.change.p)
        for one in differences
    )
    return ResultTable(
        "differences",
        "Differences in macro AUROC between arms",
        ("labels", "difference", "n", "repeats", "difference (95 %)", "p"),
        rows,
        (
            "The mean difference of repeats with the same folds and the same subset of labels; paired "
            "bootstrap over records. p is two-sided.",
        ),
    )


def _share_figure(settings: Verma2021Config, results: Results) -> ResultFigure:
    series = []
    for mode, title in MODE_TITLES.items():
        ended = [(share, results.get(target_key(mode, share))) for share in sorted(settings.target_shares)]
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
    caption = "Mean of the repeats with its 95 % interval over records."
    return ResultFigure("shares", "Macro AUROC by share of the target's labels", (panel,), caption)


def _conclusions(differences: Sequence[NamedDifference], results: Results) -> tuple[str, ...]:
    sentences = [f"{one.labels} of the labels: {one.title}: {verdict(one.change)}." for one in differences]
    return (*sentences, *gain_sentences(results))


def _arms(results: Results) -> list[Verma2021Arm]:
    return [ended.arm for ended in results.values() if isinstance(ended.arm, Verma2021Arm)]
