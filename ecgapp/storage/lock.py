"""One import at a time into one name: a lock that ends with its process, however that ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ecgapp.errors import DatasetError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def claimed(destination: Path) -> Iterator[None]:
    """Keep ``destination`` for this process; its folder must be there.

    Raises:
        DatasetError: another process has it.
    """
    path = destination.parent / f".lock-{destination.name}"
    file = _locked(path)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps open files; the next claim takes over what is left
            path.unlink()
        file.close()


def is_claimed(destination: Path) -> bool:
    """Whether a process has ``destination`` at this moment."""
    if not (destination.parent / f".lock-{destination.name}").exists():
        return False
    try:
        with claimed(destination):
            return False
    except DatasetError:
        return True


def _locked(path: Path) -> BinaryIO:
    """The lock's file, open and locked, and still the one at ``path``: its last owner removes it."""
    while True:
        file = path.open("ab")
        if not _lock(file):
            file.close()
            raise DatasetError("This data set is being imported already. Wait until that is done.")
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def _lock(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
