"""Pacemaker rhythms: atrial, ventricular and dual pacing, and pacing without capture."""

import numpy as np

from ecgapp.records.synthetic import critical_events
from ecgapp.records.synthetic.blocks import escape_complex
from ecgapp.records.synthetic.broad import ventricular_complex
from ecgapp.records.synthetic.critical_events import CriticalEvent
from ecgapp.records.synthetic.dipole import LEAD_VECTORS, Vector, twelve_leads
from ecgapp.records.synthetic.heart import Heart, Spike, SyntheticBeat, beat_at, p_at, qrs_waves
from ecgapp.records.synthetic.oscillation import atrial_fibrillation
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, dissociated
from ecgapp.records.synthetic.timing import focus_times, gain_at, sinus_times
from ecgapp.records.synthetic.ventricles import Ventricles

APEX: Vector = (0.50, -0.62, 0.70)  # direction of a complex from the right ventricle's apex: back, up, left
LATENCY = 0.016  # s from the spike to the beginning of the wave
TO_CAN: Vector = (0.5, -0.7, -0.4)  # from the electrode's tip to the generator
TO_CAN_FROM_ATRIUM: Vector = (0.3, -0.9, -0.2)


def paced(plan: RhythmPlan) -> Heart:
    """A working pacemaker that paces every beat."""
    times = focus_times(BEFORE + plan.between(0, plan.mean), plan.end, plan.mean, plan.rng, jitter=0.0)
    build = {"ventricular": _ventricular, "atrial": _atrial, "dual": _dual}[plan.variant]
    return build(plan, times)


def failing(plan: RhythmPlan) -> Heart:
    """Pacing without capture: of all spikes, with a slow escape rhythm, or of some."""
    return _intermittent(plan) if plan.variant == "intermittent" else _never(plan)


def _ventricular(plan: RhythmPlan, times: list[float]) -> Heart:
    """VVI pacing in atrial fibrillation."""
    shape, spike = _paced_complex(plan), _spike(plan, TO_CAN)
    n_samples = len(plan.times)
    fibrillation = 0.7 * atrial_fibrillation(n_samples, plan.config.sampling_rate, plan.rng)
    beats = [_answer(time, plan.mean, shape) for time in times]
    return Heart(beats, fibrillation, [Spike(time, spike) for time in times])


def _atrial(plan: RhythmPlan, times: list[float]) -> Heart:
    """AAI pacing: spike, P wave, and the heart's own conduction."""
    spike, pr = _spike(plan, TO_CAN_FROM_ATRIUM), plan.between(0.16, 0.21)
    shape = plan.narrow()
    beats = [
        beat_at(time + LATENCY + pr - shape.onset, plan.mean, shape, pr, gain=gain_at(time)) for time in times
    ]
    return Heart(beats, spikes=[Spike(time, spike) for time in times])


def _dual(plan: RhythmPlan, times: list[float]) -> Heart:
    """DDD pacing: a spike before the P wave and one before the QRS complex."""
    shape, delay = _paced_complex(plan), plan.between(0.14, 0.20)
    of_atrium, of_ventricle = _spike(plan, TO_CAN_FROM_ATRIUM), _spike(plan, TO_CAN)
    beats = [p_at(time + LATENCY) for time in times]
    beats += [_answer(time + delay, plan.mean, shape) for time in times]
    spikes = [Spike(time, of_atrium) for time in times]
    spikes += [Spike(time + delay, of_ventricle) for time in times]
    return Heart(beats, spikes=sorted(spikes, key=lambda each: each.time))


def _never(plan: RhythmPlan) -> Heart:
    """Pacing without any capture; the ventricles have an escape rhythm."""
    shape = escape_complex(plan)
    first = BEFORE + plan.between(0, plan.mean)
    beats = [
        beat_at(time, plan.mean, shape, gain=gain_at(time))
        for time in focus_times(first, plan.end, plan.mean, plan.rng)
    ]
    spikes = _spikes(plan, plan.between(60, 85))
    failures = _failures(spikes, beats, plan)
    if plan.variant == "no capture":
        return Heart(beats, spikes=spikes, events=failures)
    atria = dissociated(sinus_times(BEFORE, plan.end, 60 / plan.between(62, 100), plan.rng), beats)
    return Heart([*beats, *atria], spikes=spikes, events=[*failures, *plan.whole("av_block")])


def _intermittent(plan: RhythmPlan) -> Heart:
    """Pacing in which one or two of every few spikes have no response; never three in a row."""
    shape = _paced_complex(plan)
    spikes = _spikes(plan, plan.rate)
    beats: list[SyntheticBeat] = []
    lost = 0
    answered = int(plan.rng.integers(1, 4))
    for spike in spikes:
        if answered > 0:
            answered -= 1
            beats.append(_answer(spike.time, 60 / 75, shape))
            continue
        lost += 1
        if lost == 2 or plan.chance(0.5):
            lost, answered = 0, int(plan.rng.integers(1, 4))
    return Heart(beats, spikes=spikes, events=_failures(spikes, beats, plan))


def _failures(spikes: list[Spike], beats: list[SyntheticBeat], plan: RhythmPlan) -> list[CriticalEvent]:
    return critical_events.pacing_failures([spike.time for spike in spikes], qrs_waves(beats), plan.duration)


def _spikes(plan: RhythmPlan, rate: float) -> list[Spike]:
    """Spikes at constant intervals, independent of the heart's own beats."""
    spike, first = _spike(plan, TO_CAN), BEFORE + plan.between(0, 60 / rate)
    return [Spike(time, spike) for time in focus_times(first, plan.end, 60 / rate, plan.rng, jitter=0.0)]


def _answer(spike: float, rr: float, shape: Ventricles) -> SyntheticBeat:
    """The beat in response to a ventricular spike at ``spike`` (s)."""
    return beat_at(spike + LATENCY - shape.onset, rr, shape, gain=gain_at(spike))


def _paced_complex(plan: RhythmPlan) -> Ventricles:
    width, size = plan.between(0.150, 0.190), plan.between(1.0, 1.6)
    return ventricular_complex(APEX, width, size, plan.mean, plan.rng)


def _spike(plan: RhythmPlan, direction: Vector) -> Vector:
    """The vector of a spike that has 1 to 3 mV in the lead where it is largest."""
    turned = np.array(direction) + 0.15 * plan.rng.normal(size=3)
    turned *= plan.between(1.0, 3.0) / np.abs(twelve_leads(LEAD_VECTORS @ turned[:, None])).max()
    x, y, z = (float(part) for part in turned)
    return x, y, z
