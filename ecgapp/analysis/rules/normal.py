"""The rule of the normal ECG: every figure within its limits, regular, no early beat, no shifted ST.

Limits are those of the table of measurements, but the rate, where 50 to 60 counts as normal too (Spodick
et al. 1992, doi:10.1016/0002-9149(92)90947-W). It knows nothing of Q waves, T waves or voltages, so it
can be content with an ECG that is not normal.
"""

from ecgapp.analysis.rules.repolarisation import depression, elevation
from ecgapp.analysis.rules.rhythm import FEW, IRREGULAR, share
from ecgapp.analysis.rules.verdict import Check, Facts, blank, rule

RATE = (50.0, 100.0)  # bpm
LIMITS = ("PR", "QRS", "QTc Fridericia", "QRS axis")


@rule("Normal", "NORM")
def normal(facts: Facts) -> Check:
    """Nothing measured is out of its limits."""
    rate = facts.row("Heart rate")
    if rate.value is None:
        return blank(rate)
    wrong = _beyond(facts) + _of_rhythm(facts) + _of_st(facts)
    if wrong:
        return Check(False, "; ".join(wrong))
    missing = [row for row in map(facts.row, LIMITS) if row.value is None]
    if missing:
        return blank(missing[0])
    if facts.measured.rhythm.irregularity is None:
        return Check(None, FEW)
    figures = ", ".join(f"{row.name} {row.value:.0f}" for row in (rate, *map(facts.row, LIMITS)))
    return Check(True, f"{figures}, rhythm and ST are within their limits")


def _beyond(facts: Facts) -> list[str]:
    """What lies outside its limits by more than the rounding of a sample."""
    wrong = []
    for row in (facts.row("Heart rate"), *map(facts.row, LIMITS)):
        limits = RATE if row.unit == "bpm" else row.normal
        if row.value is None or limits is None:
            continue
        blur = facts.sample if row.unit == "ms" else 0.0
        if not limits[0] - blur <= round(row.value) <= limits[1] + blur:
            wrong.append(f"{row.name} {row.value:.0f} {row.unit}, normal {limits[0]:.0f} to {limits[1]:.0f}")
    return wrong


def _of_rhythm(facts: Facts) -> list[str]:
    rhythm, wrong = facts.measured.rhythm, []
    if rhythm.irregularity is not None and rhythm.irregularity >= IRREGULAR:
        wrong.append(f"RR changes by {share(rhythm.irregularity)} from beat to beat")
    early = sum(beat.premature for beat in rhythm.beats)
    if early:
        wrong.append(f"{early} of {len(rhythm.beats)} beats {'comes' if early == 1 else 'come'} early")
    return wrong


def _of_st(facts: Facts) -> list[str]:
    return [found.words for found in (depression(facts), elevation(facts)) if found.present]
