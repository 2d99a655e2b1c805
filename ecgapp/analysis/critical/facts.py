"""What the rules for critical findings may look at."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.measurements import Measurements
from ecgapp.evaluate.ventricular import VentricularRhythm, VentricularRun
from ecgapp.records import ECGRecord
from ecgapp.signals import BeatList, RecordQuality
from ecgapp.signals.bandpass import bandpass

MOSTLY_NOISE = 0.6  # mean probability of noise above which a beat list is not believed
Span = tuple[float, float]  # s of the record


@dataclass(frozen=True, eq=False)
class CriticalFacts:
    """A record with its quality, its beats, what is measured, and the ventricular network's answers.

    ``measurements`` and ``ventricular`` are None if nothing could be measured or no network is installed.
    """

    record: ECGRecord
    quality: RecordQuality
    beats: BeatList
    measurements: Measurements | None = None
    ventricular: VentricularRhythm | None = None

    @property
    def runs(self) -> tuple[VentricularRun, ...]:
        """The network's ventricular runs."""
        return self.ventricular.runs if self.ventricular is not None else ()

    @property
    def is_noise(self) -> bool:
        """Whether the network hears no heart rhythm for most of the record."""
        return self.ventricular is not None and self.ventricular.noise > MOSTLY_NOISE

    def in_fibrillation(self, start: float, end: float) -> bool:
        """Whether ventricular fibrillation overlaps the span from ``start`` to ``end`` s."""
        return any(run.fibrillation and run.start < end and start < run.end for run in self.runs)

    def value(self, name: str) -> float | None:
        """The measurement of this name; None if it is blank or nothing was measured."""
        return self.measurements.value(name) if self.measurements is not None else None

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The leads in which beats are looked for; all that have a signal if there are none."""
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
        """Each beat from 0.12 s before R to 0.2 s behind it, in all ``leads``: (n_beats, n_values)."""
        rate = self.record.sampling_rate
        around = np.arange(round(-0.12 * rate), round(0.20 * rate))
        places = np.clip(self.beats.peaks[:, None] + around, 0, self.filtered.shape[-1] - 1)
        cut = self.filtered[:, places]
        cut = cut - cut.mean(axis=-1, keepdims=True)
        return np.asarray(cut.transpose(1, 0, 2).reshape(len(places), -1), np.float64)

    def between(self, start: float, end: float) -> NDArray[np.float64]:
        """``filtered`` from ``start`` to ``end`` s."""
        rate = self.record.sampling_rate
        return self.filtered[:, max(0, round(start * rate)) : max(1, round(end * rate))]
