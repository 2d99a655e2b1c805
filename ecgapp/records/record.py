"""The ECG record, which every reader returns and all other packages use."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import CorruptRecordError, LeadsMissingError

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

CALIBRATION_ASSUMED = "Calibration assumed"  # first words of a reader's warning about it

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ECGRecord:
    """One ECG in millivolts, leads in the order of ``LEADS``, others behind them.

    ``signal`` is float32 (n_leads, n_samples) in mV; samples that the recorder marked invalid
    are NaN. ``sampling_rate`` is in Hz. ``record_id`` is an id of ours, never a name from a file.

    Raises:
        CorruptRecordError: signal, leads and sampling rate do not fit together.
    """

    record_id: str
    signal: FloatArray
    sampling_rate: float
    leads: tuple[str, ...] = LEADS
    derived: frozenset[str] = frozenset()  # leads computed from others, not recorded
    codes: tuple[str, ...] = ()  # diagnoses in the file, e.g. "SNOMED:164889003"
    warnings: tuple[str, ...] = ()  # sentences for the reader, e.g. that calibration is assumed
    synthetic: bool = False
    units: str = "mV"  # "z-score" if the voltages are unknown

    def __post_init__(self) -> None:
        if self.signal.ndim != 2 or self.signal.shape[0] != len(self.leads) or self.n_samples == 0:
            raise CorruptRecordError("The record's leads and its samples do not fit together.")
        if not (np.isfinite(self.sampling_rate) and self.sampling_rate > 0):
            raise CorruptRecordError("The record's sampling rate is not a positive number.")

    @property
    def n_leads(self) -> int:
        return int(self.signal.shape[0])

    @property
    def n_samples(self) -> int:
        return int(self.signal.shape[1])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sampling_rate

    @property
    def calibration_assumed(self) -> bool:
        """Whether the file does not say how many millivolts its numbers are."""
        return any(warning.startswith(CALIBRATION_ASSUMED) for warning in self.warnings)

    def select(self, leads: Sequence[str]) -> FloatArray:
        """The signal of ``leads`` in the given order, (len(leads), n_samples) in mV.

        Raises:
            LeadsMissingError: names every lead that the record does not have.
        """
        missing = [lead for lead in leads if lead not in self.leads]
        if missing:
            them = "it" if len(missing) == 1 else "them"
            raise LeadsMissingError(
                f"The record has no lead {', '.join(missing)}, and this model needs {them}."
            )
        return self.signal[[self.leads.index(lead) for lead in leads]]


def fingerprint(record: ECGRecord) -> str:
    """The sha256 in hex of leads, units, sampling rate and samples: equal for the same ECG from any file.

    Samples count as little-endian float32 with one NaN. Other contents of the file do not count.
    """
    plain = np.ascontiguousarray(record.signal, dtype="<f4")
    facts = "|".join((",".join(record.leads), record.units, float(record.sampling_rate).hex()))
    samples = np.where(np.isnan(plain), np.float32(np.nan), plain).astype("<f4").tobytes()
    return hashlib.sha256(facts.encode() + b"\0" + samples).hexdigest()
