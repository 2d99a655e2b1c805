"""The JSON file of settings that a command of training or fitting is given."""

from pathlib import Path
from typing import TypeVar

from ecgapp.errors import ConfigError
from ecgapp.storage import documents

T = TypeVar("T")


def read_settings(cls: type[T], path: Path, what: str = "training") -> T:
    """The config in the file ``path``; ``what`` is set by it, for the sentence of an error.

    Raises:
        ConfigError: there is no such file, or it holds no such config.
    """
    try:
        return documents.load(cls, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The {what}'s settings cannot be read. Name a JSON file.") from error
