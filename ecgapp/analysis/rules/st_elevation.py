"""ST elevation by the universal definition of myocardial infarction, with reciprocal depression.

Thygesen et al. 2018 (doi:10.1161/CIR.0000000000000617): new elevation at the J point in two contiguous leads,
of 1 mm or more; in V2 and V3 of 2 mm in men from 40 on, 2.5 mm in younger men, 1.5 mm in women. Where age and
sex are not known the limit there is 2 mm. Contiguous limb leads are those of Cabrera's order (Wagner et al.
2009, doi:10.1016/j.jacc.2008.12.016).

J is the latest QRS offset over the leads, which may be wrong by 20 ms, so its level is the mean over the
20 ms behind it. Not in the definition is the addition that ST may rise from there: a lead counts, too, if it
has half its limit at J and 1 mm more than the limit at J+60. Both were chosen on half of the folds.

Without P waves, flutter waves may precede QRS: then a lead counts only if ST rises above their height.

A QRS of 120 ms or more itself shifts ST, in the opposite direction of QRS. Then a lead counts only if the
elevation has the direction of its QRS, or is a quarter or more of its S wave (Smith et al. 2012,
doi:10.1016/j.annemergmed.2012.07.119, stated for left bundle branch block).
"""

from dataclasses import dataclass
from itertools import pairwise

from ecgapp.analysis.measurement.typical_beat import TypicalBeat
from ecgapp.analysis.rules.verdict import Facts

WIDE = 120.0  # ms
LIMIT = 1.0  # mm, in all leads except V2 and V3
ANTERIOR = ("V2", "V3")
YOUNG = 40.0  # years
OLD_MAN, YOUNG_MAN, WOMAN, UNKNOWN = 2.0, 2.5, 1.5, 2.0  # mm, in V2 and V3
RISING = 1.0  # mm above its limit at J+60
AT_J = 0.5  # of its limit, which a rising lead must have at J
OF_S = 0.25  # of the depth of S, in a wide QRS
BEFORE_QRS = (-0.22, -0.01)  # s, about one flutter wave
RECIPROCAL = -0.5  # mm
MILLIMETRES = 10.0  # per millivolt
CONTIGUOUS = (("aVL", "I", "-aVR", "II", "aVF", "III"), ("V1", "V2", "V3", "V4", "V5", "V6"))
OPPOSITE = {  # territories of elevation, and the leads in which depression is reciprocal to it
    "inferior": (("II", "III", "aVF"), ("I", "aVL", "V1", "V2", "V3")),
    "high lateral": (("I", "aVL"), ("II", "III", "aVF")),
    "anterior": (("V1", "V2", "V3", "V4"), ("II", "III", "aVF")),
    "lateral": (("V5", "V6"), ("II", "III", "aVF", "V1", "aVR")),
}


@dataclass(frozen=True)
class STElevation:
    """Leads with ST elevation and their levels at J in mm, and leads with reciprocal depression.

    ``reciprocal`` are leads of opposite territories with a depression of 0.5 mm or more, with their
    levels. -aVR is the inverted aVR.
    """

    leads: tuple[str, ...]
    levels: dict[str, float]
    reciprocal: dict[str, float]


def st_elevation(facts: Facts) -> STElevation | None:
    """ST elevation in two contiguous leads; None without any, or if ST cannot be measured."""
    return raised(facts, 0.0)


def raised(facts: Facts, below: float) -> STElevation | None:
    """ST elevation in two contiguous leads with all limits lowered by ``below`` mm."""
    at_j, behind = (inverted(known) for known in (facts.measured.j_levels, facts.measured.st_levels))
    beat = facts.measured.beat
    if beat is None:
        return None
    wide = (facts.row("QRS").value or 0.0) >= WIDE
    beyond = {
        lead
        for lead in at_j
        if _is_raised(at_j[lead], behind[lead], limit(lead, facts) - below)
        and (not wide or _is_concordant(beat, lead, at_j[lead]))
        and ("P" in beat.spans or at_j[lead] > _before_qrs(beat, lead))
    }
    leads = tuple(lead for row in CONTIGUOUS for lead in together(row, beyond))
    if not leads:
        return None
    opposite = {
        lead: at_j[lead]
        for raised_in, others in OPPOSITE.values()
        if set(leads) & set(raised_in)
        for lead in others
        if lead not in leads and at_j.get(lead, 0.0) <= RECIPROCAL
    }
    return STElevation(leads, {lead: at_j[lead] for lead in leads}, opposite)


def limit(lead: str, facts: Facts) -> float:
    """The limit of ST elevation in ``lead``, mm."""
    if lead not in ANTERIOR:
        return LIMIT
    if facts.sex == "female":
        return WOMAN
    if facts.sex == "male" and facts.age is not None:
        return YOUNG_MAN if facts.age < YOUNG else OLD_MAN
    return UNKNOWN


def inverted(levels: dict[str, float | None]) -> dict[str, float]:
    """The known levels, with -aVR beside aVR."""
    known = {lead: level for lead, level in levels.items() if level is not None}
    return {**known, "-aVR": -known["aVR"]} if "aVR" in known else known


def together(row: tuple[str, ...], beyond: set[str]) -> list[str]:
    """The leads of ``row`` that are beyond their limit and have a neighbour beyond its limit."""
    over = [lead in beyond for lead in row]
    pairs = {place for place, both in enumerate(pairwise(over)) if all(both)}
    return [lead for place, lead in enumerate(row) if {place - 1, place} & pairs]


def _is_raised(at_j: float, behind: float, least: float) -> bool:
    return at_j >= least or (behind >= least + RISING and at_j >= AT_J * least)


def _before_qrs(beat: TypicalBeat, lead: str) -> float:
    """The range of the lead before QRS, in mm: flutter waves move the reference level of ST."""
    onset = beat.spans["QRS"][0]
    before = beat.between(lead.removeprefix("-"), onset + BEFORE_QRS[0], onset + BEFORE_QRS[1])
    return MILLIMETRES * float(before.max() - before.min())


def _is_concordant(beat: TypicalBeat, lead: str, level: float) -> bool:
    """Whether the elevation (mm) has the direction of QRS, or is large for its S wave."""
    sign = -1.0 if lead == "-aVR" else 1.0
    qrs = sign * beat.between(lead.removeprefix("-"), *beat.spans["QRS"])
    return float(qrs.mean()) > 0 or level >= OF_S * MILLIMETRES * -float(qrs.min())
