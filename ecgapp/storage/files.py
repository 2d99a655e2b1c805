"""Writing files so that a kill at any moment leaves the old content or the new, never a mixture."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_UNFINISHED = ".unfinished"


def write_atomically(path: Path, content: bytes | memoryview, before: Path | None = None) -> None:
    """Write ``content`` to a temporary name, fsync, then rename over ``path``: its owner's file alone.

    The former content is moved to ``before``, in the same folder, if that is given. A kill between the two
    renames leaves it there and nothing at ``path``.

    Raises:
        OSError: the disk is full, or the folder cannot be written to; ``path`` is as it was.
    """
    with replaced_atomically(path, before) as file:
        file.write(content)


@contextmanager
def replaced_atomically(path: Path, before: Path | None = None) -> Iterator[BinaryIO]:
    """Open a file that takes the place of ``path`` once it is complete, as ``write_atomically`` does.

    An error in the block leaves ``path`` as it was.

    Raises:
        OSError: as ``write_atomically``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(_UNFINISHED, f".{path.name}.", path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if before is not None and path.exists():
            path.replace(before)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_unfinished(folder: Path, name: str = "") -> None:
    """Remove the unfinished files that kills left in ``folder`` and below, or only those of ``name``.

    Only for a process that has them alone: it would remove the unfinished file of another one, too.
    """
    for unfinished in folder.rglob(f".{name and f'{name}.'}*{_UNFINISHED}"):
        unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; Windows cannot open folders and does not need it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network drives sync files only
            raise
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
