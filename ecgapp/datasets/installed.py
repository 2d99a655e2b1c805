"""The imported data sets of an installation: found by name, opened, deleted."""

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
        DatasetError: there is none, or it is damaged.
    """
    known = name in store_names(settings)
    return DatasetStore.open(settings.stores / name if known else Path(name))


def store_path(name: str, settings: Settings) -> Path:
    """Where the data set called ``name`` is, or will be.

    Raises:
        DatasetError: the name could lead elsewhere, or is no name.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError("Name the data set with up to 64 letters, digits, dots, dashes or underscores.")
    return settings.stores / name


def store_names(settings: Settings) -> tuple[str, ...]:
    """The imported data sets, sorted."""
    found = settings.stores.glob(f"*/{MANIFEST}")
    return tuple(sorted(path.parent.name for path in found if not path.parent.name.startswith(".")))


def delete_store(name: str, settings: Settings) -> None:
    """Remove the data set called ``name``; it is gone at once, also if the removal is interrupted.

    Raises:
        DatasetError: there is none.
    """
    if name not in store_names(settings):
        raise DatasetError("There is no data set of this name.")
    hidden = settings.stores / f"{DELETING}{secrets.token_hex(8)}"
    (settings.stores / name).rename(hidden)
    sweep(settings.stores)


def sweep(folder: Path) -> None:
    """Finish what an interrupted deletion left in ``folder``."""
    for left in folder.glob(f"{DELETING}*"):
        shutil.rmtree(left, ignore_errors=True)
