"""A critical finding: a corrected QT interval of 500 ms or more.

500 ms is the limit above which torsade de pointes becomes likely (Drew et al. 2010, AHA/ACCF statement,
doi:10.1161/CIRCULATIONAHA.109.192704). Fridericia's correction is used, because Bazett's exaggerates at fast
rates (Rautaharju et al. 2009, doi:10.1016/j.jacc.2008.11.040). The part of a broad QRS beyond 100 ms is
subtracted.
"""

from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind

LIMIT = 500.0  # ms
NARROW = 100.0  # ms of QRS that are in a normal QT
BROAD = 120.0  # ms
SOURCE = "Drew et al. 2010, doi:10.1161/CIRCULATIONAHA.109.192704"


def long_qt(facts: CriticalFacts) -> list[CriticalFinding]:
    """A QTc of 500 ms or more, in the measured span."""
    measured = facts.measurements
    if measured is None or facts.is_noise or facts.run_share(measured.start, measured.end) > 0:
        return []
    qtc, qt, qrs = (facts.value(name) for name in ("QTc Fridericia", "QT", "QRS"))
    if qtc is None or qt is None or qrs is None:
        return []
    added = qrs - NARROW if qrs >= BROAD else 0.0
    if qtc - added < LIMIT:
        return []
    beside = f", less {added:.0f} ms for the broad QRS" if added else ""
    return [
        CriticalFinding(
            CriticalKind.LONG_QT,
            f"long QT, QTc {qtc - added:.0f} ms",
            measured.beat.leads if measured.beat is not None else facts.leads,
            measured.start,
            measured.end,
            f"QT {qt:.0f} ms, QTc by Fridericia {qtc:.0f} ms{beside}; the limit is {LIMIT:.0f} ms.",
            "a U wave or the next P wave measured as T, an irregular rhythm.",
            SOURCE,
        )
    ]
