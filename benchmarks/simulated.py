"""A store of any number of records whose signals take no room: its shards are holes in sparse files.

All else is real: parts as an import leaves them, put together by the app's own assembly.
"""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp.datasets.importing.assembly import assemble
from ecgapp.datasets.importing.part import SCHEMA, PartNote, lines_file
from ecgapp.datasets.importing.unfinished import PART_RECORDS
from ecgapp.datasets.manifest import Shard, StoreManifest
from ecgapp.datasets.shards import shard_bytes
from ecgapp.records import LEADS

RATE = 500.0  # Hz
SAMPLES = 5000  # of each record
PER_PATIENT = 3  # records, one part after another
STATEMENTS = ("NORM", "SR", "AFIB", "IMI", "ASMI", "LVH", "NDT", "1AVB", "CLBBB", "CRBBB", "PVC", "STD_")


def simulate(path: Path, n_records: int) -> None:
    """Make ``path`` a store of ``n_records``, in folds 1 to 10 by patient; every signal is zero."""
    path.mkdir(parents=True)
    numbers = range(-(-n_records // PART_RECORDS))
    sizes = [min(PART_RECORDS, n_records - number * PART_RECORDS) for number in numbers]
    notes = [_part(path, number, n) for number, n in zip(numbers, sizes, strict=True)]
    manifest = StoreManifest(path.name, "folder", RATE, LEADS, "mV", "none")
    assemble(path, notes, manifest)
    for note in notes:
        (path / lines_file(note.number)).unlink()


def _part(path: Path, number: int, n: int) -> PartNote:
    shard = Shard(f"signals-{number:05d}-00.npy", n, SAMPLES, hashlib.sha256().hexdigest())
    with (path / shard.signals).open("wb") as file:
        header = {"descr": "<i2", "fortran_order": False, "shape": (n, len(LEADS), SAMPLES)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(shard_bytes(shard, len(LEADS)))
    pq.write_table(_lines(number, n), path / lines_file(number))
    return PartNote(number, "simulated", n, (shard,))


def _lines(number: int, n: int) -> pa.Table:
    rng = np.random.default_rng(number)
    rows = number * PART_RECORDS + np.arange(n)
    patients = rows // PER_PATIENT
    picked = rng.integers(len(STATEMENTS), size=(n, 3))
    scales = np.full(n * len(LEADS), 1e-3, np.float32)
    starts = np.arange(n + 1, dtype=np.int32) * len(LEADS)
    columns = {
        "record_id": [f"simulated/{row:08d}" for row in rows.tolist()],
        "patient_id": [f"simulated:{patient:08d}" for patient in patients.tolist()],
        "fold": (patients % 10 + 1).astype(np.int16),
        "codes": [[f"SCP:{STATEMENTS[k]}" for k in sorted(set(line))] for line in picked.tolist()],
        "source": ["simulated"] * n,
        "derived": [[]] * n,
        "n_samples": np.full(n, SAMPLES),
        "shard": np.zeros(n, np.int32),
        "row": np.arange(n, dtype=np.int32),
        "scale": pa.ListArray.from_arrays(starts, scales),
        "signal": rng.integers(1 << 63, size=n, dtype=np.uint64),
    }
    return pa.table(columns, schema=SCHEMA)
