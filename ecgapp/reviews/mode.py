"""Whether an installation begins every session with reading first, as its administrator chose."""

from dataclasses import dataclass

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ReviewError
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

_FILE = "reading.json"


@dataclass(frozen=True)
class ReadingMode:
    """``read_first``: the model's output stays away until the reader has committed a read."""

    read_first: bool = False


def reading_mode(settings: Settings) -> ReadingMode:
    """That of this installation; without read-first where nobody chose, or the choice cannot be read."""
    try:
        return documents.load(ReadingMode, (settings.home / _FILE).read_text(encoding="utf-8"))
    except (OSError, ConfigError, UnicodeError):
        return ReadingMode()


def choose_reading_mode(mode: ReadingMode, settings: Settings) -> None:
    """Let new sessions begin so.

    Raises:
        ReviewError: it cannot be written.
    """
    try:
        write_atomically(settings.home / _FILE, documents.dump(mode).encode())
    except OSError as error:
        raise ReviewError("The choice cannot be kept. Check that the disk is not full.") from error
