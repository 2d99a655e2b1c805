"""Rules of conduction: PR for the AV node; QRS width, and where it ends in V1, for the bundle branches.

Surawicz et al. 2009 (AHA/ACCF/HRS part III, doi:10.1016/j.jacc.2008.12.013): a complete block has 120 ms
or more; the right one ends towards V1 (R'), the left one away from it (QS or rS). Of the left anterior
fascicle's block we look at the axis only: beyond -45 degrees. First-degree block has PR over 200 ms.
"""

from ecgapp.analysis.rules.verdict import Check, Facts, blank, close, rule
from ecgapp.analysis.typical_beat import TypicalBeat

LONG_PR, WIDE = 200.0, 120.0  # ms
LEFT_AXIS = -45.0  # degrees
LATE = 0.5  # of the QRS complex, from its middle on, in which its last force points
TAIL = 0.020  # s at its end that ST has already moved


@rule("I-AVB")
def first_degree_block(facts: Facts) -> Check:
    """PR over 200 ms."""
    row = facts.row("PR")
    if row.value is None:
        return blank(row)
    if facts.unsure(row.value, LONG_PR):
        return close("PR", row.value, LONG_PR, facts)
    long = row.value > LONG_PR
    return Check(long, f"PR {row.value:.0f} ms, {'over' if long else 'not over'} {LONG_PR:.0f} ms")


@rule("LBBB")
def left_bundle(facts: Facts) -> Check:
    """Wide, and its late force points away from V1."""
    return _bundle_branch(facts, towards_v1=False)


@rule("RBBB")
def right_bundle(facts: Facts) -> Check:
    """Wide, and its late force points towards V1."""
    return _bundle_branch(facts, towards_v1=True)


def _bundle_branch(facts: Facts, towards_v1: bool) -> Check:
    row, beat = facts.row("QRS"), facts.measured.beat
    if row.value is None or beat is None:
        return blank(row)
    if facts.unsure(row.value, WIDE):
        return close("QRS", row.value, WIDE, facts)
    if row.value < WIDE:
        return Check(False, f"QRS {row.value:.0f} ms, under {WIDE:.0f} ms: no bundle branch block by width")
    if "V1" not in beat.leads:
        return Check(
            None, f"QRS {row.value:.0f} ms, {WIDE:.0f} ms or more, but V1 cannot be read, so not which branch"
        )
    late = late_force(beat)
    points = "upwards, as in right" if late > 0 else "downwards, as in left"
    words = f"QRS {row.value:.0f} ms, {WIDE:.0f} ms or more, and its late part in V1 points {points} block"
    return Check((late > 0) == towards_v1, words)


def late_force(beat: TypicalBeat) -> float:
    """Mean of V1 over the later part of QRS, in the record's units."""
    onset, offset = beat.spans["QRS"]
    start = onset + LATE * (offset - onset)
    return float(beat.between("V1", start, max(start, offset - TAIL)).mean())


@rule("CD")
def conduction_disturbance(facts: Facts) -> Check:
    """Wide QRS, long PR, or an axis far to the left."""
    qrs, pr, axis = (facts.row(name) for name in ("QRS", "PR", "QRS axis"))
    if qrs.value is None:
        return blank(qrs)
    found = []
    if qrs.value >= WIDE:
        found.append(f"QRS {qrs.value:.0f} ms, {WIDE:.0f} ms or more")
    if pr.value is not None and pr.value > LONG_PR:
        found.append(f"PR {pr.value:.0f} ms, over {LONG_PR:.0f} ms")
    if axis.value is not None and -90 <= axis.value < LEFT_AXIS:
        found.append(f"axis {axis.value:.0f}°, beyond {LEFT_AXIS:.0f}°")
    if found:
        return Check(True, "; ".join(found))
    if facts.unsure(qrs.value, WIDE):
        return close("QRS", qrs.value, WIDE, facts)
    parts = [f"QRS {qrs.value:.0f} ms"]
    parts += [f"PR {pr.value:.0f} ms"] if pr.value is not None else []
    parts += [f"axis {axis.value:.0f}°"] if axis.value is not None else []
    return Check(False, f"{', '.join(parts)}: none of them is that of a block")
