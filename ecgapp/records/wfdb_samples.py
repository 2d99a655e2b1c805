"""The stored whole numbers of a WFDB signal file, in every format that WFDB defines.

The formats are PhysioNet's signal(5). The common ones are read with numpy; the others by the wfdb
package, on a header of our own making and a private copy of the file.
"""

import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import CorruptRecordError
from ecgapp.records.wfdb_header import AGAIN, MAX_SAMPLES, SignalLine

IntArray = NDArray[np.signedinteger]

_STORED = {16: ("<i2", 0), 32: ("<i4", 0), 61: (">i2", 0), 80: ("u1", 128), 160: ("<u2", 32768)}
_BYTES = {8: 1.0, 16: 2.0, 24: 3.0, 32: 4.0, 61: 2.0, 80: 1.0, 160: 2.0, 212: 1.5, 310: 4 / 3, 311: 4 / 3}
_FLAC = frozenset({508, 516, 524})
_MAX_FLAC_RATIO = 100_000  # samples a byte; FLAC stores up to 65,535 equal samples in about 12 bytes
_BITS = {16: 16, 61: 16, 160: 16, 516: 16, 24: 24, 524: 24, 32: 32, 80: 8, 508: 8, 310: 10, 311: 10, 212: 12}
INVALID = {fmt: -(2 ** (bits - 1)) for fmt, bits in _BITS.items()}  # the value of a missing sample


def frames_in_file(path: Path, lines: Sequence[SignalLine]) -> int:
    """The number of whole frames of ``lines`` in the file at ``path``.

    Raises:
        CorruptRecordError: the file is empty, or the number does not follow from its format and size.
    """
    size = path.stat().st_size
    fmt, offset = lines[0].format, lines[0].offset
    if fmt in _FLAC:
        raise CorruptRecordError(f"The header does not say how long the record is. {AGAIN}")
    n_frames = int((size - offset) / _BYTES[fmt] + 1e-6) // _frame(lines) if size > offset else 0
    if n_frames == 0:
        raise CorruptRecordError(f"The signal file is empty. {AGAIN}")
    return n_frames


def stored_samples(path: Path, lines: Sequence[SignalLine], n_frames: int) -> list[IntArray]:
    """The samples of each of ``lines``, which share the file at ``path``, before skews are undone.

    Each array has n_frames * samples_per_frame whole numbers.

    Raises:
        CorruptRecordError: the file is shorter than the header says, or it cannot be decoded.
    """
    fmt, offset = lines[0].format, lines[0].offset
    if any(line.format != fmt or line.offset != offset for line in lines):
        raise CorruptRecordError(f"The header gives one signal file several formats. {AGAIN}")
    n_samples = n_frames * _frame(lines)
    _check_size(path.stat().st_size, lines[0], n_samples)
    if fmt in _STORED:
        flat = _stored(path, fmt, offset, n_samples)
    elif fmt == 212:
        flat = _packed_212(path, offset, n_samples)
    else:
        return _through_wfdb(path, lines, n_frames)
    frames = flat.reshape(n_frames, -1)
    if _frame(lines) == len(lines):
        return list(np.ascontiguousarray(frames.T))
    ends = np.cumsum([line.samples_per_frame for line in lines])
    return [part.reshape(-1) for part in np.split(frames, ends[:-1], axis=1)]


def _frame(lines: Sequence[SignalLine]) -> int:
    return sum(line.samples_per_frame for line in lines)


def _check_size(size: int, line: SignalLine, n_samples: int) -> None:
    if size == 0:
        raise CorruptRecordError(f"The signal file is empty. {AGAIN}")
    if n_samples > MAX_SAMPLES:
        raise CorruptRecordError(f"The header announces more samples than an ECG has. {AGAIN}")
    needed = (
        n_samples / _MAX_FLAC_RATIO if line.format in _FLAC else line.offset + n_samples * _BYTES[line.format]
    )
    if size < math.floor(needed):
        raise CorruptRecordError(f"The signal file is shorter than its header says: it was cut off. {AGAIN}")


def _stored(path: Path, fmt: int, offset: int, n_samples: int) -> IntArray:
    """Samples of a format of whole bytes, some with an offset instead of a sign."""
    kind, middle = _STORED[fmt]
    raw = _read(path, offset, n_samples * np.dtype(kind).itemsize)
    flat = np.frombuffer(raw, kind)
    if middle:
        flat = flat.astype(np.int32) - middle
    return flat.astype(np.int32) if fmt == 61 else flat


def _packed_212(path: Path, offset: int, n_samples: int) -> IntArray:
    """Samples of format 212: two of 12 bits in three bytes; an odd last one takes two."""
    n_bytes = math.ceil(n_samples * 1.5)
    raw = _read(path, offset, n_bytes) + b"\0" * (-n_bytes % 3)
    low, middle, high = np.frombuffer(raw, np.uint8).astype(np.int16).reshape(-1, 3).T
    flat = np.empty(2 * len(low), np.int16)
    flat[0::2] = low | (middle & 0x0F) << 8
    flat[1::2] = high | (middle >> 4) << 8
    return (flat[:n_samples] ^ 2048) - 2048  # 12 bits with a sign


def _read(path: Path, offset: int, n_bytes: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        raw = file.read(n_bytes)
    if len(raw) < n_bytes:
        raise CorruptRecordError(f"The signal file is shorter than its header says: it was cut off. {AGAIN}")
    return raw


def _through_wfdb(path: Path, lines: Sequence[SignalLine], n_frames: int) -> list[IntArray]:
    """Decode a rare format with the wfdb package, on a clean header in a private folder."""
    import wfdb  # slow to import, and absent on training servers

    rows = [
        f"signal.dat {line.format}x{line.samples_per_frame}+{line.offset} 1 0 0 {line.first or 0} 0 0 s{row}"
        for row, line in enumerate(lines)
    ]
    header = "\n".join([f"record {len(lines)} 500 {n_frames}", *rows])
    with tempfile.TemporaryDirectory(prefix="ecgapp-") as folder:
        (Path(folder) / "record.hea").write_text(header + "\n", encoding="ascii")
        shutil.copyfile(path, Path(folder) / "signal.dat")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                record = wfdb.rdrecord(
                    f"{folder}{os.sep}record", physical=False, smooth_frames=False, return_res=32
                )
        except Exception:  # wfdb raises whatever its decoders raise; the file is at fault
            raise CorruptRecordError(f"The signal file cannot be decoded: it is damaged. {AGAIN}") from None
    samples: list[IntArray] = [np.asarray(signal) for signal in record.e_d_signal]
    if any(len(s) != n_frames * line.samples_per_frame for s, line in zip(samples, lines, strict=True)):
        raise CorruptRecordError(f"The signal file is shorter than its header says: it was cut off. {AGAIN}")
    return samples
