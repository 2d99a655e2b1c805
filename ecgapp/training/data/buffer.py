"""Room for the signals of a training: in memory where they fit, else in a file that the system pages in."""

import math
import os
import shutil
import tempfile
from pathlib import Path

import psutil
import torch
from torch import Tensor

from ecgapp.errors import InterruptedTrainingError

_LARGE = 2 << 30  # bytes; more than this is kept in float16, which is finer than the recorders' steps
_NO_ROOM = (
    "The prepared signals take {:.0f} GiB, more than memory and disk have free. "
    "Free space on the disk, or start a new run with fewer records, fewer leads or a lower sampling rate."
)
_SHARE = 0.5  # of the memory that is free


def zeros(shape: tuple[int, int], folder: Path | None = None) -> Tensor:
    """Zeros of ``shape``: float32, or float16 where that is a lot.

    What takes more than half of the free memory lies in a file in ``folder``, which has no name any more:
    it goes when the process ends, however it ends.

    Raises:
        InterruptedTrainingError: there is no room for it, neither in memory nor on the disk.
    """
    n = math.prod(shape)
    dtype = torch.float32 if 4 * n <= _LARGE else torch.float16
    n_bytes = n * dtype.itemsize
    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes that take as much at the same time
    if beside * n_bytes <= _SHARE * psutil.virtual_memory().available:
        return torch.zeros(shape, dtype=dtype)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)  # another machine's processes come here first
    if folder is None or shutil.disk_usage(folder).free < 1.1 * beside * n_bytes:
        raise InterruptedTrainingError(_NO_ROOM.format(beside * n_bytes / 2**30))
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, n_bytes)  # a sparse file on a full disk would kill us later
        except OSError as error:
            raise InterruptedTrainingError(_NO_ROOM.format(beside * n_bytes / 2**30)) from error
        return torch.from_file(file.name, shared=True, size=n, dtype=dtype).view(shape)
