"""Tables of verma2021 on other sources, left-out sources, spectra, and the published defects."""

import numpy as np

from ecgapp.evaluate import macro_auroc_interval
from ecgapp.experiments.report_parts import Cell, ResultTable, interval_text
from ecgapp.experiments.study_protocol import Arm, Results
from ecgapp.experiments.verma2021.verma2021_arms import Mode, Verma2021Arm
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_keys import left_out_key, source_key, spectrum_key, target_key
from ecgapp.experiments.verma2021.verma2021_scores import (
    auroc_of,
    judged_classes,
    paired_arms,
    paired_auroc,
)


def variants_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """Frozen arms from smaller, matched or slower sources, beside the usual source and the random encoder."""
    usual = target_key(Mode.FROZEN)
    keys = [usual, target_key(Mode.RANDOM), *(key for key, ended in results.items() if _is_frozen(ended.arm))]
    rows: list[tuple[Cell, ...]] = []
    for key in dict.fromkeys(keys):
        if key in results:
            change = paired_arms(results, usual, key) if key != usual else None
            rows.append(
                (
                    results[key].arm.title, interval_text(auroc_of(results[key])),
                    None if change is None else interval_text(change.difference),
                )
            )  # fmt: skip
    return ResultTable(
        "variants",
        "Smaller and other sources, and other sampling rates, with all labels of the target",
        ("arm", "macro AUROC (95 %)", "minus the usual source (95 %)"),
        tuple(rows) if len(rows) > 1 else (),
        (
            "Matched: source records are drawn so that the target's label shares result; they are counted on "
            "all records of the target, also those that are tested on.",
        ),
    )


def _is_frozen(arm: Arm) -> bool:
    """Whether the arm is a linear head on a frozen encoder that learns from all labels of the target."""
    if not isinstance(arm, Verma2021Arm) or arm.mode not in (Mode.FROZEN, Mode.RANDOM):
        return False
    return arm.share == 1 and not arm.leave_out


def left_out_table(results: Results) -> ResultTable:
    """The difference on each source that is left out, learnt from the others."""
    first, second = results.get(left_out_key(Mode.RANDOM)), results.get(left_out_key(Mode.FROZEN))
    rows: list[tuple[Cell, ...]] = []
    if first is not None and second is not None:
        one, two = first.arrays(0), second.arrays(0)
        for source, n in second.trials[0].counts.items():
            targets = np.asarray(two[f"targets {source}"])
            answers = [arrays[f"probabilities {source}"] for arrays in (one, two)]
            change = paired_auroc(answers[0], answers[1], targets)
            judged = judged_classes(targets)
            rows.append(
                (
                    source, n, judged, *(interval_text(macro_auroc_interval(a, targets)) for a in answers),
                    None if change is None else interval_text(change.difference),
                )
            )  # fmt: skip
    return ResultTable(
        "left-out-sources",
        "Each source left out and tested on, learnt from the others",
        (
            "source",
            "n",
            "classes judged",
            "frozen random (95 %)",
            "frozen source (95 %)",
            "difference (95 %)",
        ),
        tuple(rows),
        ("A source with few records has a wide interval: it is no result by itself.",),
    )


def spectra_table(settings: Verma2021Config, results: Results) -> ResultTable:
    """The macro AUROC with spectra as input, of each crop and as published."""
    rows: list[tuple[Cell, ...]] = []
    usual = results.get(source_key(settings))
    if usual is not None:
        rows.append(("samples", interval_text(auroc_of(usual)), None))
    for part in settings.spectra:
        whole, crops = (results.get(spectrum_key(part, published=published)) for published in (False, True))
        if whole is not None or crops is not None:
            texts = [None if one is None else interval_text(auroc_of(one)) for one in (whole, crops)]
            rows.append((part, *texts))
    return ResultTable(
        "spectra",
        "Spectra as input, on the test fold of PTB-XL: macro AUROC",
        ("input", "of each crop (95 %)", "as published: crops out of the record's spectrum (95 %)"),
        tuple(rows) if len(rows) > 1 else (),
        (
            "The printed figures are in the table of what Verma et al. printed. The target is not tried with "
            "spectra.",
        ),
    )
