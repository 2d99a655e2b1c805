"""Patients of a hospital's own data get ids of ours; the hospital's are never stored."""

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecgapp.datasets.layout import Entry

KEY_FILE = ".patient-key"
KEY_BYTES = 32


def pseudonymise(entries: Sequence[Entry], folder: Path) -> list[Entry]:
    """``entries`` with each patient's id replaced by a keyed hash, the same in all stores of ``folder``.

    Without the key, which never leaves ``folder``, an id cannot be traced by trying numbers.
    """
    key = _key(folder)
    return [replace(entry, patient_id=_hashed(entry.patient_id, key)) for entry in entries]


def _hashed(patient_id: str, key: bytes) -> str:
    return "patient:" + hashlib.blake2b(patient_id.encode(), key=key, digest_size=12).hexdigest()


def _key(folder: Path) -> bytes:
    """This folder's key; drawn on first use, readable by its owner only."""
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
    return key
