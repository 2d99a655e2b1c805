"""Tables of verma2021 on what was published: each printed figure beside ours, and the repeated defects."""

import numpy as np

from ecgapp.evaluate.comparison.record_bootstrap import PairedDifference
from ecgapp.experiments.paper_tables.published_figures import PublishedFigure, published_figures
from ecgapp.experiments.report_parts import Cell, ResultTable, interval_text
from ecgapp.experiments.study_protocol import Results
from ecgapp.experiments.verma2021.verma2021_arms import Mode
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_keys import (
    published_key,
    source_at,
    source_key,
    spectrum_key,
    target_key,
)
from ecgapp.experiments.verma2021.verma2021_scores import (
    auroc_of,
    paired_arms,
    verdict,
)

_GAINS = (
    ("as published", published_key(Mode.SCRATCH), published_key(Mode.FINETUNED)),
    ("corrected", target_key(Mode.SCRATCH), target_key(Mode.FINETUNED)),
)
_REMARKS = {
    "resnet": "fastai_resnet1d101, not resnet1d_wang: no arm here",
    "inception": "a network joined along time, not inception1d: no arm here",
}


def published_table(results: Results) -> ResultTable:
    """The arms with the published defects beside the corrected ones, and what transfer gains in both."""
    rows: list[tuple[Cell, ...]] = []
    for mode in (Mode.SCRATCH, Mode.FINETUNED):
        key, corrected = published_key(mode), target_key(mode)
        if key in results and corrected in results:
            arm = results[key]
            values = arm.defined("auroc_best_on_test")
            rows.append(
                (
                    arm.arm.title, float(np.mean(values)) if values else None,
                    interval_text(auroc_of(arm)), interval_text(auroc_of(results[corrected])),
                )
            )  # fmt: skip
    gains = transfer_gains(results)
    if len(gains) == len(_GAINS):
        texts = [f"{interval_text(gain.difference)}, p = {gain.p:.3f}" for gain in gains.values()]
        rows.append(("Fine-tuned minus from scratch", None, *texts))
    return ResultTable(
        "as-published",
        "The published defects: scrambled leads, and the epoch chosen on the test fold",
        (
            "arm",
            "mean over folds, best epoch on the test",
            "all folds, last epoch (95 %)",
            "corrected (95 %)",
        ),
        tuple(rows),
    )


def transfer_gains(results: Results) -> dict[str, PairedDifference]:
    """Fine-tuned minus from scratch, with the published defects and corrected, where both arms have ended."""
    gains = {name: paired_arms(results, first, second) for name, first, second in _GAINS}
    return {name: gain for name, gain in gains.items() if gain is not None}


def gain_sentences(results: Results) -> tuple[str, ...]:
    """Whether transfer wins, with the published defects and without them."""
    gains = transfer_gains(results)
    if len(gains) < len(_GAINS):
        return ()
    sentences = [f"Fine-tuned minus from scratch, {name}: {verdict(gain)}." for name, gain in gains.items()]
    printed = {figure.setting: figure.value for figure in published_figures("verma2021")[::-1]}
    fine, scratch = printed["G12EC, fine-tuned"], printed["G12EC, from scratch"]
    sentences.append(f"Printed: {fine:.3f} fine-tuned, {scratch:.3f} from scratch with scrambled leads.")
    change = paired_arms(results, target_key(Mode.SCRATCH), published_key(Mode.SCRATCH))
    if change is not None:
        sentences.append(f"From scratch, scrambled leads minus leads in order: {verdict(change)}.")
    return tuple(sentences)


def printed_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """All figures that Verma et al. printed, each with our arm of the same setting if there is one."""
    rows: list[tuple[Cell, ...]] = []
    for figure in published_figures("verma2021"):
        ours = results.get(_our_arm(settings, figure))
        where = "result files" if figure.source == "verma2021_code" else "slides"
        rows.append(
            (
                figure.setting, figure.model, where, figure.value,
                None if ours is None else interval_text(auroc_of(ours)),
                _REMARKS.get(figure.model, "" if ours is None else ours.arm.title),
            )
        )  # fmt: skip
    return ResultTable(
        "printed",
        "What Verma et al. printed: macro AUROC",
        ("setting", "network", "printed in", "printed", "ours (95 %)", "our arm, or remark"),
        tuple(rows) if results else (),
        (
            "G12EC is Georgia. From scratch was learnt from scrambled leads; our arm has them in order. "
            "Data, labels and size differ from ours where the data and protocol say so.",
        ),
    )


def _our_arm(settings: Verma2021Config, figure: PublishedFigure) -> str:
    """The key of our arm in the setting of a printed figure, or nothing."""
    place, _, rest = figure.setting.partition(", ")
    if figure.model in _REMARKS:
        return ""
    if "frequency domain" in rest:
        part = rest.rpartition(", ")[2].replace("absolute", "magnitude")
        return spectrum_key(part, published=True) if place == "PTB-XL" else ""
    if place == "PTB-XL":
        return source_at(settings, 100.0) if "100 Hz" in rest else source_key(settings)
    mode = Mode.FINETUNED if rest.startswith("fine-tuned") else Mode.SCRATCH
    percent = float(rest.rpartition(", ")[2].removesuffix(" %")) if rest.endswith("%") else 100.0
    return target_key(mode, percent / 100)
