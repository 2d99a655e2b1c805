"""The rule of the normal ECG: every figure within its limits, regular, no early beat, no shifted ST.

Limits are those of the table of measurements. A figure that is out of them by less than the error of its
reading is borderline. The rule knows nothing of Q waves, T waves or voltages, so it can find an ECG normal
that is not.
"""

from ecgapp.analysis.measurement.measured_rows import Measurement, in_unit
from ecgapp.analysis.rules.rhythm import FEW, IRREGULAR, UNSURE, share
from ecgapp.analysis.rules.st_segment import depression, elevation
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleOutcome, blank, cannot_tell, rule, side

LIMITS = ("Heart rate", "PR", "QRS", "QTc Fridericia", "QRS axis")


@rule("Normal", "NORM")
def normal(facts: Facts) -> RuleOutcome:
    """The rule of a normal ECG: nothing measured is out of its limits."""
    rows = tuple(facts.row(name) for name in LIMITS)
    checks = [_within(row, facts) for row in rows if row.value is not None]
    checks += [*_of_rhythm(facts), *_of_st(facts)]
    wrong = [one.words for one in checks if one.presence is Presence.ABSENT]
    if wrong:
        return RuleOutcome(Presence.ABSENT, "; ".join(wrong))
    missing = [row for row in rows if row.value is None]
    if missing:
        return blank(missing[0])
    if facts.measured.rhythm.irregularity is None:
        return cannot_tell(FEW)
    doubtful = [one.words for one in checks if one.presence is Presence.BORDERLINE]
    if doubtful:
        return RuleOutcome(Presence.BORDERLINE, "; ".join(doubtful))
    figures = ", ".join(f"{row.name} {in_unit(row.value or 0.0, row.unit)}" for row in rows)
    return RuleOutcome(Presence.PRESENT, f"{figures}, rhythm and ST are within their limits{facts.span}")


def _within(row: Measurement, facts: Facts) -> RuleOutcome:
    """Whether a figure lies within its limits, or out of them by less than its error."""
    low, high = row.normal or (float("-inf"), float("inf"))
    value, error = round(row.value or 0.0), facts.error(row.name)
    if low <= value <= high:
        return RuleOutcome(Presence.PRESENT, "")
    words = f"{row.name} {in_unit(value, row.unit)}, normal {low:.0f} to {high:.0f}"
    if low - error <= value <= high + error:
        return RuleOutcome(Presence.BORDERLINE, f"{words}, error about {error:.0f}")
    return RuleOutcome(Presence.ABSENT, words)


def _of_rhythm(facts: Facts) -> list[RuleOutcome]:
    rhythm, checks = facts.measured.rhythm, []
    if rhythm.irregularity is not None:
        words = f"RR changes by {share(rhythm.irregularity)} from beat to beat, limit {share(IRREGULAR)}"
        checks.append(RuleOutcome(_opposite(side(rhythm.irregularity, IRREGULAR, UNSURE)), words))
    early = sum(beat.premature for beat in rhythm.beats)
    if early:
        verb = "comes" if early == 1 else "come"
        words = f"{early} of {len(rhythm.beats)} beats{facts.span} {verb} early"
        checks.append(RuleOutcome(Presence.ABSENT, words))
    return checks


def _of_st(facts: Facts) -> list[RuleOutcome]:
    checks = (depression(facts), elevation(facts))
    return [RuleOutcome(_opposite(one.presence), one.words) for one in checks]


def _opposite(presence: Presence) -> Presence:
    """The presence of a normal ECG, given that of an abnormality."""
    turned = {Presence.PRESENT: Presence.ABSENT, Presence.ABSENT: Presence.PRESENT}
    return turned.get(presence, presence)
