"""The plan of a rare rhythm: its config, the values drawn for the seed, and sinus rhythm around it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS
from ecgapp.records.synthetic.critical_events import CriticalEvent
from ecgapp.records.synthetic.dipole import Vector
from ecgapp.records.synthetic.heart import SyntheticBeat, beat_at, p_at
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig
from ecgapp.records.synthetic.timing import conducted, gain_at, sinus_times
from ecgapp.records.synthetic.ventricles import NORMAL, Ventricles

BEFORE, BEHIND = -3.0, 3.0  # s around the record in which the heart beats too
HIDDEN = 0.02  # s: a P wave whose top lies this far inside a QRS complex is not seen


@dataclass(frozen=True)
class RhythmPlan:
    """A rare rhythm to build: its ``variant``, ``rate`` per min, and the generator for all other values."""

    config: SyntheticConfig
    variant: str
    rate: float
    rng: np.random.Generator

    @classmethod
    def drawn(cls, config: SyntheticConfig, rng: np.random.Generator) -> "RhythmPlan":
        """The plan of ``config``, with random values for the parameters that it leaves open."""
        variant = str(rng.choice(config.variants))
        low, high = RARE_RHYTHMS[config.rhythm].variants[variant]
        rate = float(rng.uniform(low, high))
        return cls(config, variant, rate if config.heart_rate is None else config.heart_rate, rng)

    @property
    def mean(self) -> float:
        """The mean interval, s."""
        return 60 / self.rate

    @property
    def duration(self) -> float:
        return self.config.duration

    @property
    def end(self) -> float:
        """The time until which beats are made, behind the record's end, s."""
        return self.duration + BEHIND

    @property
    def times(self) -> NDArray[np.float64]:
        """The times of the record's samples, s."""
        n_samples = round(self.duration * self.config.sampling_rate)
        return np.arange(n_samples) / self.config.sampling_rate

    def between(self, low: float, high: float) -> float:
        """A number drawn between two others."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True in a share of ``share`` of the seeds."""
        return bool(self.rng.random() < share)

    def onset(self, share: float) -> float:
        """The rhythm's onset, s: the config's, or a random one in ``share`` of the seeds, else 0."""
        tail = RARE_RHYTHMS[self.config.rhythm].tail or 0.0
        drawn = self.between(1.4, max(1.5, min(5.0, self.duration - tail)))
        inside = self.chance(share)
        if self.config.onset is not None:
            return self.config.onset
        return drawn if inside else 0.0

    def narrow(self) -> Ventricles:
        """Normal ventricles of a random heart, whose axis and size differ a little."""
        angle, size = self.between(-0.40, 0.40), self.between(0.8, 1.15)
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

        def turned(vector: Vector) -> Vector:
            x, y = (float(part) for part in turn @ np.array(vector[:2]))
            return x, y, size * vector[2]

        qrs = tuple(replace(bump, vector=turned(bump.vector)) for bump in NORMAL.qrs)
        return Ventricles(qrs, turned(NORMAL.t_vector))

    def whole(self, *kinds: str) -> list[CriticalEvent]:
        """Events that hold from the record's start to its end."""
        return [CriticalEvent(kind, 0.0, self.duration) for kind in kinds]


def sinus_rhythm(
    plan: RhythmPlan, start: float, end: float, mean: float, shape: Ventricles, pr: float = 0.155
) -> list[SyntheticBeat]:
    """Beats of sinus rhythm with R waves between ``start`` and ``end`` (s)."""
    return [_sinus_beat(time, mean, shape, pr) for time in sinus_times(start, end, mean, plan.rng)]


def sinus_until(plan: RhythmPlan, last: float, mean: float, shape: Ventricles) -> list[SyntheticBeat]:
    """Beats of sinus rhythm, the last R wave at ``last`` s."""
    times = sinus_times(BEFORE - mean, max(last, BEFORE + mean), mean, plan.rng)
    return [_sinus_beat(time + last - times[-1], mean, shape, 0.155) for time in times]


def _sinus_beat(time: float, mean: float, shape: Ventricles, pr: float) -> SyntheticBeat:
    return beat_at(time, mean, shape, conducted(pr, mean), gain=gain_at(time))


def dissociated(onsets: list[float], beats: list[SyntheticBeat]) -> list[SyntheticBeat]:
    """P waves that begin at ``onsets`` (s), without those inside a QRS complex of ``beats``."""
    spans = [
        (min(bump.onset for bump in beat.waves["QRS"]), max(bump.offset for bump in beat.waves["QRS"]))
        for beat in beats
        if "QRS" in beat.waves
    ]
    middle = 0.06  # s behind the onset of a P wave
    return [
        p_at(onset)
        for onset in onsets
        if not any(start - HIDDEN < onset + middle < stop + HIDDEN for start, stop in spans)
    ]
