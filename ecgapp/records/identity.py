"""The fingerprint of an ECG, computed from its samples."""

import hashlib

import numpy as np

from ecgapp.records.record import ECGRecord


def fingerprint(record: ECGRecord) -> str:
    """The sha256 in hex of leads, units, sampling rate and samples: equal for the same ECG from any file.

    Samples count as little-endian float32 with one NaN. Other contents of the file do not count.
    """
    plain = np.ascontiguousarray(record.signal, dtype="<f4")
    facts = "|".join((",".join(record.leads), record.units, float(record.sampling_rate).hex()))
    samples = np.where(np.isnan(plain), np.float32(np.nan), plain).astype("<f4").tobytes()
    return hashlib.sha256(facts.encode() + b"\0" + samples).hexdigest()
