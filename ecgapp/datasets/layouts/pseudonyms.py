"""Pseudonyms for the patients of a hospital's own data, whose real ids are never stored."""

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
    """The ``entries`` with each patient's id replaced by a keyed hash, equal in all stores of ``folder``.

    Without the key, which never leaves ``folder``, an id cannot be recovered by trying numbers.
    """
    key = _key(folder)
    hashes = (
        (entry, hashlib.blake2b(entry.patient_id.encode(), key=key, digest_size=12)) for entry in entries
    )
    return (replace(entry, patient_id=f"patient:{digest.hexdigest()}") for entry, digest in hashes)


def _key(folder: Path) -> bytes:
    """The key of this folder, made on first use and readable by its owner only.

    Raises:
        DatasetError: the key is damaged; a new one would give patients new ids.
    """
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = folder / f"{KEY_FILE}.{secrets.token_hex(8)}"
        write_atomically(fresh, secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # another importer was first; its key is used
            path.hardlink_to(fresh)
        fresh.unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise DatasetError("The key that hides patient numbers is damaged. Restore it from a backup.")
    return key
