"""Finding the files that a header names, never outside the folders of the files that were given."""

import stat
from collections.abc import Sequence
from pathlib import Path, PurePath

from ecgapp.errors import IncompleteRecordError


class Companions:
    """The files of one record: those that were given, and those beside the header."""

    def __init__(self, header: Path, given: Sequence[Path] = ()) -> None:
        self.folder = header.parent
        self.given = [path for path in given if path != header]

    def signal_file(self, name: str, wanted: Sequence[str]) -> Path:
        """The file that the header calls ``name``; ``wanted`` are all the signal files that it names.

        An upload is staged under names of ours: where the header names a single file of a kind and
        a single one of that kind was given, that is it (the checksum tells whether it belongs).

        Raises:
            IncompleteRecordError: there is no such file.
        """
        found = self._named(name)
        if found is None and sum(_kind(other) == _kind(name) for other in wanted) == 1:
            found = self._only_one_of(_kind(name))
        if found is None:
            raise IncompleteRecordError(
                "The header's signal file is missing. Choose the .hea and its .dat or .mat file together."
            )
        return found

    def header_file(self, record: str) -> Path:
        """The header of the part called ``record``.

        Raises:
            IncompleteRecordError: there is no such file.
        """
        found = self._named(f"{record}.hea")
        if found is None:
            raise IncompleteRecordError("A part of this record is missing. Choose all of its files together.")
        return found

    def _named(self, name: str) -> Path | None:
        for path in self.given:
            if path.name == name and is_file(path):
                return path
        beside = self.folder / name
        if not is_file(beside) or (beside.is_symlink() and beside.resolve().parent != self.folder.resolve()):
            return None
        return beside

    def _only_one_of(self, kind: str) -> Path | None:
        same = [path for path in self.given if _kind(path.name) == kind and is_file(path)]
        return same[0] if len(same) == 1 else None


def _kind(name: str) -> str:
    return PurePath(name).suffix.lower()


def is_file(path: Path) -> bool:
    """Whether ``path`` is an ordinary file: not a folder, and not a pipe that would never end."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
