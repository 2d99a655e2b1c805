"""The imported data sets of an installation: their names, opening, deletion."""

import re
import secrets
import shutil
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets.manifest import MANIFEST
from ecgapp.datasets.store import DatasetStore
from ecgapp.errors import DatasetError

DELETING = ".deleting-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def open_store(name: str, settings: Settings) -> DatasetStore:
    """The data set called ``name`` under ``settings.stores``, or the one at the path ``name``.

    Raises:
        DatasetError: there is no such data set, or it is damaged.
    """
    known = name in store_names(settings)
    return DatasetStore.open(settings.stores / name if known else Path(name))


def store_path(name: str, settings: Settings) -> Path:
    """The folder of the data set called ``name``, whether it exists or not.

    Raises:
        DatasetError: the name is invalid or leads to another folder.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError("Name the data set with up to 64 letters, digits, dots, dashes or underscores.")
    return settings.stores / name


def store_names(settings: Settings) -> tuple[str, ...]:
    """The names of the imported data sets, sorted."""
    manifests = settings.stores.glob(f"*/{MANIFEST}")
    return tuple(sorted(path.parent.name for path in manifests if not path.parent.name.startswith(".")))


def delete_store(name: str, settings: Settings) -> None:
    """Delete the data set called ``name``; it disappears at once even if the deletion is interrupted.

    Raises:
        DatasetError: there is no such data set.
    """
    if name not in store_names(settings):
        raise DatasetError("There is no data set of this name.")
    hidden = settings.stores / f"{DELETING}{secrets.token_hex(8)}"
    (settings.stores / name).rename(hidden)
    sweep(settings.stores)


def sweep(folder: Path) -> None:
    """Complete interrupted deletions in ``folder``."""
    for left in folder.glob(f"{DELETING}*"):
        shutil.rmtree(left, ignore_errors=True)
