"""ST elevation by the universal definition of myocardial infarction, with reciprocal depression."""

from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind
from ecgapp.analysis.rules import Facts
from ecgapp.analysis.rules.st_elevation import st_elevation as elevated

SOURCE = "Thygesen et al. 2018, doi:10.1161/CIR.0000000000000617"


def st_elevation(facts: CriticalFacts) -> list[CriticalFinding]:
    """Elevation of the J point in two contiguous leads, in the measured span."""
    measured = facts.measurements
    if measured is None or facts.is_noise or facts.run_share(measured.start, measured.end) > 0:
        return []
    elevation = elevated(Facts(measured, facts.record.sampling_rate))
    if elevation is None:
        return []
    levels = ", ".join(f"{lead} {elevation.levels[lead]:+.1f}" for lead in elevation.leads)
    reciprocal = ", ".join(f"{lead} {level:+.1f}" for lead, level in elevation.reciprocal.items())
    beside = f"Reciprocal depression: {reciprocal} mm." if reciprocal else "No reciprocal depression."
    return [
        CriticalFinding(
            CriticalKind.ST_ELEVATION,
            f"ST elevation, {levels} mm",
            tuple(lead.removeprefix("-") for lead in elevation.leads),
            measured.start,
            measured.end,
            f"At the J point, against the level before QRS. {beside}",
            "early repolarisation, pericarditis, hypertrophy, an old aneurysm, Brugada pattern.",
            SOURCE,
        )
    ]
