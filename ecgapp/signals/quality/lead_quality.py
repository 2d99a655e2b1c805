"""The faults of a lead, from a loose electrode to noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals.normalise import FLAT
from ecgapp.signals.quality.lead_measures import LeadFigures, lead_figures
from ecgapp.signals.quality.rails import is_clipped

NOISE = 0.05  # mV rms
NOISE_SHARE = 0.042  # of the height of its waves
LITTLE_NOISE = 0.015  # mV rms
STEEP_SHARE = 0.03  # of that height, which steep parts of tall waves may have
HUM = 0.025  # mV of amplitude: half a millimetre from top to bottom
WANDER = 1.0  # mV, two large squares
OFFSET = 4.0  # mV away from zero, if most other leads are centred
CENTRED = 1.0  # mV
JUMP = 1.5  # mV of a sudden and lasting change
LOWEST, HIGHEST = 0.1, 8.0  # mV of a lead's waves from top to bottom
RECORD_LOWEST, RECORD_HIGHEST = 0.3, 4.3  # mV, median over the leads
FEWEST = 6  # leads, for a median over them


@dataclass(frozen=True)
class LeadQuality:
    """Faults of one lead. Counts are samples of the record."""

    lead: str
    flat: bool  # no signal at all
    missing_samples: int  # marked invalid by the recorder
    clipped: bool  # the amplifier's or the converter's limit cuts waves off
    noisy: bool = False  # muscle or other noise, as large as small waves
    wandering: bool = False  # the baseline
    mains: int = 0  # Hz of the hum, 50 or 60; 0 if there is none
    electrode_off: bool = False  # the signal is constant for a while, jumps, or lies far from zero
    implausible: bool = False  # too tall or too small for an ECG

    @property
    def usable(self) -> bool:
        """Whether the lead has no fault."""
        return not self.faults

    @property
    def measurable(self) -> bool:
        """Whether the lead has a signal all the time, from a connected electrode."""
        return not (self.flat or self.missing_samples or self.electrode_off)

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the lead's faults, shown beside its name."""
        named = {
            "no signal": self.flat,
            "samples missing": bool(self.missing_samples) and not self.flat,
            "electrode off": self.electrode_off,
            "clipped": self.clipped,
            "noise": self.noisy,
            "wander": self.wandering,
            f"mains {self.mains} Hz": bool(self.mains),
            "amplitude": self.implausible,
        }
        return tuple(name for name, present in named.items() if present)


def lead_quality(record: ECGRecord) -> tuple[LeadQuality, ...]:
    """The quality of each lead of ``record``, in its order.

    In a long recording noise, hum and wander count if they last for a fifth of it. If the voltages are
    unknown (``record.units``), noise is compared with the lead's own waves; size and baseline are not judged.
    """
    alive = np.array([_is_alive(signal) for signal in record.signal])
    living = lead_figures(record.signal[alive], record.sampling_rate) if alive.any() else []
    rest = _RecordLevels.of(living, record.units == "mV")
    own = iter(living)
    return tuple(
        _judge(lead, signal, record.sampling_rate, next(own) if lives else None, rest)
        for lead, signal, lives in zip(record.leads, record.signal, alive.tolist(), strict=True)
    )


@dataclass(frozen=True)
class _RecordLevels:
    """Properties of the record with which each lead is compared."""

    volts: bool
    level: float  # typical distance from zero, mV
    scaled: bool  # the record as a whole is too tall or too small
    n_leads: int

    @staticmethod
    def of(living: Sequence[LeadFigures], volts: bool) -> "_RecordLevels":
        if not living:
            return _RecordLevels(volts, 0.0, False, 0)
        height = float(np.median([one.height for one in living]))
        scaled = len(living) >= FEWEST and not RECORD_LOWEST <= height <= RECORD_HIGHEST
        level = float(np.median([abs(one.level) for one in living]))
        return _RecordLevels(volts, level, scaled, len(living))


def _is_alive(signal: FloatArray) -> bool:
    """Whether there is any signal."""
    present = signal[np.isfinite(signal)]
    return present.size > 0 and float(present.std(dtype=np.float64)) >= FLAT


def _judge(
    lead: str, signal: FloatArray, sampling_rate: float, own: LeadFigures | None, rest: _RecordLevels
) -> LeadQuality:
    finite = np.isfinite(signal)
    missing = int(signal.size - finite.sum())
    if own is None:
        return LeadQuality(lead, True, missing, False)
    clipped = is_clipped(signal[finite] if missing else signal, sampling_rate)
    if not rest.volts:
        return LeadQuality(lead, False, missing, clipped, noisy=own.noise > NOISE_SHARE * own.height)
    far = rest.n_leads > 1 and abs(own.level) > OFFSET and rest.level < CENTRED
    return LeadQuality(
        lead,
        False,
        missing,
        clipped,
        # steep tall waves count as signal
        noisy=own.noise > max(LITTLE_NOISE, min(NOISE, NOISE_SHARE * own.height), STEEP_SHARE * own.height),
        wandering=own.wander > WANDER,
        mains=own.mains if own.hum > HUM else 0,
        electrode_off=far or own.jump > JUMP or own.held > 0,
        implausible=rest.scaled or not LOWEST <= own.height <= HIGHEST,
    )
