"""Two ECGs of one patient: what changed between them, and whether that is more than an error."""

from dataclasses import dataclass

import numpy as np

from ecgapp.analysis.findings import Finding, Findings
from ecgapp.analysis.measurement.measured_rows import Measurement
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.analysis.measurement.typical_beat import TypicalBeat
from ecgapp.errors import ModelError
from ecgapp.models import ModelCard
from ecgapp.records import LEADS, ECGRecord

WITHIN = 1.96  # standard deviations that hold 95 % of errors
EDGES = {  # the two boundaries that each interval is read from
    "P": (("P", "onset"), ("P", "offset")),
    "PR": (("P", "onset"), ("QRS", "onset")),
    "QRS": (("QRS", "onset"), ("QRS", "offset")),
    "QT": (("QRS", "onset"), ("T", "offset")),
}
STRETCH = {  # the power of RR, in s, by which a correction multiplies an error of QT
    "QTc Bazett": -1 / 2,
    "QTc Fridericia": -1 / 3,
    "QTc Framingham": 0.0,
    "QTc Hodges": 0.0,
}
# In ms or degrees: 95 % of changes between two halves of one recording are smaller. The upper ends of the
# intervals that python -m benchmarks.repeatability prints, on records the delineator was not trained on.
REPEATED = {"P": 18.7, "PR": 10.7, "QRS": 5.5, "QT": 23.0, "P axis": 25.4, "QRS axis": 18.6, "T axis": 55.7}
N_REPEATED = 100  # recordings
ST_MARKED = 1.0  # mm: an ST level that moved by as much is marked


@dataclass(frozen=True)
class Change:
    """One measurement in both ECGs. ``error`` is what two readings of one heart may differ by, in 95 %.

    It is what holds against marks made by hand; ``repeated``, far smaller, is by how much two halves of
    one recording differ, which no two ECGs can better. Either is None where nothing is known of it. A blank
    measurement stays blank, with its reason.
    """

    earlier: Measurement
    later: Measurement
    error: float | None
    repeated: float | None = None

    @property
    def name(self) -> str:
        return self.later.name

    @property
    def value(self) -> float | None:
        """Later minus earlier; of an axis, the shorter way around, in -180 to 180 degrees."""
        if self.earlier.value is None or self.later.value is None:
            return None
        difference = self.later.value - self.earlier.value
        return turned(difference) if self.later.unit == "°" else difference

    @property
    def beyond(self) -> bool:
        """Whether it is more than the error of both readings together."""
        return self.value is not None and self.error is not None and abs(self.value) > self.error

    @property
    def more_than_repeated(self) -> bool:
        """Whether it is more than two readings of one recording differ."""
        return self.value is not None and self.repeated is not None and abs(self.value) > self.repeated


@dataclass(frozen=True)
class LevelChange:
    """ST at J+60 of one lead, in mm; None where it is blank, or the lead was not recorded."""

    lead: str
    earlier: float | None
    later: float | None

    @property
    def value(self) -> float | None:
        return None if self.earlier is None or self.later is None else self.later - self.earlier

    @property
    def marked(self) -> bool:
        return self.value is not None and abs(self.value) >= ST_MARKED


@dataclass(frozen=True)
class FindingChange:
    """One class in both ECGs, by one model at one threshold; unconfirmed like all findings."""

    earlier: Finding
    later: Finding

    @property
    def label(self) -> str:
        return self.later.label

    @property
    def verdict(self) -> str:
        """``new``, ``gone``, or ``unchanged``."""
        if self.earlier.positive == self.later.positive:
            return "unchanged"
        return "new" if self.later.positive else "gone"


def measured_changes(earlier: Measurements, later: Measurements, card: ModelCard) -> tuple[Change, ...]:
    """Each measurement in both; ``card`` is that of the delineator which read them.

    Raises:
        ModelError: the two were not read by one delineator's rules.
    """
    if [row.name for row in earlier.rows] != [row.name for row in later.rows]:
        raise ModelError("The two ECGs were measured differently. Open both anew.")
    intervals = tuple((one.value("RR") or 1000.0) / 1000 for one in (earlier, later))
    return tuple(
        Change(before, after, reading_error(after.name, card, intervals), repeated(after.name, intervals))
        for before, after in zip(earlier.rows, later.rows, strict=True)
    )


def reading_error(name: str, card: ModelCard, rr: tuple[float, ...] = (1.0, 1.0)) -> float | None:
    """The ms by which two readings of one interval differ in 95 % of cases by their errors alone.

    The repeatability coefficient of Bland and Altman 1999 (doi 10.1177/096228029900800204), from the
    deviations of the two boundaries' errors on ``card``, taken as independent. Those are of single leads
    against marks made by hand; the median beat over all leads should do better. ``rr`` are both ECGs'
    intervals in s, which stretch the error of a corrected QT. None for what is not read from boundaries.
    """
    edges = EDGES.get("QT" if name in STRETCH else name, ())
    deviations = [_deviation(card, *edge) for edge in edges]
    known = [deviation for deviation in deviations if deviation is not None]
    if not edges or len(known) < len(edges):
        return None
    readings = [float(np.linalg.norm(known)) * interval ** STRETCH.get(name, 0.0) for interval in rr]
    return WITHIN * float(np.linalg.norm(readings))


def repeated(name: str, rr: tuple[float, ...] = (1.0, 1.0)) -> float | None:
    """The difference of two halves of one recording in 95 %, in ms or degrees; None if not measured."""
    plain = REPEATED.get("QT" if name in STRETCH else name)
    if plain is None:
        return None
    stretched = [interval ** STRETCH.get(name, 0.0) for interval in rr]
    return plain * float(np.sqrt(np.mean(np.square(stretched))))


def _deviation(card: ModelCard, wave: str, edge: str) -> float | None:
    """The SD of this boundary's errors in ms, None where the card has none."""
    boundaries = card.delineation.boundaries if card.delineation else ()
    for boundary in boundaries:
        if (boundary.wave, boundary.edge) == (wave, edge) and boundary.deviation is not None:
            return boundary.deviation.value
    return None


def turned(degrees: float) -> float:
    """An angle in degrees brought to more than -180 and at most 180."""
    return 180.0 - (180.0 - degrees) % 360.0


def level_changes(earlier: Measurements, later: Measurements) -> tuple[LevelChange, ...]:
    """ST of every lead that one of the two has, in the order of ``LEADS``."""
    before, after = earlier.st_levels, later.st_levels
    leads = [lead for lead in LEADS if lead in before or lead in after]
    return tuple(LevelChange(lead, before.get(lead), after.get(lead)) for lead in leads)


def finding_changes(earlier: Findings, later: Findings) -> tuple[FindingChange, ...]:
    """Each class in both: what is new or gone first, then what is above its threshold in both.

    Raises:
        ModelError: the two were not read by one model.
    """
    if [(row.label, row.threshold) for row in earlier.rows] != [
        (row.label, row.threshold) for row in later.rows
    ]:
        raise ModelError("The two ECGs were read by different models. Choose one model for both.")
    rows = [FindingChange(*pair) for pair in zip(earlier.rows, later.rows, strict=True)]
    return tuple(
        sorted(
            rows, key=lambda row: (row.verdict == "unchanged", not row.later.positive, -row.later.probability)
        )
    )


@dataclass(frozen=True)
class Heights:
    """The median beat of one lead in mV: highest and lowest point of QRS, and T where it is largest."""

    highest: float
    lowest: float
    t: float | None


def heights(beat: TypicalBeat, lead: str) -> Heights:
    """The heights of the waves of ``lead`` are, from the level just before QRS."""
    qrs = beat.between(lead, *beat.spans["QRS"])
    wave = beat.between(lead, *beat.spans["T"]) if "T" in beat.spans else None
    largest = None if wave is None else float(wave[np.abs(wave).argmax()])
    return Heights(float(qrs.max()), float(qrs.min()), largest)


def same_recording(one: ECGRecord, other: ECGRecord) -> bool:
    """Whether the two hold the same samples of the same leads."""
    alike = one.leads == other.leads and one.sampling_rate == other.sampling_rate
    return alike and np.array_equal(one.signal, other.signal, equal_nan=True)
