"""Critical findings: how many are found, how many are false: ``python -m benchmarks.critical --data FOLDER``.

FOLDER holds the unpacked archives (cudb, mitdb, nstdb, cinc2017, challenge2021, ptb-xl, ptb-xl-zscored,
ludb). Every record goes the way of the app: quality, beats, measurements, ventricular network, rules, gate.
Each patient is judged by the member of the ventricular network that did not learn from the patient. Windows
of cudb are those that came with the data (chosen by an amplitude measure, then marked) and, beside them,
windows drawn at random and marked by us.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.critical.records import Case, noises, random_windows, source_cases, windows
from benchmarks.critical.synthetic import synthetic_rows
from benchmarks.table import Row, Target, at_least, at_most, show, tell
from ecgapp.analysis.installed_models import InstalledModels
from ecgapp.analysis.opened_ecg import OpenedECG
from ecgapp.config import PROJECT, Settings
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.storage import documents
from ecgapp.training.ventricular.ventricular_fit import VentricularFitConfig
from ecgapp.training.ventricular.ventricular_judging import NO_PATIENT, alone

RECIPE = PROJECT / "docs" / "recipes" / "ventricular.json"
VENTRICULAR = frozenset({"ventricular_fibrillation", "broad_complex_tachycardia"})
EVERY = 200  # records between two lines of progress


class WithoutThePatient:
    """The installed models, of whose ventricular network only one member answers."""

    def __init__(self, settings: Settings) -> None:
        self._models = InstalledModels(settings)
        self._alone: dict[int, TrainedModel] = {}
        self.fold: int | None = None

    def cards(self) -> Mapping[str, ModelCard]:
        """All installed models."""
        return self._models.cards()

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model; the ventricular network without the members that know the patient."""
        model = self._models.opened(card)
        if not card.is_ventricular or self.fold is None:
            return model
        if self.fold not in self._alone:
            self._alone[self.fold] = alone(model, self.fold)
        return self._alone[self.fold]


@dataclass(frozen=True, eq=False)
class Judged:
    """The kinds of critical findings in one case, and whether it is refused."""

    case: Case
    kinds: frozenset[str]
    refused: bool


def judge(cases: Iterable[Case], models: WithoutThePatient) -> Iterator[Judged]:
    """Each case as the app opens it."""
    for number, case in enumerate(cases, 1):
        models.fold = case.fold
        opened = OpenedECG(case.record, models)
        kinds = frozenset(finding.kind.value for finding in opened.critical())
        yield Judged(case, kinds, opened.admission().refused)
        if number % EVERY == 0:
            tell(f"{number:,} records judged.")


def share_row(
    what: str, judged: Sequence[Judged], holds: Callable[[Judged], bool], how: str, most: float | None = None,
    least: float | None = None,
) -> Row:  # fmt: skip
    """The share of cases for which ``holds`` is true, with its interval and the number of patients."""
    hits = sum(map(holds, judged))
    interval = wilson(hits, len(judged))
    if interval is None:
        return Row(what, "-", how, None, "0")
    target: Target | None = at_most(most, interval.value) if most is not None else None
    if least is not None:
        target = at_least(least, interval.value)
    patients = len({one.case.patient for one in judged} - {NO_PATIENT})
    whose = f", {patients} patients" if patients else ""
    sample = f"{hits} of {len(judged)}{whose}; 95 % {interval.low:.3f}-{interval.high:.3f}"
    return Row(what, f"{interval.value:.1%}", how, target, sample)


def is_ventricular(one: Judged) -> bool:
    """Whether fibrillation, flutter or a broad complex tachycardia is called."""
    return bool(one.kinds & VENTRICULAR)


def window_rows(judged: Sequence[Judged]) -> list[Row]:
    """Windows of cudb and mitdb."""
    rows = []
    for group in dict.fromkeys(one.case.group for one in judged):
        of_group = [one for one in judged if one.case.group == group]
        ill = [one for one in of_group if one.case.ventricular]
        well = [one for one in of_group if not one.case.ventricular]
        critical = "ventricular for most of the window: a critical finding"
        rows.append(share_row(f"{group}, {critical}", ill, lambda one: bool(one.kinds), "10 s", least=0.95))
        rows.append(share_row(f"{group}, the same, refused", ill, lambda one: one.refused, "gate", most=0.0))
        rows.append(
            share_row(f"{group}, organised: called ventricular", well, is_ventricular, "10 s", most=0.02)
        )
        rows.append(share_row(f"{group}, organised: refused", well, lambda one: one.refused, "gate"))
    return rows


def noise_rows(judged: Sequence[Judged]) -> list[Row]:
    """Noise without a heart rhythm."""
    rows = []
    for group in dict.fromkeys(one.case.group for one in judged):
        of_group = [one for one in judged if one.case.group == group]
        called = f"{group}: called ventricular fibrillation"
        rows.append(
            share_row(
                called, of_group, lambda o: "ventricular_fibrillation" in o.kinds, "one lead", most=0.05
            )
        )
    return rows


def twelve_lead_rows(judged: Sequence[Judged]) -> list[Row]:
    """Records with twelve leads: false alarms, and who is refused."""
    rows = []
    without = [one for one in judged if not one.case.ventricular]
    for group in dict.fromkeys(one.case.group for one in without):
        of_group = [one for one in without if one.case.group == group]
        rows.append(
            share_row(f"{group}: called ventricular", of_group, is_ventricular, "12 leads", most=0.02)
        )
    rows.append(share_row("all of these: called ventricular", without, is_ventricular, "12 leads", most=0.02))
    for kind in sorted({kind for one in without for kind in one.kinds}):
        normal = [one for one in without if one.case.normal]
        rows.append(
            share_row(f"labelled normal: {kind}", normal, lambda o, k=kind: k in o.kinds, "false alarms")
        )
    tachycardia = [one for one in judged if one.case.ventricular]
    rows.append(
        share_row("ventricular tachycardia: critical", tachycardia, lambda o: bool(o.kinds), "12 leads")
    )
    rows.append(share_row("ventricular tachycardia: called so", tachycardia, is_ventricular, "12 leads"))
    for rhythm in dict.fromkeys(name for one in judged for name in one.case.rare):
        having = [one for one in judged if rhythm in one.case.rare]
        rows.append(share_row(f"{rhythm}: refused", having, lambda one: one.refused, "gate", most=0.0))
    normal, others = ([one for one in judged if one.case.normal is is_normal] for is_normal in (True, False))
    rows.append(share_row("normal: refused", normal, lambda one: one.refused, "gate"))
    rows.append(share_row("all others: refused", others, lambda one: one.refused, "gate"))
    elevated = [one for one in judged if one.case.st_elevation]
    rows.append(
        share_row(
            "ST elevation or STEMI: found", elevated, lambda o: "st_elevation" in o.kinds, "rule", least=0.8
        )
    )
    rows.append(
        share_row("normal: ST elevation", normal, lambda o: "st_elevation" in o.kinds, "rule", most=0.05)
    )
    return rows


PARTS = ("windows", "noise", "twelve", "synthetic")


def measure(data: Path, parts: Sequence[str]) -> list[Row]:
    """All rows of the parts that are asked for.

    Raises:
        EcgAppError: the data or a model cannot be used.
    """
    settings = Settings.from_environment()
    config = documents.load(VentricularFitConfig, RECIPE.read_text(encoding="utf-8"))
    marks, models = RECIPE.parent / config.marks, WithoutThePatient(settings)
    rows: list[Row] = []
    if "windows" in parts:
        both = [*windows(data, marks, config), *random_windows(data, marks, config)]
        rows += window_rows(list(judge(both, models)))
    if "noise" in parts:
        rows += noise_rows(list(judge(noises(data, config), models)))
    if "twelve" in parts:
        rows += twelve_lead_rows(list(judge(source_cases(data, config), models)))
    if "synthetic" in parts:
        models.fold = None
        rows += synthetic_rows(models)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data or a model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.critical", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some of the parts")
    options = parser.parse_args(arguments)
    try:
        rows = measure(options.data, options.only)
    except EcgAppError as error:
        tell(str(error))
        return 1
    show("Critical findings", rows, ["Intervals: Wilson's, over windows or records."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
