"""Checkpoints that a kill cannot tear, that show damage, and that are read without running any code in them.

The last two are kept, each with its sha256 at its end: where a disk has spoilt the last one, training
goes on from the one before.
"""

import errno
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ecgapp.errors import InterruptedTrainingError, TrainingError
from ecgapp.storage.files import write_atomically

CHECKPOINT = "checkpoint.pt"
BEFORE = "checkpoint.before.pt"  # the one before it
_FORMAT = 2
_SEAL = 64  # bytes of a sha256 in hex
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def save_checkpoint(folder: Path, identity: str, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers, text, and containers of them) as the folder's checkpoint.

    ``identity`` names the config and the data: another one is refused when it is read.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written to.
    """
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, "identity": identity, "state": state}, buffer)
    seal = hashlib.sha256(buffer.getbuffer()).hexdigest()
    buffer.seek(0, os.SEEK_END)
    buffer.write(seal.encode())
    try:
        write_atomically(folder / CHECKPOINT, buffer.getbuffer(), folder / BEFORE)
    except OSError as error:
        hint = (
            "Free space on the disk" if error.errno in _FULL else "Check that the app may write to its folder"
        )
        raise InterruptedTrainingError(
            f"The checkpoint could not be written; what was saved before is intact. {hint}."
        ) from error


def load_checkpoint(
    folder: Path, identity: str, log: Callable[[str], None] | None = None
) -> dict[str, Any] | None:
    """The folder's last intact state, on the CPU, or None where there is no checkpoint.

    ``log`` gets a sentence where the last checkpoint is damaged, and the one before it is taken.

    Raises:
        TrainingError: none is intact, or it belongs to other settings or other data.
    """
    damaged = False
    for path in (folder / CHECKPOINT, folder / BEFORE):
        content = _read(path)
        if content is None:
            continue
        if hashlib.sha256(content[:-_SEAL]).hexdigest().encode() == content[-_SEAL:]:
            state = _state(content, identity)
            if damaged:
                path.replace(folder / CHECKPOINT)  # else the next one would be written over it
                if log is not None:
                    log("The last checkpoint is damaged. The one before it is intact.")
            return state
        damaged = True
    if damaged:
        raise TrainingError("The checkpoint is not readable.")
    return None


def _read(path: Path) -> bytes | None:
    """The file's content: None where there is none, and nothing where the disk has lost it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:
            return b""
        raise InterruptedTrainingError("The checkpoint cannot be read. Check the disk.") from error


def _state(content: bytes, identity: str) -> dict[str, Any]:
    try:
        document = torch.load(io.BytesIO(content[:-_SEAL]), map_location="cpu", weights_only=True)
        known = document["format"] == _FORMAT
    except Exception as error:  # torch raises many kinds for what another version wrote
        raise TrainingError("The checkpoint is not readable.") from error
    if not known:
        raise TrainingError("The checkpoint is of another version of this program.")
    if document["identity"] != identity:
        raise TrainingError("The settings or the data changed since this training began.")
    state: dict[str, Any] = document["state"]
    return state
