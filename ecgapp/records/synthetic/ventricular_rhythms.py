"""Ventricular rhythms: tachycardia, torsade de pointes, flutter, fibrillation, idioventricular."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.broad import DIRECTIONS, ventricular_complex, width_at
from ecgapp.records.synthetic.catalogue import ORIGINS
from ecgapp.records.synthetic.critical_events import CriticalEvent, RhythmSpan
from ecgapp.records.synthetic.dipole import Vector
from ecgapp.records.synthetic.heart import Heart, SyntheticBeat, beat_at
from ecgapp.records.synthetic.oscillation import ventricular_fibrillation, ventricular_flutter
from ecgapp.records.synthetic.repolarisation_changes import slow_ventricles
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, dissociated, sinus_rhythm, sinus_until
from ecgapp.records.synthetic.timing import focus_times, gain_at, sinus_times
from ecgapp.records.synthetic.ventricles import Ventricles

RAMP = 0.12  # s in which fibrillation reaches its size


def tachycardia(plan: RhythmPlan) -> Heart:
    """Sustained monomorphic tachycardia; in 3 of 10 seeds it follows sinus rhythm in the record."""
    onset, shape, mean = plan.onset(0.3), _shape(plan), 60 / plan.between(60, 95)
    before = _coupled(plan, onset, mean) if onset else []
    first = onset or BEFORE + plan.between(0, plan.mean)
    beats = [_broad(time, plan, shape) for time in focus_times(first, plan.end, plan.mean, plan.rng)]
    atria: list[SyntheticBeat] = []
    if plan.chance(0.5):
        sinus = sinus_times(first if onset else BEFORE, plan.end, 60 / plan.between(65, 100), plan.rng)
        atria = dissociated(sinus, beats)
    start = max(0.0, first + shape.onset)
    return Heart(
        [*before, *beats, *atria],
        ventricular=[RhythmSpan("VT", start, plan.duration)],
        rated=(max(0.0, first), plan.duration),
    )


def idioventricular(plan: RhythmPlan) -> Heart:
    """Accelerated idioventricular rhythm: broad complexes too slow for a tachycardia."""
    shape = _shape(plan)
    first = BEFORE + plan.between(0, plan.mean)
    return Heart([_broad(time, plan, shape) for time in focus_times(first, plan.end, plan.mean, plan.rng)])


def run(plan: RhythmPlan) -> Heart:
    """Five to twelve beats of tachycardia within sinus rhythm."""
    onset, shape, mean = plan.onset(1.0), _shape(plan), 60 / plan.between(60, 90)
    normal = plan.narrow()
    before = _coupled(plan, onset, mean, normal)
    room = (plan.duration - onset - 1.2) / plan.mean
    n_beats = int(plan.rng.integers(5, max(6, min(13, int(room)))))
    times = focus_times(onset, plan.end, plan.mean, plan.rng)[:n_beats]
    beats = [_broad(time, plan, shape) for time in times]
    resumed = times[-1] + plan.between(0.75, 0.95)
    after = sinus_rhythm(plan, resumed, plan.end + mean, mean, normal)
    span = RhythmSpan("VT", max(0.0, times[0] + shape.onset), times[-1] + shape.offset)
    calm = max((0.0, times[0] - 0.01), (resumed, plan.duration), key=lambda each: each[1] - each[0])
    return Heart([*before, *beats, *after], ventricular=[span], rated=calm)


def torsade(plan: RhythmPlan) -> Heart:
    """Torsade de pointes after sinus beats with a long QT interval: its axis twists around the baseline."""
    onset, rng = plan.onset(1.0), plan.rng
    mean = 60 / plan.between(50, 66)
    slow = slow_ventricles(plan, str(rng.choice(("broad T", "late T", "notched T"))), mean)
    before = _coupled(plan, onset, mean, slow, on_t=True) if onset else []
    first = onset or BEFORE
    axis, side = rng.normal(size=(2, 3))
    axis /= np.linalg.norm(axis)
    side -= axis * (axis @ side)
    side /= np.linalg.norm(side)
    twist, phase = plan.between(9, 15), plan.between(-0.6, 0.6)
    size, width = plan.between(1.1, 1.8), plan.between(0.140, 0.160)
    times = focus_times(first, plan.end, plan.mean, rng, jitter=0.07)
    beats = []
    for number, time in enumerate(times):
        angle = 2 * np.pi * number / twist + phase
        towards = np.cos(angle) * axis + 0.40 * np.sin(angle) * side
        loud = size * float(np.linalg.norm(towards)) * min(1.0, 0.6 + 0.2 * number)
        shape = ventricular_complex(_vector(towards), width, loud, plan.mean, rng)
        beats.append(beat_at(time, plan.mean, shape))
    begins = max(0.0, min(bump.onset for bump in beats[0].waves["QRS"]))
    return Heart(
        [*before, *beats],
        events=[CriticalEvent("long_qt", 0.0, begins)] if onset > mean else [],
        ventricular=[RhythmSpan("VT", begins, plan.duration)],
        rated=(max(0.0, first), plan.duration),
    )


def flutter(plan: RhythmPlan) -> Heart:
    """Ventricular flutter from the record's start to its end."""
    waves = ventricular_flutter(plan.times, plan.rate / 60, plan.between(0.6, 1.5), plan.rng)
    span = (0.0, plan.duration)
    return Heart(
        [], waves, events=plan.whole("ventricular_fibrillation"), ventricular=[RhythmSpan("VF", *span)]
    )


def fibrillation(plan: RhythmPlan) -> Heart:
    """Ventricular fibrillation; in 4 of 10 seeds it follows an R-on-T beat in the record."""
    onset = plan.onset(0.4)
    size = {"coarse": (0.55, 1.1), "fine": (0.15, 0.32), "fading": (0.6, 1.1)}[plan.variant]
    waves = ventricular_fibrillation(plan.times, plan.rate / 60, plan.between(*size), plan.rng)
    beats: list[SyntheticBeat] = []
    begins = 0.0
    if onset:
        mean = 60 / plan.between(60, 100)
        direction = DIRECTIONS[str(plan.rng.choice(ORIGINS))]
        shape = ventricular_complex(direction, plan.between(0.145, 0.17), 1.2, mean, plan.rng)
        ectopic = beat_at(onset, mean, shape)
        beats = [*_coupled(plan, onset, mean, on_t=True), SyntheticBeat({"QRS": ectopic.waves["QRS"]})]
        begins = onset + shape.offset - 0.03
    envelope = np.clip((plan.times - begins) / RAMP, 0, 1) if onset else np.ones_like(plan.times)
    if plan.variant == "fading":
        envelope = envelope * np.exp(
            -np.maximum(0, plan.times - begins) / (plan.between(0.6, 1.0) * plan.duration)
        )
    return Heart(
        beats,
        waves * (envelope * envelope * (3 - 2 * np.minimum(envelope, 1))),
        events=[CriticalEvent("ventricular_fibrillation", begins, plan.duration)],
        ventricular=[RhythmSpan("VF", begins, plan.duration)],
        rated=(0.0, begins),
    )


def _shape(plan: RhythmPlan) -> Ventricles:
    width, size = width_at(plan.mean, plan.rng), plan.between(1.0, 1.9)
    return ventricular_complex(DIRECTIONS[plan.variant], width, size, plan.mean, plan.rng)


def _broad(time: float, plan: RhythmPlan, shape: Ventricles) -> SyntheticBeat:
    return beat_at(time, plan.mean, shape, gain=gain_at(time) * (1 + 0.015 * float(plan.rng.normal())))


def _coupled(
    plan: RhythmPlan, onset: float, mean: float, shape: Ventricles | None = None, on_t: bool = False
) -> list[SyntheticBeat]:
    """Sinus beats up to an ectopic beat at ``onset`` (s), on the last T wave if ``on_t``."""
    shape = shape or plan.narrow()
    top = shape.repolarisation(mean)[1][-1].time
    coupling = top + plan.between(0.05, 0.08) if on_t else plan.between(0.40, 0.50)
    return sinus_until(plan, onset - coupling, mean, shape)


def _vector(moment: NDArray[np.float64]) -> Vector:
    x, y, z = (float(part) for part in moment)
    return x, y, z
