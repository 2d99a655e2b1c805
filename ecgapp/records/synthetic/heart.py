"""One heart during one record: its beats, background activity, pacemaker spikes, and known events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic import critical_events
from ecgapp.records.synthetic.critical_events import CriticalEvent, RhythmSpan, Span
from ecgapp.records.synthetic.dipole import Bump, Vector, project
from ecgapp.records.synthetic.ventricles import ATRIA, Ventricles
from ecgapp.records.waves import Wave

SPIKE = 0.002  # s


@dataclass(frozen=True)
class SyntheticBeat:
    """The bumps of one beat, by wave; ``silent`` ones belong to no wave (the ST segment)."""

    waves: dict[str, list[Bump]] = field(default_factory=dict)
    silent: list[Bump] = field(default_factory=list)


@dataclass(frozen=True)
class Spike:
    """A pacemaker's spike at ``time`` (s) along ``vector`` (mV)."""

    time: float
    vector: Vector


@dataclass(frozen=True, eq=False)
class Heart:
    """The electrical activity of one record, and the events that do not follow from its waves.

    ``background`` is a dipole (3, n_samples) in mV beside the beats: fibrillation or flutter waves.
    ``rated`` is the span (s) whose ventricular rate counts; the whole record for None. ``noise`` is
    the electrodes' own, in mV: it keeps asystole from being a flat line.
    """

    beats: Sequence[SyntheticBeat]
    background: NDArray[np.float64] | None = None
    spikes: Sequence[Spike] = ()
    events: Sequence[CriticalEvent] = ()
    ventricular: Sequence[RhythmSpan] = ()
    rated: Span | None = None
    noise: float = 0.0

    @property
    def waves(self) -> list[Wave]:
        """All waves in order of time, also those outside the record."""
        waves = [_wave(kind, bumps) for beat in self.beats for kind, bumps in beat.waves.items()]
        return sorted(waves, key=lambda wave: wave.peak)

    def truth(self, waves: Sequence[Wave], duration: float) -> tuple[CriticalEvent, ...]:
        """All critical events in the record, worst first: known ones, and those derived from ``waves``."""
        qrs = [wave for wave in waves if wave.kind == "QRS"]
        peaks = [wave.peak for wave in qrs if 0 <= wave.peak <= duration]
        fibrillating = [(span.start, span.end) for span in self.ventricular if span.rhythm == "VF"]
        return critical_events.in_order(
            [
                *self.events,
                *critical_events.broad_runs(qrs, duration),
                *critical_events.gaps(peaks, duration, fibrillating),
                *critical_events.rate_events(peaks, self.rated or (0.0, duration)),
            ]
        )


def beat_at(
    time: float,
    rr: float,
    ventricles: Ventricles,
    pr: float | None = None,
    atria: tuple[Bump, ...] = ATRIA,
    gain: float = 1.0,
) -> SyntheticBeat:
    """A beat with its R wave at ``time``, ``rr`` after the previous one (s).

    Its P wave begins ``pr`` s before its QRS complex; it has none if ``pr`` is None.
    """
    st_segment, t_wave = ventricles.repolarisation(rr)
    waves = {"QRS": list(ventricles.qrs), "T": list(t_wave)}
    if pr is not None:
        waves = {"P": _beginning(atria, ventricles.onset - pr), **waves}
    return SyntheticBeat(
        {kind: [bump.moved(time, gain) for bump in wave] for kind, wave in waves.items()},
        [bump.moved(time, gain) for bump in st_segment],
    )


def p_at(onset: float, atria: tuple[Bump, ...] = ATRIA) -> SyntheticBeat:
    """A single P wave that begins at ``onset`` (s): not conducted, or dissociated."""
    return SyntheticBeat({"P": _beginning(atria, onset)})


def qrs_waves(beats: Iterable[SyntheticBeat]) -> list[Wave]:
    """The QRS complexes of ``beats``."""
    return [_wave("QRS", beat.waves["QRS"]) for beat in beats if "QRS" in beat.waves]


def spike_samples(spikes: Iterable[Spike], n_samples: int, sampling_rate: float) -> NDArray[np.float64]:
    """The leads I, II and V1 to V6 of ``spikes``: (8, n_samples), mV.

    Below 500 Hz a spike is shorter than a sample, and the recorder's filter makes it smaller.
    """
    seen = np.zeros((8, n_samples))
    width = max(1, round(SPIKE * sampling_rate))
    share = min(1.0, SPIKE * sampling_rate)
    for spike in spikes:
        first = round(spike.time * sampling_rate)
        if first >= 0:
            seen[:, first : first + width] += share * project(np.array(spike.vector)[:, None])
    return seen


def _beginning(bumps: tuple[Bump, ...], onset: float) -> list[Bump]:
    first = min(bump.onset for bump in bumps)
    return [bump.moved(onset - first) for bump in bumps]


def _wave(kind: str, bumps: list[Bump]) -> Wave:
    """The wave that ``bumps`` form: onset and offset over all; the peak is where the dipole is longest."""
    onset, offset = min(bump.onset for bump in bumps), max(bump.offset for bump in bumps)
    times = np.arange(onset, offset, 0.001)
    moment = sum(np.outer(bump.vector, bump.height(times)) for bump in bumps)
    peak = float(times[np.linalg.norm(moment, axis=0).argmax()])
    return Wave(kind, onset, peak, offset)
