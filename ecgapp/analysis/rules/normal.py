"""The rule of the normal ECG: every measurement within its limits, regular, no early beat, normal ST.

Limits are those of the table of measurements. A value that is outside of them by less than its error is
borderline. The rule does not consider Q waves, T waves or voltages, so it can call an abnormal ECG normal.
"""

from ecgapp.analysis.measurement.measured_rows import Measurement, in_unit
from ecgapp.analysis.rules.rhythm import FEW, IRREGULAR, UNSURE, share
from ecgapp.analysis.rules.st_segment import depression, elevation
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleResult, blank, cannot_tell, rule, side

LIMITS = ("Heart rate", "PR", "QRS", "QTc Fridericia", "QRS axis")


@rule("Normal", "NORM")
def normal(facts: Facts) -> RuleResult:
    """Normal ECG: no measurement is outside of its limits."""
    rows = tuple(facts.row(name) for name in LIMITS)
    results = [_within(row, facts) for row in rows if row.value is not None]
    of_st = (depression(facts), elevation(facts))
    results += [*_of_rhythm(facts), *(RuleResult(_opposite(one.presence), one.words) for one in of_st)]
    wrong = [one.words for one in results if one.presence is Presence.ABSENT]
    if wrong:
        return RuleResult(Presence.ABSENT, "; ".join(wrong))
    missing = [row for row in rows if row.value is None]
    if missing:
        return blank(missing[0])
    if facts.measured.rhythm.irregularity is None:
        return cannot_tell(FEW)
    doubtful = [one.words for one in results if one.presence is Presence.BORDERLINE]
    if doubtful:
        return RuleResult(Presence.BORDERLINE, "; ".join(doubtful))
    figures = ", ".join(f"{row.name} {in_unit(row.value or 0.0, row.unit)}" for row in rows)
    return RuleResult(Presence.PRESENT, f"{figures}, rhythm and ST are within their limits{facts.span}")


def _within(row: Measurement, facts: Facts) -> RuleResult:
    """The result for one measurement: present within its limits, borderline within its error of them."""
    low, high = row.normal or (float("-inf"), float("inf"))
    value, error = round(row.value or 0.0), facts.error(row.name)
    if low <= value <= high:
        return RuleResult(Presence.PRESENT, "")
    words = f"{row.name} {in_unit(value, row.unit)}, normal {low:.0f} to {high:.0f}"
    if low - error <= value <= high + error:
        return RuleResult(Presence.BORDERLINE, f"{words}, error about {error:.0f}")
    return RuleResult(Presence.ABSENT, words)


def _of_rhythm(facts: Facts) -> list[RuleResult]:
    rhythm, results = facts.measured.rhythm, []
    if rhythm.irregularity is not None:
        words = f"RR changes by {share(rhythm.irregularity)} from beat to beat, limit {share(IRREGULAR)}"
        results.append(RuleResult(_opposite(side(rhythm.irregularity, IRREGULAR, UNSURE)), words))
    early = sum(beat.premature for beat in rhythm.beats)
    if early:
        verb = "comes" if early == 1 else "come"
        words = f"{early} of {len(rhythm.beats)} beats{facts.span} {verb} early"
        results.append(RuleResult(Presence.ABSENT, words))
    return results


def _opposite(presence: Presence) -> Presence:
    """The presence of a normal ECG, given that of an abnormality."""
    turned = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}
    return turned.get(presence, presence)
