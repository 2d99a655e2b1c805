"""Further tables of verma2021: gain of each class, calibration, and the evidence of leads and waves."""

import numpy as np
from scipy.special import expit

from ecgapp.evaluate import fit_temperature, macro_auroc, reliability
from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.calibration_error import calibration_errors
from ecgapp.experiments.report_parts import (
    Cell,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
    interval_text,
)
from ecgapp.experiments.study_protocol import ArmTrials, Results
from ecgapp.experiments.trials.occlusion import WAVE_PARTS
from ecgapp.experiments.verma2021.verma2021_arms import MODE_TITLES, Mode
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_keys import benchmark_key, source_key, target_key
from ecgapp.experiments.verma2021.verma2021_scores import answers_of, paired_auroc, paired_repeats
from ecgapp.models.answers import logits_of
from ecgapp.records.record import LEADS, FloatArray
from ecgapp.tasks import task

_FEWEST_POSITIVES = 5  # of a class that has a row of its own


def class_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """The gain of each class by transfer: frozen source against frozen random encoder, with all labels."""
    first, second = (results.get(target_key(mode)) for mode in (Mode.RANDOM, Mode.FROZEN))
    rows: list[tuple[Cell, ...]] = []
    if first is not None and second is not None:
        one, two = answers_of(first), answers_of(second)
        for place, name in enumerate(task(settings.target_task).label_names):
            positives = int((one.targets[:, place] == 1).sum())
            change = paired_repeats(one.column(place), two.column(place))
            if change is not None and positives >= _FEWEST_POSITIVES:
                rows.append((name, positives, change.first, change.second, interval_text(change.difference)))
    return ResultTable(
        "classes",
        "Gain of each class, all labels of the target: AUROC",
        ("class", "positives", "frozen random", "frozen source", "difference (95 %)"),
        tuple(rows),
        (
            f"Classes with fewer than {_FEWEST_POSITIVES} positives are left out. A value is the mean of the "
            "repeats.",
        ),
    )


def calibration_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """The expected calibration error on the test fold before and after a temperature."""
    rows: list[tuple[Cell, ...]] = []
    for key, ended in results.items():
        if key.startswith(benchmark_key("")) or key == source_key(settings):
            rows.append(_calibration_row(ended))
    return ResultTable(
        "calibration",
        "Calibration on the test fold of PTB-XL",
        (
            "network and task", "n", "temperature", "ECE before (95 %)", "ECE after (95 %)",
            "ECE, temperature of the test fold", "change of macro AUROC",
        ),
        tuple(rows),
        (
            "The temperature is fitted on the validation fold. ECE is the mean over classes in 15 bins of "
            "equal width.",
            "As published, the temperature is fitted on the test fold itself: the last but one column.",
        ),
    )  # fmt: skip


def _calibration_row(ended: ArmTrials) -> tuple[Cell, ...]:
    arrays = ended.arrays(0)
    inner, answers = logits_of(arrays["validation_probabilities"]), logits_of(arrays["probabilities"])
    targets = np.asarray(arrays["targets"], np.float32)
    temperature = fit_temperature(inner, arrays["validation_targets"])
    optimistic = fit_temperature(answers, targets)
    before, after, best = (
        calibration_errors(expit(answers / value), targets).mean for value in (1.0, temperature, optimistic)
    )
    change = _auroc(answers / temperature, targets) - _auroc(answers, targets)
    return (
        ended.arm.title, len(targets), temperature, interval_text(before), interval_text(after),
        None if best is None else best.value, change,
    )  # fmt: skip


def _auroc(answers: Floats, targets: FloatArray) -> float:
    value = macro_auroc(answers, targets)
    return float("nan") if value is None else value


def reliability_figure(settings: Verma2021Config, results: Results) -> ResultFigure:
    """Reliability diagram of the source model on its test fold, all classes together."""
    series: tuple[FigureSeries, ...] = ()
    ended = results.get(source_key(settings))
    if ended is not None:
        arrays = ended.arrays(0)
        targets = np.asarray(arrays["targets"], np.float32).ravel()
        temperature = fit_temperature(
            logits_of(arrays["validation_probabilities"]), arrays["validation_targets"]
        )
        answers = logits_of(arrays["probabilities"]).ravel()
        named = (("as trained", 1.0), (f"temperature {temperature:.2f}", temperature))
        series = tuple(_bins(name, expit(answers / value), targets) for name, value in named)
        series += (FigureSeries("perfect", (0.0, 1.0), (0.0, 1.0)),)
    panel = FigurePanel("", "mean probability", "share of answers that are true", series)
    return ResultFigure(
        "reliability",
        "Reliability of the source model",
        (panel,),
        "All classes together, bins of 0.1. Bars treat the answers to one record as independent: they are "
        "too short.",
    )


def _bins(name: str, probabilities: Floats, targets: FloatArray) -> FigureSeries:
    bins = reliability(probabilities, targets, n_bootstrap=1).bins  # the bins need no draws
    return FigureSeries(
        name, tuple(b.mean_probability for b in bins), tuple(b.share for b in bins), "points",
        tuple(b.low for b in bins), tuple(b.high for b in bins),
    )  # fmt: skip


def evidence_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """The loss of macro AUROC without each lead, and without each part of the beat."""
    columns = {
        "source, test fold of PTB-XL": results.get(source_key(settings)),
        f"{MODE_TITLES[Mode.GRADED].lower()}, target": results.get(target_key(Mode.GRADED)),
    }
    losses = {title: _losses(ended) for title, ended in columns.items() if ended is not None}
    losses = {title: texts for title, texts in losses.items() if texts}
    parts = [*(f"lead {lead}" for lead in LEADS), *(f"{part}, all leads" for part in WAVE_PARTS)]
    rows = [(part, *(texts[place] for texts in losses.values())) for place, part in enumerate(parts)]
    return ResultTable(
        "evidence",
        "Evidence: macro AUROC without a lead or a wave, minus that of the whole record",
        ("left out", *losses),
        tuple(rows) if losses else (),
        (
            "A lead is set to its mean; a wave, found by the delineator, is replaced by a straight line in "
            "all leads. Both also show the network signals that it never learnt from.",
        ),
    )


def _losses(ended: ArmTrials) -> list[str | None]:
    arrays = ended.arrays(0)
    if "occluded" not in arrays:
        return []
    whole, targets = np.asarray(arrays["probabilities"]), np.asarray(arrays["targets"], np.float32)
    changes = [paired_auroc(whole, np.asarray(one), targets) for one in arrays["occluded"]]
    return [None if change is None else interval_text(change.difference) for change in changes]
