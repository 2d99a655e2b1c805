"""The input of the rules for critical findings."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRhythm, VentricularRun
from ecgapp.records import ECGRecord
from ecgapp.signals import BeatList, RecordQuality
from ecgapp.signals.bandpass import bandpass

LASTING = 3.0  # s of fibrillation
SHORT, SURE = 2.0, 0.9  # s and mean probability that are sufficient, too
MOSTLY_NOISE = 0.6  # mean probability of noise above which a beat list is unreliable
FLAT = 0.1  # mV from top to bottom; smaller fibrillation cannot be distinguished from noise
SLOWEST = 100.0  # per minute, of a ventricular tachycardia of the network
HALF_QRS = 0.08  # s from an R peak to the edge of a broad complex
FEWEST = 3  # beats for a rate
Span = tuple[float, float]  # s of the record


@dataclass(frozen=True, eq=False)
class CriticalFacts:
    """A record with its quality, beats, measurements, and the outputs of the ventricular network.

    ``measurements`` and ``ventricular`` are None if there are no measurements or no network.
    """

    record: ECGRecord
    quality: RecordQuality
    beats: BeatList
    measurements: Measurements | None = None
    ventricular: VentricularRhythm | None = None

    @cached_property
    def runs(self) -> tuple[VentricularRun, ...]:
        """The network's ventricular runs that are tall and fast enough for an alarm.

        Other runs must not suppress a rule: very fine fibrillation has no complexes, and a slow ventricular
        rhythm may be the escape rhythm of a complete AV block.
        """
        all_runs = self.ventricular.runs if self.ventricular is not None else ()
        return tuple(run for run in all_runs if self._is_alarming(run))

    def _is_alarming(self, run: VentricularRun) -> bool:
        """Whether the run is tall, if the voltages are known, and long (fibrillation) or fast enough.

        Short stretches of fibrillation are mostly noise.
        """
        if self.record.units == "mV":
            low, high = np.quantile(self.between(run.start, run.end), [0.05, 0.95], axis=-1)
            if (high - low).max() <= FLAT:
                return False
        if run.fibrillation:
            seconds = run.end - run.start
            return seconds >= LASTING or (seconds >= SHORT and run.probability >= SURE)
        rate = self.rate_in(run)
        return rate is None or rate >= SLOWEST

    def rate_in(self, run: VentricularRun) -> float | None:
        """The beats per minute within the run, from its R peaks; None with fewer than three."""
        times = self.beats.times
        inside = times[(times >= run.start - HALF_QRS) & (times <= run.end + HALF_QRS)]
        return float(60 / np.median(np.diff(inside))) if inside.size >= FEWEST else None

    @property
    def is_noise(self) -> bool:
        """Whether the network detects noise without a heart rhythm for most of the record."""
        return self.ventricular is not None and self.ventricular.noise > MOSTLY_NOISE

    def run_share(self, start: float, end: float) -> float:
        """The share of the span from ``start`` to ``end`` s that lies in ventricular runs."""
        inside = (min(end, run.end) - max(start, run.start) for run in self.runs)
        return sum(max(0.0, seconds) for seconds in inside) / max(end - start, 1e-9)

    def in_fibrillation(self, start: float, end: float) -> bool:
        """Whether ventricular fibrillation overlaps the span from ``start`` to ``end`` s."""
        return any(run.fibrillation and run.start < end and start < run.end for run in self.runs)

    def value(self, name: str) -> float | None:
        """The measurement of this name; None if it is blank or there are no measurements."""
        return self.measurements.value(name) if self.measurements is not None else None

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The leads in which beats are detected; all leads with a signal if there are none."""
        alive = tuple(lead.lead for lead in self.quality.leads if not lead.flat)
        return self.beats.leads or alive or self.record.leads

    @cached_property
    def filtered(self) -> NDArray[np.float64]:
        """The signal of ``leads`` between 0.5 and 40 Hz, without gaps: (n_leads, n_samples)."""
        signal = np.nan_to_num(self.record.select(self.leads))
        high = min(40.0, 0.4 * self.record.sampling_rate)
        return np.asarray(bandpass(signal, self.record.sampling_rate, 0.5, high, 2), np.float64)

    @cached_property
    def shapes(self) -> NDArray[np.float64]:
        """Each beat's signal from 0.12 s before R to 0.2 s behind it, all ``leads``: (n_beats, n_values)."""
        rate = self.record.sampling_rate
        around = np.arange(round(-0.12 * rate), round(0.20 * rate))
        places = np.clip(self.beats.peaks[:, None] + around, 0, self.filtered.shape[-1] - 1)
        cut = self.filtered[:, places]
        cut = cut - cut.mean(axis=-1, keepdims=True)
        return np.asarray(cut.transpose(1, 0, 2).reshape(len(places), -1), np.float64)

    def recorded(self, start: float, end: float) -> float:
        """The seconds between ``start`` and ``end`` s in which at least one of ``leads`` has samples."""
        rate = self.record.sampling_rate
        part = self.record.select(self.leads)[:, round(start * rate) : round(end * rate)]
        return float(np.isfinite(part).any(axis=0).sum() / rate)

    def between(self, start: float, end: float) -> NDArray[np.float64]:
        """The part of ``filtered`` from ``start`` to ``end`` s."""
        rate = self.record.sampling_rate
        return self.filtered[:, max(0, round(start * rate)) : max(1, round(end * rate))]
