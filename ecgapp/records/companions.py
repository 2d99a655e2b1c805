"""Finds the files that a header names, only among the given files and in the header's folder."""

import stat
from collections.abc import Sequence
from pathlib import Path, PurePath

from ecgapp.errors import IncompleteRecordError


class Companions:
    """The files of one record: the given ones, and those in the header's folder."""

    def __init__(self, header: Path, given: Sequence[Path] = ()) -> None:
        self.folder = header.parent
        self.given = [path for path in given if path != header]

    def signal_file(self, name: str, wanted: Sequence[str]) -> Path:
        """The file that the header calls ``name``; ``wanted`` are all the signal files that it names.

        Uploads are staged under names of ours. If the header names a single file of a type and a single
        one of that type was given, that file is taken; its checksum is compared later.

        Raises:
            IncompleteRecordError: there is no such file.
        """
        path = self._named(name)
        if path is None and sum(_kind(other) == _kind(name) for other in wanted) == 1:
            same = [given for given in self.given if _kind(given.name) == _kind(name) and is_file(given)]
            path = same[0] if len(same) == 1 else None
        if path is None:
            raise IncompleteRecordError(
                "The header's signal file is missing. Choose the .hea and its .dat or .mat file together."
            )
        return path

    def header_file(self, record: str) -> Path:
        """The header of the part called ``record``.

        Raises:
            IncompleteRecordError: there is no such file.
        """
        path = self._named(f"{record}.hea")
        if path is None:
            raise IncompleteRecordError("A part of this record is missing. Choose all of its files together.")
        return path

    def _named(self, name: str) -> Path | None:
        for given in self.given:
            if given.name == name and is_file(given):
                return given
        beside = self.folder / name
        if not is_file(beside) or (beside.is_symlink() and beside.resolve().parent != self.folder.resolve()):
            return None
        return beside


def _kind(name: str) -> str:
    return PurePath(name).suffix.lower()


def is_file(path: Path) -> bool:
    """Whether ``path`` is an ordinary file: not a folder, and not a pipe that would never end."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
