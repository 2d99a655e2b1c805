"""The real 12-lead ECGs that quality is judged on, from unpacked archives, fold by fold."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ecgapp.datasets.layouts.challenge import challenge
from ecgapp.datasets.layouts.layout import ImportOptions
from ecgapp.datasets.layouts.ludb import ludb
from ecgapp.datasets.layouts.ptbxl import ptb_xl
from ecgapp.errors import DatasetError
from ecgapp.records import ECGRecord, read_record

SOURCES = {"ptb-xl": ptb_xl, "challenge2021": challenge, "ludb": ludb}
FITTED = range(1, 8)  # folds on which limits were chosen; patient-wise in each source
JUDGED = range(8, 11)  # and those on which they are judged


@dataclass(frozen=True, eq=False)
class RealECG:
    """One record with its source and its labels there."""

    source: str
    record_id: str
    record: ECGRecord
    codes: tuple[str, ...]


def read_noise(folder: Path, name: str) -> ECGRecord:
    """One of nstdb's recordings of noise: their headers have a gain of 0, which WFDB's users take as 200.

    Raises:
        EcgAppError: it is not there, or cannot be read.
    """
    header, signal = folder / f"{name}.hea", folder / f"{name}.dat"
    if not (header.is_file() and signal.is_file()):
        raise DatasetError("The noise of nstdb is not in the folder. Unpack it.")
    with TemporaryDirectory() as copies:
        for source in (header, signal):
            shutil.copy(source, copies)
        copied = Path(copies) / header.name
        copied.write_text(
            copied.read_text(encoding="ascii").replace(" 212 0 ", " 212 200 "), encoding="ascii"
        )
        return read_record([copied, copied.with_suffix(".dat")])


def records(
    folder: Path, folds: Collection[int], sources: Collection[str] = tuple(SOURCES)
) -> Iterator[RealECG]:
    """The records of these folds, source by source.

    The challenge's PTB-XL records have unknown patients, so they are in none.

    Raises:
        EcgAppError: a source is not there, or cannot be read.
    """
    for source in sources:
        scan = SOURCES[source].scan(folder / source, ImportOptions())
        for entry in scan.entries:
            if entry.fold in folds:
                record = scan.read(entry.where)
                yield RealECG(source, entry.record_id, record, (*(entry.codes or ()), *record.codes))
