"""Synthesis of a twelve-lead ECG, with its waves and events, from a config."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord
from ecgapp.records.synthetic import (
    atrial_rhythms,
    blocks,
    pacemaker_rhythms,
    repolarisation_changes,
    standstill,
    ventricular_rhythms,
)
from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS
from ecgapp.records.synthetic.critical_events import CriticalEvent, RhythmSpan
from ecgapp.records.synthetic.dipole import dipole, project, twelve_leads
from ecgapp.records.synthetic.everyday import everyday
from ecgapp.records.synthetic.heart import Heart, spike_samples
from ecgapp.records.synthetic.rhythm_plan import RhythmPlan
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig
from ecgapp.records.waves import Wave

MAINS = 50.0  # Hz


BUILDERS: MappingProxyType[str, Callable[[RhythmPlan], Heart]] = MappingProxyType(
    {
        "VT": ventricular_rhythms.tachycardia,
        "NSVT": ventricular_rhythms.run,
        "torsade": ventricular_rhythms.torsade,
        "VFL": ventricular_rhythms.flutter,
        "VF": ventricular_rhythms.fibrillation,
        "AIVR": ventricular_rhythms.idioventricular,
        "asystole": standstill.asystole,
        "sinus pause": standstill.pause,
        "sinus bradycardia": standstill.bradycardia,
        "III-AVB": blocks.complete,
        "II-AVB 2:1": blocks.two_to_one,
        "high-degree AVB": blocks.high_degree,
        "Wenckebach": blocks.wenckebach,
        "paced": pacemaker_rhythms.paced,
        "pacing failure": pacemaker_rhythms.failing,
        "hyperkalaemia": repolarisation_changes.sine_wave,
        "long QT": repolarisation_changes.long_qt,
        "STEMI": repolarisation_changes.infarction,
        "SVT": atrial_rhythms.reentry,
        "AFL": atrial_rhythms.flutter,
        "AT": atrial_rhythms.atrial_tachycardia,
        "WPW": atrial_rhythms.pre_excitation,
        "BBB tachycardia": atrial_rhythms.aberrant,
        "AF with LBBB": atrial_rhythms.aberrant_fibrillation,
    }
)


@dataclass(frozen=True, eq=False)
class SyntheticECG:
    """A synthetic record with its known waves and events.

    ``waves``: every wave that lies completely in the record, in order of time. Flutter and fibrillation
    have none, and P waves inside a QRS complex are left out. ``events``: all critical events, worst
    first. ``ventricular``: the spans of ventricular tachycardia, flutter or fibrillation. ``spikes``:
    times of a pacemaker's spikes, s. ``variant``: the variant of a rare rhythm.
    """

    record: ECGRecord
    waves: tuple[Wave, ...]
    events: tuple[CriticalEvent, ...] = ()
    ventricular: tuple[RhythmSpan, ...] = ()
    spikes: tuple[float, ...] = ()
    variant: str = ""

    def peaks(self, kind: str) -> NDArray[np.float64]:
        """The times of the peaks of the waves of one ``kind``, s."""
        return np.array([wave.peak for wave in self.waves if wave.kind == kind])


def synthesise(config: SyntheticConfig) -> SyntheticECG:
    """The synthetic ECG of ``config``; equal configs give equal ECGs."""
    rng = np.random.default_rng(config.seed)
    if config.rhythm in RARE_RHYTHMS:
        plan = RhythmPlan.drawn(config, rng)
        heart, variant = BUILDERS[config.rhythm](plan), plan.variant
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
    """Muscle noise, baseline wander and mains hum in I, II, V1-V6: (8, n_samples), mV."""
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
