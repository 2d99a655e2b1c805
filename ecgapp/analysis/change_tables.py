"""Tables of what changed between two ECGs: intervals, ST levels, wave heights and findings."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ecgapp.analysis import Measurement
from ecgapp.analysis.ecg_comparison import (
    EDGES,
    ST_MARKED,
    Change,
    FindingChange,
    Heights,
    LevelChange,
    heights,
)
from ecgapp.analysis.findings import UNCONFIRMED
from ecgapp.analysis.measurement.typical_beat import TypicalBeat
from ecgapp.models.card_words import insufficient
from ecgapp.tasks.meanings import in_full

DASH = "-"


def intervals(changes: Sequence[Change]) -> pd.DataFrame:
    """One row a measurement, with what is worth a remark."""
    return pd.DataFrame(
        [
            {
                "Measurement": change.name,
                "Earlier": _value(change.earlier),
                "Later": _value(change.later),
                "Change": DASH if change.value is None else f"{_signed(change.value)} {change.later.unit}",
                "Repeat": DASH if change.repeated is None else f"± {change.repeated:.0f} {change.later.unit}",
                "Error": DASH if change.error is None else f"± {change.error:.0f} {change.later.unit}",
                "Remark": remark(change),
            }
            for change in changes
        ]
    )


def remark(change: Change) -> str:
    """A remark on how large the change is, and whether it crossed a limit of what is normal."""
    parts = []
    if change.value is None:
        missing = [
            name for name, row in (("earlier", change.earlier), ("later", change.later)) if row.value is None
        ]
        parts.append(f"blank {' and '.join(missing)}")
    elif change.beyond:
        parts.append("▲ beyond the error")
    elif change.repeated is not None:
        parts.append("△ more than repeats" if change.more_than_repeated else "as in repeats")
    ranged = change.value is not None and None not in (change.earlier.normal, change.later.normal)
    if ranged and change.earlier.side != change.later.side:
        before, after = (f"{row.side} normal".strip() for row in (change.earlier, change.later))
        parts.append(f"{before}, now {after}")
    return "; ".join(parts)


def blanks(changes: Sequence[Change]) -> list[str]:
    """A sentence for each ECG and reason why measurements are blank, with their names."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        for slot, row in (("earlier", change.earlier), ("later", change.later)):
            if row.value is None:
                reasons.setdefault((slot, row.reason), []).append(row.name)
    return [
        f"Blank in the {slot} ECG: {', '.join(names)}. {reason}" for (slot, reason), names in reasons.items()
    ]


def levels(changes: Sequence[LevelChange]) -> pd.DataFrame:
    """A column a lead: ST at J+60 in mm, earlier, later and by how much it moved."""
    rows = {"Earlier": "earlier", "Later": "later", "Change": "value"}
    cells = {
        change.lead: [
            _level(getattr(change, name)) + (" ▲" if name == "value" and change.marked else "")
            for name in rows.values()
        ]
        for change in changes
    }
    return pd.DataFrame(cells, index=list(rows))


def wave_heights(earlier: TypicalBeat, later: TypicalBeat, leads: Sequence[str]) -> pd.DataFrame:
    """The table of the overlaid beats' waves: a row a lead, in mV."""
    rows = []
    for lead in leads:
        pair = [heights(beat, lead) if lead in beat.leads else None for beat in (earlier, later)]
        row = {"Lead": lead}
        for words, name in (("QRS highest", "highest"), ("QRS lowest", "lowest"), ("T", "t")):
            row |= {
                f"{words}, {slot}": _millivolts(waves, name)
                for slot, waves in zip(("earlier", "later"), pair, strict=True)
            }
        rows.append(row)
    return pd.DataFrame(rows)


def findings(changes: Sequence[FindingChange], doubtful: Mapping[str, str] | None = None) -> pd.DataFrame:
    """One row a class: what is new, gone or unchanged, on what its threshold rests, and what is doubtful."""
    marks = doubtful or {}
    return pd.DataFrame(
        [
            {
                "Finding": change.label,
                "Earlier": change.earlier.probability,
                "Later": change.later.probability,
                "Threshold": change.later.threshold,
                "Earlier is": _judged(change.earlier.positive),
                "Later is": _judged(change.later.positive),
                "Change": change.verdict if change.verdict == "unchanged" else f"◆ {change.verdict}",
                "Remark": "; ".join(
                    part for part in (marks.get(change.label), insufficient(change.later.metrics)) if part
                ),
                "Status": UNCONFIRMED,
            }
            for change in changes
        ]
    )


def shifts(levels: Sequence[LevelChange], measured: Sequence[Change]) -> list[str]:
    """ST that moved by 1 mm or more, and axes that turned by more than repeat readings do, in sentences."""
    moved = [
        f"{one.lead} {one.value:+.1f} mm ({_level(one.earlier)} to {_level(one.later)})"
        for one in levels
        if one.marked and one.value is not None
    ]
    turned = [
        f"{one.name} {one.value:+.0f}° ({one.earlier.value:.0f}° to {one.later.value:.0f}°)"
        for one in measured
        if one.later.unit == "°"
        and one.more_than_repeated
        and None not in (one.value, one.earlier.value, one.later.value)
    ]
    sentences = [f"ST changed: {', '.join(moved)}."] if moved else []
    return sentences + ([f"Axis changed: {', '.join(turned)}."] if turned else [])


def summary(
    findings: Sequence[FindingChange], measured: Sequence[Change], levels: Sequence[LevelChange] = ()
) -> str:
    """The changes in Markdown, ST and axes first; of a class without enough validation it says so."""
    parts = shifts(levels, measured) + [
        f"{verdict.capitalize()}: {', '.join(named)}."
        for verdict in ("new", "gone")
        if (named := [_named(change) for change in findings if change.verdict == verdict])
    ]
    if findings and not any(change.verdict != "unchanged" for change in findings):
        parts.append("No class went above or below its threshold.")
    beyond = [
        f"{change.name} {change.value:+.0f} {change.later.unit}"
        for change in measured
        if change.beyond and change.value is not None
    ]
    if beyond:
        parts.append(f"Beyond the error of reading: {', '.join(beyond)}.")
    elif measured:
        parts.append("No interval changed by more than the error of reading.")
    between = [
        f"{change.name} {change.value:+.0f} {change.later.unit}"
        for change in measured
        if change.name in EDGES
        and change.more_than_repeated
        and not change.beyond
        and change.value is not None
    ]
    if between:
        parts.append(f"More than repeat readings differ: {', '.join(between)}.")
    return f"Earlier to later, {UNCONFIRMED}. {' '.join(parts)}"


def _named(change: FindingChange) -> str:
    reason = insufficient(change.later.metrics)
    return f"**{in_full(change.label)}**" + (f" ({reason})" if reason else "")


def _judged(positive: bool) -> str:
    return "▲ above" if positive else "below"


def _value(row: Measurement) -> str:
    return DASH if row.value is None else f"{row.value:.0f} {row.unit}"


def _signed(value: float) -> str:
    words = f"{value:+.0f}"
    return "0" if words in ("+0", "-0") else words


def _level(level: float | None) -> str:
    words = DASH if level is None else f"{level:+.1f}"
    return "0.0" if words in ("+0.0", "-0.0") else words


def _millivolts(waves: Heights | None, name: str) -> str:
    height: float | None = None if waves is None else getattr(waves, name)
    return DASH if height is None else f"{height:+.2f}"


MARKED = f"▲ marks a change of {ST_MARKED:g} mm or more."
