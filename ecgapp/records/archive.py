"""The archive of ECGs: one file per ECG, named by its fingerprint, without the patient's identity."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError, EcgAppError
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.records.record import FloatArray
from ecgapp.storage import documents
from ecgapp.storage.files import remove_unfinished, write_atomically

_SUFFIX = ".ecg.safetensors"
_KEY = re.compile(r"[0-9a-f]{64}")
_SIGNAL, _FACTS = "signal", "facts"


@dataclass(frozen=True)
class _Facts:
    """The fields of an ``ECGRecord`` other than its samples, as they are stored."""

    record_id: str
    sampling_rate: float
    leads: tuple[str, ...]
    derived: tuple[str, ...]
    codes: tuple[str, ...]
    warnings: tuple[str, ...]
    synthetic: bool
    units: str


class Archive:
    """ECGs by their fingerprint, in ``settings.archive``, readable by this user alone."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.archive

    def keep(self, record: ECGRecord) -> str:
        """Store ``record``, unless it is there already.

        Returns:
            Its fingerprint, with which ``open`` reads it.

        Raises:
            ArchiveError: it cannot be written.
        """
        key = fingerprint(record)
        if key in self:
            return key
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self._path(key), _packed(record))
        except OSError as error:
            raise ArchiveError(
                "The ECG cannot be kept on this machine. "
                "Check that the disk is not full and that the app may write to its own folder."
            ) from error
        return key

    def open(self, key: str) -> ECGRecord:
        """The ECG with the fingerprint ``key``, equal to the stored one bit for bit.

        Raises:
            ArchiveError: it is missing or damaged.
        """
        path = self._path(key)
        try:
            record = _unpacked(path.read_bytes())
        except FileNotFoundError as error:
            raise ArchiveError(
                "This ECG is no longer kept on this machine. Open it from its file."
            ) from error
        except (OSError, SafetensorError, EcgAppError, KeyError, ValueError) as error:
            raise ArchiveError("The kept copy of this ECG cannot be read. Open it from its file.") from error
        if fingerprint(record) != key:
            raise ArchiveError("The kept copy of this ECG is damaged. Open it from its file.")
        return record

    def delete(self, key: str) -> int:
        """Delete the ECG with the fingerprint ``key``.

        Returns:
            The bytes that were freed; 0 if there is no such ECG.

        Raises:
            ArchiveError: it cannot be deleted.
        """
        try:
            size = self._path(key).stat().st_size
            self._path(key).unlink()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise ArchiveError(
                "The kept copy of this ECG cannot be deleted. Check the folder's rights."
            ) from error
        return size

    def remove_unfinished(self) -> None:
        """Remove partly written files of processes that were killed; the caller must be the only writer.

        Raises:
            ArchiveError: they cannot be removed.
        """
        try:
            remove_unfinished(self._folder)
        except OSError as error:
            raise ArchiveError(
                "Unfinished files of a stopped process cannot be removed. Check the folder's rights."
            ) from error

    def keys(self) -> Iterator[str]:
        """The fingerprints of all ECGs in the archive."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            yield path.name.removesuffix(_SUFFIX)

    def __contains__(self, key: str) -> bool:
        return self._path(key).is_file()

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ArchiveError("This is not the key of an ECG.")
        return self._folder / f"{key}{_SUFFIX}"


def _packed(record: ECGRecord) -> bytes:
    facts = _Facts(
        record.record_id,
        float(record.sampling_rate),
        record.leads,
        tuple(sorted(record.derived)),
        record.codes,
        record.warnings,
        record.synthetic,
        record.units,
    )
    encoded = np.frombuffer(documents.dump(facts).encode(), np.uint8)
    return save({_SIGNAL: record.signal.copy(order="C"), _FACTS: encoded})


def _unpacked(content: bytes) -> ECGRecord:
    arrays = load(content)
    signal: FloatArray = arrays[_SIGNAL]
    facts = documents.load(_Facts, arrays[_FACTS].tobytes().decode())
    values = asdict(facts) | {"derived": frozenset(facts.derived)}
    return ECGRecord(signal=signal, **values)
