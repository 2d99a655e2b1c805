"""Groups many files, in any order, into the records that they belong to.

A record is a header with the signal files that it names or that share its stem, or else a single file.
Names are not trusted and may identify a patient: they are compared and displayed, and never written.
"""

import io
import os
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ecgapp.errors import CorruptRecordError, RecordError, UnsupportedRecordError
from ecgapp.records import ECGRecord, read_record
from ecgapp.records.companions import is_file
from ecgapp.records.read_record import HEADER, SIGNAL_FILES
from ecgapp.records.upload import LARGEST, Upload, read_upload

MOST_FILES = 50_000  # at once
LARGEST_ARCHIVE = 4 * 2**30  # bytes that one .zip unpacks to; its files are unpacked one record at a time
LARGEST_HEADER = 2**20  # bytes; a larger one is not searched for names of signal files
LONGEST_NAME = 60  # displayed characters
ZIP = ".zip"
_NO_FOLDER = "There is no such folder on the app's machine. Check the path."
_DAMAGED = "A file in this .zip is damaged or locked with a password. Unpack it and drop the files."


@dataclass(frozen=True, eq=False)
class FolderFile:
    """A file on the app's machine with the interface of an upload."""

    path: Path
    name: str  # the path below the given folder
    size: int
    modified: int = 0  # ns since 1970

    def getbuffer(self) -> memoryview:
        with self.path.open("rb") as file:
            return memoryview(file.read(LARGEST + 1))


@dataclass(frozen=True, eq=False)
class ZippedFile:
    """A file in a .zip with the interface of an upload; unpacked on demand, within its stated size."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size(self) -> int:
        return self.info.file_size

    def getbuffer(self) -> memoryview:
        try:
            with self.archive.open(self.info) as file:
                return memoryview(file.read(LARGEST + 1))
        # exceptions of zipfile for damage, a password (RuntimeError) and unknown compression
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
            raise CorruptRecordError(_DAMAGED) from None
        except Exception as error:  # exceptions of zlib have no common parent class
            if type(error).__module__ in ("zlib", "_lzma", "bz2"):
                raise CorruptRecordError(_DAMAGED) from None
            raise


@dataclass(frozen=True, eq=False)
class RefusedFile:
    """A file that cannot be read, with the interface of an upload; reading it raises its ``sentence``."""

    name: str
    size: int
    sentence: str

    def getbuffer(self) -> memoryview:
        raise CorruptRecordError(self.sentence)


@dataclass(frozen=True, eq=False)
class Group:
    """The files of one record; ``stem`` is only for display."""

    stem: str
    files: tuple[Upload, ...] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def read(self, uploads: Path) -> ECGRecord:
        """The record that the files make up.

        Raises:
            RecordError: one sentence says what is wrong.
        """
        paths = [file.path for file in self.files if isinstance(file, FolderFile)]
        if len(paths) < len(self.files):
            return read_upload(self.files, uploads)
        if self.size > LARGEST:
            raise UnsupportedRecordError(f"These files are larger than {LARGEST // 2**20} MB.")
        return read_record(paths)


def grouped(files: Sequence[Upload], any_number: bool = False) -> list[Group]:
    """The records that ``files`` make up, in the order of their names, without hidden files.

    More than ``MOST_FILES`` are refused, or with ``any_number`` none.

    Raises:
        RecordError: they are too many.
    """
    files = [file for file in files if not _is_hidden(file.name)]
    _refuse_too_many(0 if any_number else len(files))
    together: dict[str, list[Upload]] = {}
    owner = _owners(files)
    for file in files:
        together.setdefault(owner[_stem(file.name)], []).append(file)
    return [Group(display_name(stem), _of_record(members)) for stem, members in sorted(together.items())]


def unzipped(upload: Upload) -> list[Upload]:
    """The files in an uploaded .zip.

    Raises:
        RecordError: it is damaged, or unpacks to more than the limit.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(upload.getbuffer()))
        inside = [info for info in archive.infolist() if not info.is_dir()]
    # exceptions of zipfile for a list of files that is cut off, disordered or of an unknown kind
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise CorruptRecordError("This .zip is damaged. Pack it again, or drop its files.") from None
    _refuse_too_many(len(inside))
    if sum(info.file_size for info in inside) > LARGEST_ARCHIVE:
        raise UnsupportedRecordError(
            f"This .zip unpacks to more than {LARGEST_ARCHIVE // 2**30} GB. Add its records in several parts."
        )
    return [ZippedFile(archive, info) for info in inside]


def unpacked(files: Iterable[Upload]) -> list[Upload]:
    """``files`` with each .zip replaced by its files, or by a ``RefusedFile`` if it cannot be unpacked."""
    result: list[Upload] = []
    for file in files:
        try:
            result += unzipped(file) if PurePosixPath(file.name).suffix.lower() == ZIP else [file]
        except RecordError as error:
            result.append(RefusedFile(file.name, file.size, str(error)))
    return result


def in_folder(folder: str, any_number: bool = False) -> list[Upload]:
    """All files in a folder on this machine and below it; links are not followed.

    More than ``MOST_FILES`` are refused, or with ``any_number`` none.

    Raises:
        RecordError: there is no such folder, it cannot be read, or holds too many files.
    """
    try:
        top = Path(folder.strip()).expanduser()
        if not folder.strip() or not top.is_dir():
            raise RecordError(_NO_FOLDER)
        return _below(top, any_number)
    except (
        OSError,
        RuntimeError,
    ) as error:  # an unknown ~user, a path too long, files that were deleted meanwhile
        raise RecordError(_NO_FOLDER) from error


def _below(top: Path, any_number: bool) -> list[Upload]:
    files: list[Upload] = []
    for place, folders, names in os.walk(top, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink() and is_file(path):
                state = path.stat()
                name = path.relative_to(top).as_posix()
                files.append(FolderFile(path, name, state.st_size, state.st_mtime_ns))
        _refuse_too_many(0 if any_number else len(files))
    return files


def _refuse_too_many(n_files: int) -> None:
    if n_files > MOST_FILES:
        raise UnsupportedRecordError(f"These are more than {MOST_FILES:,} files. Add them in several parts.")


def display_name(stem: str) -> str:
    """A file name for display: one short line of printable characters."""
    last = stem.replace("\\", "/").rpartition("/")[2]
    printable = "".join(letter for letter in last if letter.isprintable())
    return printable if len(printable) <= LONGEST_NAME else f"{printable[: LONGEST_NAME - 1]}…"


def _is_hidden(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.name or path.name.startswith(".") or "__MACOSX" in path.parts


def _stem(name: str) -> str:
    """The path without suffix below the drop's top, without parts that lead upwards; "" without a name."""
    path = PurePosixPath(name.replace("\\", "/"))
    path = path.with_suffix("") if path.name else path
    return "/".join(part for part in path.parts if part != ".." and part.strip("/"))


def _of_record(files: Sequence[Upload]) -> tuple[Upload, ...]:
    """The header and signal files of a record, without other files such as annotations."""
    parts = [file for file in files if _suffix(file) == HEADER or _suffix(file) in SIGNAL_FILES]
    has_header = any(_suffix(file) == HEADER for file in parts)
    return tuple(parts if has_header else files)


def _suffix(file: Upload) -> str:
    return PurePosixPath(file.name).suffix.lower()


def _owners(files: Sequence[Upload]) -> dict[str, str]:
    """The stem of the record of each stem: its own, or that of the header which names its file."""
    stems = {_stem(file.name) for file in files}
    owner = {stem: stem for stem in stems}
    for file in files:
        if _suffix(file) == HEADER:
            for named in _named_in(file, stems):
                _join(owner, _stem(file.name), named)
    return {stem: _root(owner, stem) for stem in stems}


def _named_in(header: Upload, stems: set[str]) -> list[str]:
    """Other stems whose files this header names, a signal file or a part on each line."""
    if header.size > LARGEST_HEADER:
        return []
    own = _stem(header.name)
    folder = own.rpartition("/")[0]
    try:
        text = bytes(header.getbuffer()).decode("latin-1")
    except (RecordError, OSError):
        return []  # reading the record later raises the error
    lines = [line.split() for line in text.splitlines()[1:] if not line.startswith("#")]
    named = {f"{folder}/{stem}".lstrip("/") for line in lines if line and (stem := _stem(line[0]))}
    return sorted((named & stems) - {own})


def _join(owner: dict[str, str], header: str, named: str) -> None:
    first, other = _root(owner, header), _root(owner, named)
    if first != other:
        owner[other] = first


def _root(owner: dict[str, str], stem: str) -> str:
    while owner[stem] != stem:
        owner[stem] = owner[owner[stem]]
        stem = owner[stem]
    return stem
