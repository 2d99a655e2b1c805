"""The measurements of a hospital ECG system: rate, intervals, axes and ST levels, blank if unreliable."""

from dataclasses import dataclass, field, replace

import numpy as np

from ecgapp.analysis.measurement.atrial_rhythm import AtrialRhythm, atrial_rhythm
from ecgapp.analysis.measurement.beat_timing import Rhythm, rhythm_of
from ecgapp.analysis.measurement.delineation import delineate
from ecgapp.analysis.measurement.measured_rows import (
    AT_J,
    AT_J_PLUS,
    NO_P,
    Measurement,
    MeasurementInputs,
    levels,
    rows,
)
from ecgapp.analysis.measurement.typical_beat import TypicalBeat, typical_beat
from ecgapp.errors import SignalError
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord, complete_leads
from ecgapp.signals import BeatList, RecordQuality, beat_list, record_quality
from ecgapp.signals.quality.pacing_spikes import without_spikes

LONGEST = 30.0  # s of a record that are measured at once
FEWEST_BEATS = 3
LOW_RATE = 250.0  # Hz; below it a sample is longer than the error of a reading
# Limits of the delineator's certainty, chosen on the Challenge's records: of 296 without ventricular
# tachycardia 1 % lie below, of the 6 with it 4.
LEAST_CERTAIN, LEAST_CLEAR = 0.80, 0.80
BEFORE_QRS = (0.080, -0.020)  # s before QRS onset in which the spike of a ventricular pacemaker lies
NO_BEATS = "Fewer than three beats look alike, so that no interval is measured."
NO_QRS = "QRS cannot be measured: its beginning and end are not clear, as in broad complexes that run into T."
PACED = "Paced beats have no PR interval."
DISSOCIATED = (
    "P waves and QRS complexes have different rates and no constant distance: there is no PR interval."
)


@dataclass(frozen=True, eq=False)
class Measurements:
    """All rows, ST of each lead in mm at J and at J+60, and the beat from which they were read.

    They are those of ``start`` to ``end`` s of a record of ``duration`` s; the heart rate is that of all of
    it. ``rhythm`` has every beat of that stretch and ``atrial`` its P waves, both in s of the record.
    ``doubt`` is the reason for blank intervals, else "".
    """

    rows: tuple[Measurement, ...]
    st_levels: dict[str, float | None]
    j_levels: dict[str, float | None]
    beat: TypicalBeat | None
    warnings: tuple[str, ...]
    start: float
    end: float
    duration: float
    rhythm: Rhythm = field(default_factory=Rhythm)
    atrial: AtrialRhythm = field(default_factory=AtrialRhythm)
    paced: bool = False
    doubt: str = ""

    def value(self, name: str) -> float | None:
        """The value of this name, None if it is blank."""
        return next(row.value for row in self.rows if row.name == name)

    @property
    def blanks(self) -> list[str]:
        """A sentence for each reason why measurements are blank, with their names."""
        reasons: dict[str, list[str]] = {}
        for row in self.rows:
            if row.value is None:
                reasons.setdefault(row.reason, []).append(row.name)
        return [f"Blank: {', '.join(names)}. {reason}" for reason, names in reasons.items()]

    @property
    def partial(self) -> bool:
        """Whether only a part of the record was measured."""
        return self.end - self.start < self.duration

    @property
    def span(self) -> str:
        """``in 30 to 60 s``; "" if all of the record was measured."""
        return f"in {self.start:g} to {self.end:g} s" if self.partial else ""


def measure(
    record: ECGRecord,
    model: TrainedModel,
    start: float = 0.0,
    *,
    unreliable: str = "",
    beats: BeatList | None = None,
) -> Measurements:
    """The measurements of half a minute of ``record`` from ``start`` s on, or of all of it.

    ``beats`` are those of the whole record, if they are known. ``unreliable`` is a sentence with the reason
    why complexes cannot be measured, as in ventricular tachycardia: then only rates are.

    Raises:
        ModelError: the model is no delineator.
    """
    beats = beats if beats is not None else beat_list(record)
    start, part = _stretch(record, start)
    end = start + part.duration
    quality = record_quality(part)
    here = beats.between(start, end) if part.n_samples < record.n_samples else beats
    warnings = _warnings(record, quality, start, end)
    if unreliable:
        return _measured(MeasurementInputs(beats, here, part, quality, None, unreliable), start, warnings)
    plain = without_spikes(part, quality.pacing)
    try:
        delineation = delineate(plain, model)
    except SignalError as error:
        return _measured(MeasurementInputs(beats, here, part, quality, None, str(error)), start, warnings)
    beat = typical_beat(plain, delineation, here.peaks)
    doubt = _doubt(beat)
    rhythm = rhythm_of(delineation, here.times, start)
    if doubt or beat is None:
        known = MeasurementInputs(beats, here, part, quality, None, doubt)
        return replace(_measured(known, start, warnings), rhythm=rhythm)
    atrial = atrial_rhythm(delineation, here)
    paced = _is_paced(beat, here, quality)
    no_p = PACED if paced else DISSOCIATED if atrial.dissociated else NO_P
    known = MeasurementInputs(
        beats, here, part, quality, beat if no_p == NO_P else _without_p(beat), no_p=no_p
    )
    result = _measured(known, start, (*warnings, *_about(beat)))
    return replace(result, rhythm=rhythm, atrial=atrial.later(start), paced=paced)


def _stretch(record: ECGRecord, start: float) -> tuple[float, ECGRecord]:
    """The start of the measured stretch, s, and its record with all leads that can be computed."""
    length = int(LONGEST * record.sampling_rate)
    if record.n_samples <= length:
        return 0.0, complete_leads(record)
    first = min(max(0, round(start * record.sampling_rate)), record.n_samples - length)
    part = replace(record, signal=record.signal[:, first : first + length])
    return first / record.sampling_rate, complete_leads(part)


def _measured(known: MeasurementInputs, start: float, warnings: tuple[str, ...]) -> Measurements:
    return Measurements(
        rows(known),
        levels(known, AT_J_PLUS),
        levels(known, AT_J),
        known.beat,
        warnings,
        start,
        start + known.part.duration,
        known.whole.duration,
        doubt=known.doubt,
    )


def _doubt(beat: TypicalBeat | None) -> str:
    """The reason why no interval can be read from the beats; "" if they can."""
    if beat is None or beat.n_beats < FEWEST_BEATS:
        return NO_BEATS
    return NO_QRS if beat.certainty < LEAST_CERTAIN or beat.clearest < LEAST_CLEAR else ""


def _is_paced(beat: TypicalBeat, here: BeatList, quality: RecordQuality) -> bool:
    """Whether a spike lies just before QRS in half of the beats or more."""
    if not quality.pacing or not len(here):
        return False
    onsets = here.times[:, None] + beat.spans["QRS"][0]
    before = onsets - np.array(quality.pacing)
    near = (before <= BEFORE_QRS[0]) & (before >= BEFORE_QRS[1])
    return bool(near.any(axis=1).mean() >= 0.5)


def _without_p(beat: TypicalBeat) -> TypicalBeat:
    return replace(beat, spans={kind: span for kind, span in beat.spans.items() if kind != "P"})


def _warnings(record: ECGRecord, quality: RecordQuality, start: float, end: float) -> tuple[str, ...]:
    sentences = []
    if record.sampling_rate < LOW_RATE:
        sentences.append(
            f"Recorded at {record.sampling_rate:g} samples per second, one each "
            f"{1000 / record.sampling_rate:g} ms: QRS and QT are less certain than at 500."
        )
    if end - start < record.duration:
        sentences.append(
            f"Measured from {start:g} to {end:g} s of {record.duration:.0f} s; the heart rate is that of all."
        )
    if quality.pacing:
        sentences.append("Pacing spikes were removed before measuring.")
    return tuple(sentences)


def _about(beat: TypicalBeat) -> list[str]:
    sentences = []
    if beat.noisy:
        sentences.append(f"Too noisy to measure: {', '.join(beat.noisy)}.")
    if beat.n_others:
        cut = f", and {beat.n_cut} at the edge of the record" if beat.n_cut else ""
        sentences.append(
            f"Of {beat.n_all} beats {beat.n_beats} are alike and were measured; {beat.n_others} that look "
            f"different{cut} were left out."
        )
    return sentences
