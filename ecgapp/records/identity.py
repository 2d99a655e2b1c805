"""Which ECG this is, by its samples alone."""

import hashlib

import numpy as np

from ecgapp.records.record import ECGRecord


def fingerprint(record: ECGRecord) -> str:
    """sha256 in hex over leads, units, sampling rate and samples: the same for the same ECG from any file.

    Samples count as little-endian float32 with one NaN; what a file says beside them does not count.
    """
    plain = np.ascontiguousarray(record.signal, dtype="<f4")
    facts = "|".join((",".join(record.leads), record.units, float(record.sampling_rate).hex()))
    samples = np.where(np.isnan(plain), np.float32(np.nan), plain).astype("<f4").tobytes()
    return hashlib.sha256(facts.encode() + b"\0" + samples).hexdigest()
