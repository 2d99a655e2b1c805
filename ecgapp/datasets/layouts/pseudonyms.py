"""Patients of a hospital's own data get ids of ours; the hospital's are never stored."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ecgapp.datasets.layouts.layout import Entry
from ecgapp.errors import DatasetError
from ecgapp.storage.files import write_atomically

KEY_FILE = ".patient-key"
KEY_BYTES = 32


def pseudonymise(entries: Iterable[Entry], folder: Path) -> Iterator[Entry]:
    """``entries`` with each patient's id replaced by a keyed hash, the same in all stores of ``folder``.

    Without the key, which never leaves ``folder``, an id cannot be traced by trying numbers.
    """
    key = _key(folder)
    return (replace(entry, patient_id=_hashed(entry.patient_id, key)) for entry in entries)


def _hashed(patient_id: str, key: bytes) -> str:
    return "patient:" + hashlib.blake2b(patient_id.encode(), key=key, digest_size=12).hexdigest()


def _key(folder: Path) -> bytes:
    """This folder's key; drawn on first use, readable by its owner only, never seen half-written.

    Raises:
        DatasetError: the key is damaged; another one would give patients new ids.
    """
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = folder / f"{KEY_FILE}.{secrets.token_hex(8)}"
        write_atomically(fresh, secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # another importer was first; its key is the one
            path.hardlink_to(fresh)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise DatasetError("The key that hides patient numbers is damaged. Restore it from a backup.")
    return key
