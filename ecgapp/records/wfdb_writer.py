"""Writes a record in WFDB format: a text header and 16-bit samples, with first values and checksums."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.storage.files import write_atomically

STEPS = 1000.0  # per mV: one step is 1 µV
LARGEST = 32767  # in 16 bits; -32768 marks a missing sample
MISSING = -32768


def write_wfdb(record: ECGRecord, folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``record`` to ``folder`` as ``name``.hea and ``name``.dat, and return both paths.

    Format 16 at 1000 steps per mV, or per the largest power of ten that keeps the voltages in 16
    bits. Leads that were derived are not written: a reader derives them again.

    Raises:
        ConfigError: ``name`` is not made of letters, digits, "-" and "_".
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        raise ConfigError("A record's file name may hold letters, digits, - and _ only.")
    signal = record.select(_recorded(record))
    gain = _gain(signal)
    steps = np.round(signal.astype(np.float64) * gain)
    samples = np.where(np.isnan(steps), MISSING, steps).astype(np.int64)
    header = _header(record, name, samples, gain)
    paths = folder / f"{name}.hea", folder / f"{name}.dat"
    write_atomically(paths[1], np.ascontiguousarray(samples.T).astype("<i2").tobytes())
    write_atomically(paths[0], header.encode())
    return paths


def _recorded(record: ECGRecord) -> list[str]:
    return [lead for lead in record.leads if lead not in record.derived]


def _gain(signal: FloatArray) -> float:
    largest = float(np.nanmax(np.abs(signal), initial=0.0))
    return STEPS if largest * STEPS <= LARGEST else float(10.0 ** np.floor(np.log10(LARGEST / largest)))


def _header(record: ECGRecord, name: str, samples: NDArray[np.int64], gain: float) -> str:
    leads = _recorded(record)
    lines = [f"{name} {len(leads)} {record.sampling_rate:.12g} {record.n_samples}"]
    for lead, row in zip(leads, samples, strict=True):
        checksum = (int(row.sum()) + 32768) % 65536 - 32768
        lines.append(f"{name}.dat 16 {gain:.12g}(0)/mV 16 0 {row[0]} {checksum} 0 {lead}")
    if record.codes:
        lines.append(f"#Dx: {','.join(code.partition(':')[2] for code in record.codes)}")
    if record.synthetic:
        lines.append("#Synthetic: yes")
    return "\n".join(lines) + "\n"
