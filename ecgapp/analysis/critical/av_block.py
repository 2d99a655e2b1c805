"""AV block of the second degree with 2:1 conduction or worse, and complete block, from P waves and beats.

Definitions of Kusumoto et al. 2019 (ACC/AHA/HRS guideline, doi:10.1161/CIR.0000000000000628). Complete block:
P waves and QRS complexes are each regular and unrelated, the ventricles slower. High-degree block: two or
more consecutive P waves are not conducted. 2:1 block: every second P wave is conducted.
"""

from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind
from ecgapp.analysis.measurement.atrial_rhythm import AtrialRhythm

SLOW = 60.0  # per minute: a faster ventricular rate with dissociation is no escape rhythm
MORE_P = 1.15  # P waves for each QRS complex, at least, in complete block
TWO_TO_ONE = 1.8  # P waves for each QRS complex, at least, in 2:1 block
HIGH_DEGREE = 2.5  # P waves for each QRS complex, at least, in high-degree block
FASTEST_P = 160.0  # per minute; block of a faster tachycardia or flutter is no disease of the AV node
SOURCE = "Kusumoto et al. 2019, doi:10.1161/CIR.0000000000000628"


def av_block(facts: CriticalFacts) -> list[CriticalFinding]:
    """Complete, high-degree or 2:1 block, in the measured span."""
    measured, interval = facts.measurements, facts.value("RR")
    if measured is None or interval is None or facts.is_noise:
        return []
    rate = 60_000 / interval
    if rate >= SLOW or facts.run_share(measured.start, measured.end) > 0:
        return []
    atrial = measured.atrial
    if atrial.rate is None or atrial.ratio is None or atrial.rate > FASTEST_P:
        return []
    name = _name(atrial)
    if not name:
        return []
    scatter = (
        ""
        if atrial.scatter is None
        else f" The distance from P to R varies by {1000 * atrial.scatter:.0f} ms."
    )
    return [
        CriticalFinding(
            CriticalKind.AV_BLOCK,
            f"{name}, ventricular rate {rate:.0f}/min",
            facts.leads,
            measured.start,
            measured.end,
            f"P waves {atrial.rate:.0f}/min, QRS complexes {rate:.0f}/min.{scatter}",
            "blocked premature atrial beats, T or U waves taken for P, an accelerated junctional rhythm.",
            SOURCE,
        )
    ]


def _name(atrial: AtrialRhythm) -> str:
    """The kind of block; "" if there is none."""
    ratio = atrial.ratio or 0.0
    if atrial.dissociated:
        return "complete AV block" if ratio >= MORE_P else ""
    if ratio < TWO_TO_ONE:
        return ""
    return "2:1 AV block" if ratio < HIGH_DEGREE else f"high-degree AV block, {ratio:.0f}:1"
