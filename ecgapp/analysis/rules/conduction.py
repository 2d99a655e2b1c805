"""Rules of conduction: PR for the AV node; QRS width and its late part in V1 for the bundle branches.

Surawicz et al. 2009 (AHA/ACCF/HRS part III, doi:10.1016/j.jacc.2008.12.013): a complete block has 120 ms
or more; the right one ends towards V1 (R'), the left one away from it (QS or rS). The only criterion used
for the left anterior fascicle is an axis beyond -45 degrees. First-degree block has PR over 200 ms.
"""

from ecgapp.analysis.measurement.typical_beat import TypicalBeat
from ecgapp.analysis.rules.verdict import Facts, Presence, RuleResult, against, blank, cannot_tell, rule, side

LONG_PR, WIDE = 200.0, 120.0  # ms
LEFT_AXIS = -45.0  # degrees
LATE = 0.5  # of the QRS complex: its late part is its second half
TAIL = 0.020  # s at its end that already belong to ST


@rule("I-AVB")
def first_degree_block(facts: Facts) -> RuleResult:
    """First-degree AV block: PR over 200 ms."""
    row = facts.row("PR")
    return blank(row) if row.value is None else against("PR", LONG_PR, facts)


@rule("LBBB")
def left_bundle(facts: Facts) -> RuleResult:
    """Left bundle branch block: a wide QRS whose late part points away from V1."""
    return _bundle_branch(facts, towards_v1=False)


@rule("RBBB")
def right_bundle(facts: Facts) -> RuleResult:
    """Right bundle branch block: a wide QRS whose late part points towards V1."""
    return _bundle_branch(facts, towards_v1=True)


def _bundle_branch(facts: Facts, towards_v1: bool) -> RuleResult:
    row, beat = facts.row("QRS"), facts.measured.beat
    if row.value is None or beat is None:
        return blank(row)
    if facts.measured.paced:
        return cannot_tell("the beats are paced, which makes QRS wide by itself")
    width = against("QRS", WIDE, facts)
    if width.presence is Presence.ABSENT:
        return width
    if "V1" not in beat.leads:
        return cannot_tell(f"{width.words}; V1 cannot be read, which distinguishes left from right")
    late = late_force(beat)
    points = "upwards, as in right" if late > 0 else "downwards, as in left"
    words = f"{width.words}; its late part in V1 points {points} block"
    return RuleResult(width.presence if (late > 0) == towards_v1 else Presence.ABSENT, words)


def late_force(beat: TypicalBeat) -> float:
    """The mean of V1 over the later part of QRS, in the record's units."""
    onset, offset = beat.spans["QRS"]
    start = onset + LATE * (offset - onset)
    return float(beat.between("V1", start, max(start, offset - TAIL)).mean())


@rule("CD")
def conduction_disturbance(facts: Facts) -> RuleResult:
    """Conduction disturbance: a wide QRS, a long PR, or an axis far to the left."""
    if facts.row("QRS").value is None:
        return blank(facts.row("QRS"))
    results = [against("QRS", WIDE, facts)]
    if facts.row("PR").value is not None:
        results.append(against("PR", LONG_PR, facts))
    axis = facts.row("QRS axis").value
    if axis is not None:
        results.append(_left_axis(axis, facts.error("QRS axis")))
    for presence in (Presence.PRESENT, Presence.BORDERLINE, Presence.ABSENT):
        words = [one.words for one in results if one.presence is presence]
        if words:
            return RuleResult(presence, "; ".join(words))
    return blank(facts.row("QRS"))


def _left_axis(axis: float, error: float) -> RuleResult:
    """The result for an axis from -90 to -45 degrees."""
    presence = side(-axis, -LEFT_AXIS, error) if -90 - error <= axis else Presence.ABSENT
    if presence is Presence.BORDERLINE:
        return RuleResult(presence, f"axis {axis:.0f}°, limit {LEFT_AXIS:.0f}°, error about {error:.0f}°")
    where = "beyond" if presence is Presence.PRESENT else "not beyond"
    return RuleResult(presence, f"axis {axis:.0f}°, {where} {LEFT_AXIS:.0f}°")
