"""Checkpoints that a kill cannot tear, and that are read without running any code in them."""

import io
from pathlib import Path
from typing import Any

import torch

from ecgapp.errors import TrainingError
from ecgapp.files import write_atomically

CHECKPOINT = "checkpoint.pt"
_FORMAT = 1


def save_checkpoint(folder: Path, identity: str, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers, text, and containers of them) as the folder's checkpoint.

    ``identity`` names the config and the data: another one is refused when it is read.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written to.
    """
    buffer = io.BytesIO()
    torch.save({"format": _FORMAT, "identity": identity, "state": state}, buffer)
    try:
        write_atomically(folder / CHECKPOINT, buffer.getvalue())
    except OSError as error:
        raise TrainingError(
            "The checkpoint could not be written; the one before it is intact. "
            "Free space on the disk, then resume."
        ) from error


def load_checkpoint(folder: Path, identity: str) -> dict[str, Any] | None:
    """The folder's last state, on the CPU, or None where there is none.

    What a kill left of a checkpoint that was being written is removed.

    Raises:
        TrainingError: it is not readable, or belongs to other settings or other data.
    """
    path = folder / CHECKPOINT
    for unfinished in folder.glob(f".{CHECKPOINT}.*"):
        unfinished.unlink()
    if not path.is_file():
        return None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        known = found["format"] == _FORMAT
    except Exception as error:  # torch raises many kinds for a torn file
        raise TrainingError("The checkpoint is not readable. Start a new training.") from error
    if not known:
        raise TrainingError("The checkpoint is of another version of this program. Start a new training.")
    if found["identity"] != identity:
        raise TrainingError(
            "The settings or the data changed since this training began. Start a new training."
        )
    state: dict[str, Any] = found["state"]
    return state
