"""From what to synthesise to the twelve leads and their truth."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord
from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS
from ecgapp.records.synthetic.critical_events import CriticalEvent, RhythmSpan
from ecgapp.records.synthetic.dipole import dipole, project, twelve_leads
from ecgapp.records.synthetic.everyday import everyday
from ecgapp.records.synthetic.heart import spike_samples
from ecgapp.records.synthetic.rare import rare
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig
from ecgapp.records.waves import Wave

MAINS = 50.0  # Hz
LABELS = ("", "VT", "VF")  # of samples, by their number


@dataclass(frozen=True, eq=False)
class SyntheticECG:
    """The record and its truth.

    ``waves``: every wave that lies in it as a whole, in order of time; flutter and fibrillation have
    none, and P waves that a QRS complex hides are left out. ``events``: everything critical, worst
    first. ``ventricular``: where ventricular tachycardia, flutter or fibrillation reigns. ``spikes``:
    when a pacemaker fires, s. ``variant``: the form of a rare rhythm that was drawn.
    """

    record: ECGRecord
    waves: tuple[Wave, ...]
    events: tuple[CriticalEvent, ...] = ()
    ventricular: tuple[RhythmSpan, ...] = ()
    spikes: tuple[float, ...] = ()
    variant: str = ""

    def peaks(self, kind: str) -> NDArray[np.float64]:
        """Times of the peaks of one kind of wave, s."""
        return np.array([wave.peak for wave in self.waves if wave.kind == kind])

    def sample_labels(self) -> NDArray[np.uint8]:
        """The ventricular rhythm at each sample, (n_samples,): its place in ``LABELS``."""
        labels = np.zeros(self.record.n_samples, np.uint8)
        for span in self.ventricular:
            first, behind = (round(time * self.record.sampling_rate) for time in (span.start, span.end))
            labels[first:behind] = LABELS.index(span.rhythm)
        return labels


def synthesise(config: SyntheticConfig) -> SyntheticECG:
    """The ECG of ``config``, the same for the same seed."""
    rng = np.random.default_rng(config.seed)
    if config.rhythm in RARE_RHYTHMS:
        heart, variant = rare(config, rng)
        codes = RARE_RHYTHMS[config.rhythm].codes
    else:
        heart, variant = everyday(config, rng), ""
        codes = (f"CPSC:{'Normal' if config.rhythm == 'sinus' else config.rhythm}",)
    bumps = [bump for beat in heart.beats for wave in beat.waves.values() for bump in wave]
    bumps += [bump for beat in heart.beats for bump in beat.silent]
    n_samples = round(config.duration * config.sampling_rate)
    moment = dipole(bumps, n_samples, config.sampling_rate)
    if heart.background is not None:
        moment += heart.background
    recorded = project(moment) + _disturbances(n_samples, config, heart.noise, rng)
    recorded += spike_samples(heart.spikes, n_samples, config.sampling_rate)
    record = ECGRecord(
        record_id="synthetic-" + re.sub(r"[^A-Za-z0-9]+", "-", config.rhythm),
        signal=twelve_leads(recorded),
        sampling_rate=config.sampling_rate,
        codes=codes,
        synthetic=True,
    )
    waves = heart.waves
    return SyntheticECG(
        record,
        tuple(wave for wave in waves if wave.onset >= 0 and wave.offset <= config.duration),
        heart.truth(waves, config.duration),
        tuple(heart.ventricular),
        tuple(spike.time for spike in heart.spikes if 0 <= spike.time < config.duration),
        variant,
    )


def _disturbances(
    n_samples: int, config: SyntheticConfig, noise: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Muscle noise, wander and mains on I, II, V1-V6: (8, n_samples), mV."""
    times = np.arange(n_samples) / config.sampling_rate
    breathing = rng.uniform(0.15, 0.35)
    phases = rng.uniform(0, 2 * np.pi, (3, 8, 1))
    wander = np.sin(2 * np.pi * breathing * times + phases[0]) + 0.6 * np.sin(
        2 * np.pi * 0.37 * breathing * times + phases[1]
    )
    hum = np.sin(2 * np.pi * MAINS * times + phases[2])
    muscle = rng.normal(size=(8, n_samples))
    muscle_noise = float(np.hypot(config.noise, noise))
    return np.asarray(muscle_noise * muscle + config.wander * wander / 1.6 + config.mains * hum)
