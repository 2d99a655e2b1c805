"""Rules of the ST segment in two contiguous leads: elevation at J, depression at J+60 ms.

Limits of Thygesen et al. 2018 (fourth universal definition of myocardial infarction,
doi:10.1161/CIR.0000000000000617); for elevation see ``st_elevation``. The limit of depression is 0.5 mm,
stated for the J point and measured 60 ms behind it, after a steep upslope. The error of ST is about 0.2 mm.
As an alarm must not be missed, only a level that is less than that below its limit is borderline.
"""

from ecgapp.analysis.rules.conduction import WIDE
from ecgapp.analysis.rules.st_elevation import (
    ANTERIOR,
    CONTIGUOUS,
    UNKNOWN,
    STElevation,
    inverted,
    limit,
    raised,
    st_elevation,
    together,
)
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleResult, blank, cannot_tell, rule

DEPRESSED = -0.5  # mm
ERROR = (
    0.2  # mm: half of the difference between two halves of one recording, because both halves are averaged
)
TOO_FEW = (
    "ST cannot be measured in two leads: the record has no voltage calibration, or the leads are too noisy"
)


@rule("STE")
def elevation(facts: Facts) -> RuleResult:
    """ST elevation: raised at J in two contiguous leads."""
    width, levels = facts.row("QRS"), inverted(facts.measured.j_levels)
    if width.value is None:
        return blank(width)
    if len(levels) < 2:
        return cannot_tell(TOO_FEW)
    certain, nearly = st_elevation(facts), raised(facts, ERROR)
    if certain is not None:
        return RuleResult(Presence.PRESENT, f"ST at J in mm: {_raised(certain)}; {_limits(facts)}")
    if nearly is not None:
        return RuleResult(
            Presence.BORDERLINE, f"ST at J in mm: {_raised(nearly)}; {_limits(facts)}, error 0.2"
        )
    if width.value >= WIDE:
        return cannot_tell(f"QRS {width.value:.0f} ms shifts ST by itself, which may hide an elevation")
    highest = max(levels, key=levels.__getitem__)
    words = f"ST at J reaches {levels[highest]:+.1f} mm in {highest}; {_limits(facts)}"
    return RuleResult(Presence.ABSENT, words)


def _raised(elevated: STElevation) -> str:
    """The levels as text: ``V2 +2.5, V3 +3.1, with depression in III -0.8``."""
    words = ", ".join(f"{lead} {level:+.1f}" for lead, level in elevated.levels.items())
    opposite = ", ".join(f"{lead} {level:+.1f}" for lead, level in elevated.reciprocal.items())
    return f"{words}, with depression in {opposite}" if opposite else words


def _limits(facts: Facts) -> str:
    anterior = limit(ANTERIOR[0], facts)
    known = "" if anterior != UNKNOWN or facts.sex else " as age and sex are not known"
    return f"limit 1 mm, in V2 and V3 {anterior:g} mm{known}, in two contiguous leads"


@rule("STD")
def depression(facts: Facts) -> RuleResult:
    """ST depression: 0.5 mm below the level before QRS at J+60, in two contiguous leads."""
    width, levels = facts.row("QRS"), inverted(facts.measured.st_levels)
    if width.value is None:
        return blank(width)
    if width.value >= WIDE:
        return cannot_tell(f"QRS {width.value:.0f} ms shifts ST by itself, so the limit does not hold")
    if len(levels) < 2:
        return cannot_tell(TOO_FEW)
    for presence, least in ((Presence.PRESENT, DEPRESSED), (Presence.BORDERLINE, DEPRESSED + ERROR)):
        beyond = {lead for lead, level in levels.items() if level <= least}
        leads = [lead for row in CONTIGUOUS for lead in together(row, beyond)]
        if leads:
            listed = ", ".join(f"{lead} {levels[lead]:+.1f}" for lead in leads)
            error = ", error 0.2" if presence is Presence.BORDERLINE else ""
            words = f"ST at J+60 in mm: {listed}; limit {DEPRESSED} mm in two contiguous leads{error}"
            return RuleResult(presence, words)
    lowest = min(levels, key=levels.__getitem__)
    words = (
        f"ST at J+60 reaches {levels[lowest]:+.1f} mm in {lowest}; limit {DEPRESSED} in two contiguous leads"
    )
    return RuleResult(Presence.ABSENT, words)
