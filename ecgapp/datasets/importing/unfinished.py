"""An import is written to a hidden folder beside its destination and renamed when complete.

After an interruption the folder stays, so that the import can be resumed.
"""

import hashlib
import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets.importing.read_part import Form
from ecgapp.datasets.installed import DELETING, sweep
from ecgapp.datasets.manifest import MANIFEST, VERSION, read_manifest
from ecgapp.errors import ConfigError
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically
from ecgapp.storage.lock import claimed, is_claimed

PART_RECORDS = 1000
PLAN = "import.json"
_PREFIX = ".importing-"
_BUSY = "This import is under way already. Cancel it first."


@dataclass(frozen=True)
class Plan:
    """The plan of an import: its source, layout and options, enough to resume it."""

    name: str
    layout: str
    source: str
    n_records: int
    sampling_rate: float | None = None
    leads: tuple[str, ...] | None = None
    state: str = ""  # changes when a record or a source file changes


@dataclass(frozen=True)
class Unfinished:
    """An import that was interrupted: ``n_done`` of its records are kept in ``n_bytes`` on disk."""

    folder: Path
    plan: Plan
    n_done: int
    n_bytes: int


def import_folder(destination: Path, plan: Plan, form: Form) -> Path:
    """The folder of an import.

    It depends on the plan but not on the source's content: changed sources are detected part by part, from
    the part's JSON file.
    """
    choices = f"{VERSION} {PART_RECORDS} {replace(plan, state='')} {form}"
    digest = hashlib.sha256(choices.encode()).hexdigest()
    return destination.parent / f"{_PREFIX}{digest[:16]}-{destination.name}"


def complete_or_reopen(folder: Path, plan: Plan) -> bool:
    """Whether the import is complete and only the rename is missing.

    If the source has changed since, delete the manifest, so that the import is resumed, and return False.
    """
    if not (folder / MANIFEST).is_file():
        return False
    if not (folder / PLAN).exists() or (folder / PLAN).read_text("utf-8") == documents.dump(plan):
        return True
    (folder / MANIFEST).unlink()
    return False


def prepare(folder: Path, plan: Plan) -> None:
    """Make the folder of an import, or clear an interrupted one of parts that are not complete."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob("part-*-*"):
        shutil.rmtree(left, ignore_errors=True)
    write_atomically(folder / PLAN, documents.dump(plan).encode())


def publish(folder: Path, destination: Path) -> None:
    """Delete everything the manifest does not list, then rename the folder to its destination."""
    manifest = read_manifest((folder / MANIFEST).read_text("utf-8"))
    named = {MANIFEST, PLAN, *(name for name, _ in manifest.checksums())}
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in named:
            path.unlink()
    (folder / PLAN).unlink(missing_ok=True)  # last: until here it says what the parts were read from
    if destination.exists():
        destination.rmdir()  # it is empty, else the import would have been refused
    folder.rename(destination)
    for other in _folders_of(destination):
        _remove(other)


def keep_or_remove(folder: Path) -> None:
    """Keep the folder of an interrupted import if it has a complete part, else remove it."""
    if not any(folder.glob("part-*.json")):
        shutil.rmtree(folder, ignore_errors=True)


def unfinished_imports(settings: Settings) -> tuple[Unfinished, ...]:
    """Every import that was interrupted and can go on, by name; those under way are left out."""
    described = [_read_unfinished(folder) for folder in sorted(settings.stores.glob(f"{_PREFIX}*"))]
    waiting = [item for item in described if item and not is_claimed(settings.stores / item.plan.name)]
    return tuple(sorted(waiting, key=lambda item: item.plan.name))


def discard(unfinished: Unfinished) -> None:
    """Remove an interrupted import for good.

    Raises:
        LockedError: it is under way again.
    """
    destination = unfinished.folder.parent / unfinished.plan.name
    with claimed(destination, _BUSY):
        if unfinished.folder.exists():
            _remove(unfinished.folder)


def _read_unfinished(folder: Path) -> Unfinished | None:
    try:
        plan = documents.load(Plan, (folder / PLAN).read_text("utf-8"))
        n_parts = len(list(folder.glob("part-*.json")))
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
    except (OSError, ConfigError, ValueError):  # it was published or removed just now
        return None
    return Unfinished(folder, plan, min(n_parts * PART_RECORDS, plan.n_records), n_bytes)


def _folders_of(destination: Path) -> list[Path]:
    """The folders of all imports into this name, whatever their plans."""
    start = len(_PREFIX) + 17
    return [
        path
        for path in destination.parent.glob(f"{_PREFIX}*")
        if path.name[start:] == destination.name and path.is_dir()
    ]


def _remove(folder: Path) -> None:
    folder.rename(folder.parent / f"{DELETING}{secrets.token_hex(8)}")
    sweep(folder.parent)
