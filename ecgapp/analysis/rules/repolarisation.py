"""Rules of the ST segment, at J+60 ms in two neighbouring leads.

Limits of Thygesen et al. 2018 (fourth universal definition of myocardial infarction,
doi:10.1161/CIR.0000000000000617): elevation of 1 mm, in V2 and V3 of 2 mm (men from 40 on; 2.5 mm in
younger men, 1.5 mm in women: we are told neither), depression of 0.5 mm. They are stated for the J point;
we measure 60 ms behind it. Neighbours among the limb leads are those of Cabrera's order (Wagner et al. 2009,
doi:10.1016/j.jacc.2008.12.016). A QRS complex of 120 ms or more shifts ST by itself: the limits do not hold.
"""

from collections.abc import Callable
from itertools import pairwise

from ecgapp.analysis.rules.conduction import WIDE
from ecgapp.analysis.rules.verdict import Check, Facts, blank, rule

DEPRESSED = -0.5  # mm
ELEVATED, ELEVATED_ANTERIOR = 1.0, 2.0  # mm
ANTERIOR = ("V2", "V3")
Beyond = Callable[[str, float], bool]  # lead, mm
NEIGHBOURS = (("aVL", "I", "-aVR", "II", "aVF", "III"), ("V1", "V2", "V3", "V4", "V5", "V6"))


@rule("STD")
def depression(facts: Facts) -> Check:
    """0.5 mm below the level before QRS, in two neighbours."""
    return _shifted(facts, "0.5 mm or more below", lambda lead, level: level <= DEPRESSED)


@rule("STE")
def elevation(facts: Facts) -> Check:
    """1 mm above, in V2 and V3 2 mm."""

    def raised(lead: str, level: float) -> bool:
        return level >= (ELEVATED_ANTERIOR if lead in ANTERIOR else ELEVATED)

    return _shifted(facts, "1 mm (V2, V3: 2 mm) or more above", raised)


def _shifted(facts: Facts, limit: str, beyond: Beyond) -> Check:
    levels = {lead: level for lead, level in facts.measured.st_levels.items() if level is not None}
    width = facts.row("QRS")
    if width.value is None:
        return blank(width)
    if width.value >= WIDE:
        return Check(None, f"QRS {width.value:.0f} ms shifts ST by itself, so its limits do not hold")
    if len(levels) < 2:
        return Check(None, "ST cannot be measured in two leads: the volts are lost, or the leads too noisy")
    if "aVR" in levels:
        levels["-aVR"] = -levels["aVR"]
    over = [lead for row in NEIGHBOURS for lead in _together(row, levels, beyond)]
    if over:
        told = ", ".join(f"{lead} {levels[lead]:+.1f}" for lead in over)
        return Check(True, f"ST at J+60 in mm: {told}; {limit}, in neighbouring leads")
    furthest = (min if "below" in limit else max)(levels, key=levels.__getitem__)
    return Check(
        False,
        f"ST at J+60 is nowhere {limit} in two neighbouring leads "
        f"(furthest: {levels[furthest]:+.1f} mm in {furthest})",
    )


def _together(row: tuple[str, ...], levels: dict[str, float], beyond: Beyond) -> list[str]:
    """The leads of ``row`` that are beyond the limit and have a neighbour that is."""
    over = [lead in levels and beyond(lead, levels[lead]) for lead in row]
    pairs = {place for place, both in enumerate(pairwise(over)) if all(both)}
    return [lead for place, lead in enumerate(row) if {place - 1, place} & pairs]
