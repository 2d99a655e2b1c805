"""The installation's setting whether sessions begin in read-first mode."""

from dataclasses import dataclass

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ReviewError
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

_FILE = "reading.json"


@dataclass(frozen=True)
class ReadingMode:
    """The mode in which a session begins.

    ``read_first``: the model's output is hidden until the reader has committed a read.
    """

    read_first: bool = False


def reading_mode(settings: Settings) -> ReadingMode:
    """The mode of this installation; not read-first if it was never set, or cannot be read."""
    try:
        return documents.load(ReadingMode, (settings.home / _FILE).read_text(encoding="utf-8"))
    except (OSError, ConfigError, UnicodeError):
        return ReadingMode()


def choose_reading_mode(mode: ReadingMode, settings: Settings) -> None:
    """Set the mode for new sessions.

    Raises:
        ReviewError: it cannot be written.
    """
    try:
        write_atomically(settings.home / _FILE, documents.dump(mode).encode())
    except OSError as error:
        raise ReviewError("The choice cannot be kept. Check that the disk is not full.") from error
