"""Reads an upload: staged privately under names of ours, deleted once it is read."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ecgapp.errors import UnsupportedRecordError
from ecgapp.records import ECGRecord, read_record

LARGEST = 50 * 2**20  # bytes of one record's files together; the server also limits each file
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}", re.ASCII)


class Upload(Protocol):
    """One uploaded file, as Streamlit gives it.

    Its name is not trusted: only its suffix is used.
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def getbuffer(self) -> memoryview: ...


def read_upload(files: Sequence[Upload], uploads: Path) -> ECGRecord:
    """The record that ``files`` make up; nothing of them stays in ``uploads``.

    Raises:
        RecordError: a plain sentence says what is wrong with them.
    """
    if sum(file.size for file in files) > LARGEST:
        raise UnsupportedRecordError(
            f"These files are larger than {LARGEST // 2**20} MB. Choose the files of one record."
        )
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=uploads) as folder:
        return read_record(_stage(files, Path(folder)))


def _stage(files: Sequence[Upload], folder: Path) -> list[Path]:
    """Write the files as ``record-0.hea``, ``record-1.dat``: only a harmless suffix of a name is used."""
    staged = []
    for number, file in enumerate(files):
        suffix = Path(file.name).suffix.lower()
        path = folder / f"record-{number}{suffix if SUFFIX.fullmatch(suffix) else ''}"
        path.write_bytes(file.getbuffer())
        staged.append(path)
    return staged
