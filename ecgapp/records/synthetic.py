"""A synthetic 12-lead ECG whose truth is known: for the demo, and for the tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError
from ecgapp.records import heartbeats
from ecgapp.records.dipole import Bump, dipole, project, twelve_leads
from ecgapp.records.heartbeats import Ventricles
from ecgapp.records.record import ECGRecord
from ecgapp.records.waves import Wave

RHYTHMS = ("sinus", "AF", "PAC", "PVC", "I-AVB", "LBBB", "RBBB", "STD", "STE")
VENTRICLES = MappingProxyType(
    {
        "LBBB": heartbeats.LBBB,
        "RBBB": heartbeats.RBBB,
        "STD": heartbeats.DEPRESSED,
        "STE": heartbeats.ELEVATED,
    }
)
PR = 0.155  # s
LONG_PR = 0.28  # s, first-degree block
MAINS = 50.0  # Hz


@dataclass(frozen=True)
class SyntheticConfig:
    """What to synthesise: one of ``RHYTHMS``, bpm, s, Hz; disturbances in mV."""

    rhythm: str = "sinus"
    heart_rate: float = 70.0
    duration: float = 10.0
    sampling_rate: float = 500.0
    noise: float = 0.0  # standard deviation of muscle noise
    wander: float = 0.0  # amplitude of the baseline's wander with breathing
    mains: float = 0.0  # amplitude of the 50 Hz hum
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rhythm not in RHYTHMS:
            raise ConfigError(
                f"There is no synthetic rhythm {self.rhythm}. Choose one of {', '.join(RHYTHMS)}."
            )
        if not 20 <= self.heart_rate <= 220:
            raise ConfigError("The synthetic heart rate must lie between 20 and 220 bpm.")
        if not (1 <= self.duration <= 3600 and 50 <= self.sampling_rate <= 10_000):
            raise ConfigError("A synthetic ECG lasts 1 s to one hour, at 50 to 10,000 samples per second.")
        if min(self.noise, self.wander, self.mains) < 0:
            raise ConfigError("Noise, wander and mains of a synthetic ECG cannot be negative.")


@dataclass(frozen=True, eq=False)
class SyntheticECG:
    """The record, and every wave that lies in it as a whole, in order of time."""

    record: ECGRecord
    waves: tuple[Wave, ...]

    def peaks(self, kind: str) -> NDArray[np.float64]:
        """Times of the peaks of one kind of wave, s."""
        return np.array([wave.peak for wave in self.waves if wave.kind == kind])


@dataclass(frozen=True)
class _Beat:
    time: float  # s, of the R wave
    rr: float  # s since the beat before; sets how long repolarisation takes
    kind: str = "sinus"  # or "PAC", "PVC"
    gain: float = 1.0  # breathing turns the heart a little


@dataclass(frozen=True)
class _Parts:
    """The bumps of one beat; ``silent`` ones belong to no wave (the ST segment)."""

    waves: dict[str, list[Bump]] = field(default_factory=dict)
    silent: list[Bump] = field(default_factory=list)


def synthesise(config: SyntheticConfig) -> SyntheticECG:
    """The ECG of ``config``, the same for the same seed."""
    rng = np.random.default_rng(config.seed)
    beats = [_heartbeat(beat, config.rhythm) for beat in _schedule(config, rng)]
    bumps = [bump for beat in beats for wave in beat.waves.values() for bump in wave]
    bumps += [bump for beat in beats for bump in beat.silent]
    n_samples = round(config.duration * config.sampling_rate)
    heart = dipole(bumps, n_samples, config.sampling_rate)
    if config.rhythm == "AF":
        heart += _fibrillation(n_samples, config.sampling_rate, rng)
    recorded = project(heart) + _disturbances(n_samples, config, rng)
    name = "Normal" if config.rhythm == "sinus" else config.rhythm
    record = ECGRecord(
        record_id=f"synthetic-{config.rhythm}",
        signal=twelve_leads(recorded),
        sampling_rate=config.sampling_rate,
        codes=(f"CPSC:{name}",),
        synthetic=True,
    )
    return SyntheticECG(record, _waves(beats, config.duration))


def _schedule(config: SyntheticConfig, rng: np.random.Generator) -> Iterator[_Beat]:
    """Beats from before the record's start to behind its end."""
    mean = 60 / config.heart_rate
    time = -2 * mean + rng.uniform(0, mean)
    until_ectopic = int(rng.integers(3, 5))
    while time < config.duration + 2 * mean:
        rr = _interval(config.rhythm, mean, time, rng)
        early = config.rhythm in ("PAC", "PVC") and until_ectopic == 0
        gain = 1 + 0.04 * float(np.sin(2 * np.pi * 0.22 * time))
        if not early:
            time, until_ectopic = time + rr, until_ectopic - 1
            yield _Beat(time, (rr + mean) / 2, gain=gain)  # QT follows the rate with a delay
            continue
        until_ectopic = int(rng.integers(3, 6))
        coupling = rr * float(rng.uniform(0.60, 0.68))
        yield _Beat(time + coupling, coupling, config.rhythm, gain)
        # a PAC resets the sinus node; after a PVC it keeps its pace: a full compensatory pause
        time += coupling + 1.1 * rr if config.rhythm == "PAC" else 2 * rr
        yield _Beat(time, rr, gain=gain)


def _interval(rhythm: str, mean: float, time: float, rng: np.random.Generator) -> float:
    """The next RR interval, s: irregularly irregular in AF, breathing with sinus rhythm."""
    if rhythm == "AF":
        floor = 0.65 * mean
        return floor + float(rng.gamma(2.2, (mean - floor) / 2.2))
    return mean * (1 + 0.025 * float(np.sin(2 * np.pi * 0.22 * time)) + 0.006 * float(rng.normal()))


def _heartbeat(beat: _Beat, rhythm: str) -> _Parts:
    ventricles = heartbeats.PVC if beat.kind == "PVC" else VENTRICLES.get(rhythm, heartbeats.NORMAL)
    st_segment, t_wave = ventricles.repolarisation(beat.rr)
    waves = {"QRS": list(ventricles.qrs), "T": [t_wave]}
    if rhythm != "AF" and beat.kind != "PVC":
        waves = {"P": _p_wave(ventricles, beat, LONG_PR if rhythm == "I-AVB" else PR), **waves}
    return _Parts(
        {kind: [bump.moved(beat.time, beat.gain) for bump in wave] for kind, wave in waves.items()},
        [bump.moved(beat.time, beat.gain) for bump in st_segment],
    )


def _p_wave(ventricles: Ventricles, beat: _Beat, pr: float) -> list[Bump]:
    """The P wave that begins ``pr`` s before the QRS; a fast heart conducts a little faster."""
    atria = heartbeats.ECTOPIC_ATRIA if beat.kind == "PAC" else heartbeats.ATRIA
    onset = ventricles.onset - pr * min(1.0, 0.6 + 0.5 * beat.rr)
    return [bump.moved(onset - min(part.onset for part in atria)) for bump in atria]


def _fibrillation(n_samples: int, sampling_rate: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Fibrillatory waves (3, n_samples), mV: 5 to 7 Hz, unsteady, largest in V1."""
    times = np.arange(n_samples) / sampling_rate
    total = np.zeros((3, n_samples))
    for direction in ((-0.030, 0.020, -0.055), (0.010, 0.045, -0.020)):
        slow = [rng.uniform(0.1, 0.6, 3), rng.uniform(0, 2 * np.pi, 3)]
        drift = np.sin(2 * np.pi * np.outer(slow[0], times) + slow[1][:, None])
        phase = 2 * np.pi * rng.uniform(5.2, 6.8) * times + 2.2 * drift[0] + 1.5 * drift[1]
        shape = np.sin(phase) + 0.35 * np.sin(2 * phase + 0.8)
        total += np.outer(direction, (1 + 0.45 * drift[2]) * shape)
    return total


def _disturbances(n_samples: int, config: SyntheticConfig, rng: np.random.Generator) -> NDArray[np.float64]:
    """Muscle noise, wander and mains on I, II, V1-V6: (8, n_samples), mV."""
    times = np.arange(n_samples) / config.sampling_rate
    breathing = rng.uniform(0.15, 0.35)
    phases = rng.uniform(0, 2 * np.pi, (3, 8, 1))
    wander = np.sin(2 * np.pi * breathing * times + phases[0]) + 0.6 * np.sin(
        2 * np.pi * 0.37 * breathing * times + phases[1]
    )
    hum = np.sin(2 * np.pi * MAINS * times + phases[2])
    muscle = rng.normal(size=(8, n_samples))
    return np.asarray(config.noise * muscle + config.wander * wander / 1.6 + config.mains * hum)


def _waves(beats: list[_Parts], duration: float) -> tuple[Wave, ...]:
    waves = [_wave(kind, bumps) for beat in beats for kind, bumps in beat.waves.items()]
    inside = [wave for wave in waves if wave.onset >= 0 and wave.offset <= duration]
    return tuple(sorted(inside, key=lambda wave: wave.peak))


def _wave(kind: str, bumps: list[Bump]) -> Wave:
    """Onset and offset over all bumps; the peak is where the dipole is longest."""
    onset, offset = min(bump.onset for bump in bumps), max(bump.offset for bump in bumps)
    times = np.arange(onset, offset, 0.001)
    moment = sum(np.outer(bump.vector, bump.height(times)) for bump in bumps)
    peak = float(times[np.linalg.norm(moment, axis=0).argmax()])
    return Wave(kind, onset, peak, offset)


DEMOS = MappingProxyType(
    {
        "Normal sinus rhythm": SyntheticConfig("sinus", 68, noise=0.008, wander=0.03, seed=1),
        "Atrial fibrillation": SyntheticConfig("AF", 98, noise=0.008, wander=0.03, seed=2),
        "Premature atrial contractions": SyntheticConfig("PAC", 72, noise=0.008, wander=0.03, seed=3),
        "Premature ventricular contractions": SyntheticConfig("PVC", 70, noise=0.008, wander=0.03, seed=4),
        "First-degree AV block": SyntheticConfig("I-AVB", 62, noise=0.008, wander=0.03, seed=5),
        "Left bundle branch block": SyntheticConfig("LBBB", 74, noise=0.008, wander=0.03, seed=6),
        "Right bundle branch block": SyntheticConfig("RBBB", 70, noise=0.008, wander=0.03, seed=7),
        "ST depression": SyntheticConfig("STD", 82, noise=0.008, wander=0.03, seed=8),
        "ST elevation": SyntheticConfig("STE", 84, noise=0.008, wander=0.03, seed=9),
    }
)
