"""Accuracy of the textbook's rules: ``python -m benchmarks.rules --data FOLDER``.

FOLDER holds the unpacked archives ``challenge2021`` and ``ptb-xl``; of each, ``--most`` records are drawn
with seed 0, and measured as on the review page. A rule is judged by the records' labels: how many of those
with the label it calls present, how many of the others absent, out of those that it calls either; how often
it is borderline, of those with the label and of the others; and how often it cannot tell. ``--folds``
6 to 10 are those on which the limit of irregularity was not chosen; the delineator learnt from none of
these archives.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.table import Row, show, tell
from ecgapp.analysis import measure, open_model
from ecgapp.analysis.rules import RULES, Facts, Presence, RuleResult, check
from ecgapp.config import Settings
from ecgapp.datasets import LAYOUTS, ImportOptions
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models import TrainedModel
from ecgapp.models.card_words import with_interval
from ecgapp.tasks import task

ARCHIVES = {"challenge": "challenge2021", "ptb-xl": "ptb-xl"}
TASKS = ("nine_class", "ptbxl_superclass")


@dataclass(frozen=True, eq=False)
class Judged:
    """One record: what it is labelled with, what was measured in it, and its fold."""

    codes: tuple[str, ...]
    fold: int
    facts: Facts


def records(data: Path, most: int, delineator: TrainedModel) -> Iterator[Judged]:
    """The first ``most`` records of each archive in a seeded order; unreadable ones are reported."""
    for layout, folder in ARCHIVES.items():
        scan = LAYOUTS[layout].scan(data / folder, ImportOptions())
        entries = list(scan.entries)
        for number in np.random.default_rng(0).permutation(len(entries))[:most]:
            entry = entries[number]
            try:
                record = scan.read(entry.where)
            except EcgAppError as error:
                tell(f"{entry.record_id}: {error}")
                continue
            codes = record.codes if entry.codes is None else entry.codes
            facts = Facts(measure(record, delineator), record.sampling_rate)
            yield Judged(tuple(codes), entry.fold, facts)


def rows(judged: Sequence[Judged]) -> list[Row]:
    """One line for each label that has a rule and stands in a task."""
    lines = []
    for name in TASKS:
        chosen_task = task(name)
        targets = chosen_task.targets([one.codes for one in judged])
        for label, truths in zip(chosen_task.label_names, targets.T, strict=True):
            if label in RULES:
                checks = [check(label, one.facts) for one in judged]
                lines.append(_row(label, checks, truths.tolist()))
    return lines


def _row(label: str, checks: Sequence[RuleResult | None], truths: Sequence[float]) -> Row:
    outcomes = [
        (result.presence, truth == 1)
        for result, truth in zip(checks, truths, strict=True)
        if result is not None and truth in (0, 1)
    ]
    ill = [result for result, truth in outcomes if truth]
    well = [result for result, truth in outcomes if not truth]
    measured = (
        f"sensitivity {_share(ill, Presence.PRESENT)}, specificity {_share(well, Presence.ABSENT)}; "
        f"borderline {ill.count(Presence.BORDERLINE)} and {well.count(Presence.BORDERLINE)}"
    )
    silent = sum(result is Presence.CANNOT_TELL for result, _ in outcomes)
    sample = f"{len(ill)} with it, {len(well)} without; cannot tell in {silent} of {len(outcomes)}"
    return Row(label, measured, "the rule by itself, against the label", None, sample)


def _share(result: Sequence[Presence], wanted: Presence) -> str:
    """The share with the ``wanted`` result among those that are present or absent."""
    decided = [one for one in result if one in (Presence.PRESENT, Presence.ABSENT)]
    return with_interval(wilson(decided.count(wanted), len(decided)))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--most", type=int, default=1000, help="records of each archive")
    parser.add_argument("--folds", type=int, nargs="*", help="only records of these folds")
    parser.add_argument("--model", default="delineator", help="a delineator")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where an archive or the model cannot be used."""
    options = _arguments(arguments)
    try:
        model = open_model(options.model, Settings.from_environment())
        judged = [
            one
            for one in records(options.data, options.most, model)
            if not options.folds or one.fold in options.folds
        ]
    except EcgAppError as error:
        tell(str(error))
        return 1
    notes = [f"{len(judged)} records of {', '.join(ARCHIVES.values())}; intervals: 95 %, Wilson."]
    show("Textbook rules", rows(judged), notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
