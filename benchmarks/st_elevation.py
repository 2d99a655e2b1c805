"""ST elevation at J and at J+60: ``python -m benchmarks.st_elevation --data FOLDER``.

FOLDER holds the unpacked archives ``ptb-xl``, ``challenge2021`` and ``ludb``. Records labelled STE (CPSC) or
STEMI (LUDB) against normal ones (PTB-XL NORM; sinus rhythm or Normal as the challenge's only label; LUDB
without any finding). Where J is measured was chosen on folds 1-5; both halves are shown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ecgs import records
from benchmarks.table import Row, at_least, show, tell
from ecgapp.analysis import measure, open_model
from ecgapp.analysis.rules import Facts, st_elevation
from ecgapp.analysis.rules.st_elevation import CONTIGUOUS, inverted, limit, together
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models import TrainedModel
from ecgapp.models.card_words import with_interval

HALVES = {"folds 1-5": range(1, 6), "folds 6-10": range(6, 11), "all folds": range(1, 11)}
ALONE = ({"SNOMED:426783006"}, {"CPSC:Normal"})
OF_RHYTHM = ("LUDB:Sinus rhythm", "LUDB:Electric axis of the heart")
TARGET = 80  # %


@dataclass(frozen=True, eq=False)
class Case:
    """One record: "STE", "STEMI" or "normal", its fold, and what was measured."""

    kind: str
    fold: int
    facts: Facts


def cases(data: Path, model: TrainedModel) -> Iterator[Case]:
    """The labelled records and the normal ones."""
    for fold in HALVES["all folds"]:
        for one in records(data, (fold,)):
            kind = _kind(one.codes)
            if kind:
                yield Case(kind, fold, Facts(measure(one.record, model), one.record.sampling_rate))


def _kind(codes: Sequence[str]) -> str:
    if "CPSC:STE" in codes:
        return "STE"
    if any(code.startswith("LUDB:Stemi") for code in codes):
        return "STEMI"
    normal = "SCP:NORM" in codes or set(codes) in ALONE or (bool(codes) and set(codes) <= set(OF_RHYTHM))
    return "normal" if normal else ""


def _at_j60(facts: Facts) -> bool:
    """The limits applied 60 ms behind J, in QRS complexes under 120 ms."""
    levels = inverted(facts.measured.st_levels)
    beyond = {lead for lead, level in levels.items() if level >= limit(lead, facts)}
    narrow = (facts.row("QRS").value or 0.0) < 120
    return narrow and any(together(row, beyond) for row in CONTIGUOUS)


RULES: dict[str, Callable[[Facts], bool]] = {
    "at J": lambda facts: st_elevation(facts) is not None,
    "at J+60": _at_j60,
}


def rows(known: Sequence[Case]) -> list[Row]:
    """The share of records with an elevation by each rule, by kind of record and half of the folds."""
    lines = []
    for rule, finds in RULES.items():
        for half, folds in HALVES.items():
            for kinds in (("STE", "STEMI"), ("STE",), ("STEMI",), ("normal",)):
                hits = [finds(one.facts) for one in known if one.kind in kinds and one.fold in folds]
                aimed = rule == "at J" and half == "all folds" and len(kinds) > 1
                target = at_least(TARGET, round(100 * sum(hits) / max(len(hits), 1)), "%") if aimed else None
                share = with_interval(wilson(sum(hits), len(hits)))
                lines.append(Row(f"{rule}, {' and '.join(kinds)}", share, half, target, f"{len(hits)}"))
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where an archive or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.st_elevation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    try:
        model = open_model("delineator", Settings.from_environment())
        known = list(cases(parser.parse_args(arguments).data, model))
    except EcgAppError as error:
        tell(str(error))
        return 1
    show("ST elevation found", rows(known), ["Intervals: 95 %, Wilson."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
