"""A lock on a name in a folder: it ends with its process, however that ends."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ecgapp.errors import LockedError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def claimed(destination: Path, refusal: str = "Another process works on it already.") -> Iterator[None]:
    """Lock ``destination`` for this process; its folder must exist.

    Raises:
        LockedError: another process has it; ``refusal`` is the sentence that says so.
    """
    path = destination.parent / f".lock-{destination.name}"
    file = _locked(path, refusal)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps open files; the next process takes over the file
            path.unlink()
        file.close()


def is_claimed(destination: Path) -> bool:
    """Whether a process has locked ``destination`` at this moment."""
    if not (destination.parent / f".lock-{destination.name}").exists():
        return False
    try:
        with claimed(destination):
            return False
    except LockedError:
        return True


def _locked(path: Path, refusal: str) -> BinaryIO:
    """The lock's file, open, locked and still the one at ``path``, which its last owner removes."""
    while True:
        file = path.open("ab")
        if not _lock(file):
            file.close()
            raise LockedError(refusal)
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
