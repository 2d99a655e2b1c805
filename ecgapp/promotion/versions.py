"""The versions of each model on this machine: the one in use, and those to which one can roll back.

A version is a card: the same weights with other thresholds are another version.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.models import ModelCard, installed_models, object_path
from ecgapp.promotion.history import Action, History, HistoryEntry

SHIPPED = "shipped"


@dataclass(frozen=True)
class Version:
    """One version of a model.

    ``entry`` is the history entry by which it last came into use, None for a shipped model that was never
    changed and for one copied here by hand. ``frees`` are the bytes that its deletion would free; 0 if
    another version has the same files, and for the shipped one, which stays. ``sha256`` is that of the
    weights, ``digest`` that of the card: versions may share the first, never the second.
    """

    name: str
    sha256: str
    digest: str
    card: ModelCard | None  # None: written by another version of the app, so it cannot be used
    entry: HistoryEntry | None
    shipped: bool
    in_use: bool
    frees: int

    @property
    def origin(self) -> str:
        """The origin of the version: "shipped", or the action of its history entry."""
        if self.shipped:
            return SHIPPED
        return self.entry.action if self.entry is not None else Action.FOUND


def model_names(settings: Settings) -> tuple[str, ...]:
    """The names of all models that this machine has or had."""
    recorded = {entry.name for entry in History(settings).entries()}
    installed = installed_models([settings.weights, settings.shipped_weights])
    return tuple(sorted(recorded | set(installed)))


def versions(name: str, settings: Settings) -> tuple[Version, ...]:
    """The versions that are in use or can be used again: the one in use first, then the newest.

    Raises:
        StorageError: the history cannot be read.
    """
    entries = History(settings).entries()
    own = installed_models([settings.weights]).get(name)
    shipped = installed_models([settings.shipped_weights]).get(name)
    known = [_stored(entry, entries, own, settings) for entry in _newest(entries) if entry.name == name]
    if own is not None and not any(version.in_use for version in known):
        known.append(Version(name, own.sha256, own.digest, own, None, False, True, 0))
    if shipped is not None:
        back = _return_to(shipped, entries)
        known.append(Version(name, shipped.sha256, shipped.digest, shipped, back, True, own is None, 0))
    return tuple(sorted(known, key=lambda version: not version.in_use))


def in_use(name: str, settings: Settings) -> Version | None:
    """The version that the app uses under this name, or None.

    Raises:
        StorageError: the history cannot be read.
    """
    return next((version for version in versions(name, settings) if version.in_use), None)


def files_of_its_own(entry: HistoryEntry, settings: Settings) -> tuple[Path, ...]:
    """The files that only this entry's version uses.

    Raises:
        StorageError: the history cannot be read.
    """
    return _files_of_its_own(entry, History(settings).entries(), settings)


def _stored(
    entry: HistoryEntry, entries: tuple[HistoryEntry, ...], own: ModelCard | None, settings: Settings
) -> Version:
    card = entry.read_card()
    used = own is not None and own == card
    frees = 0 if used else sum(path.stat().st_size for path in _files_of_its_own(entry, entries, settings))
    return Version(entry.name, entry.sha256, _digest(entry), card, entry, False, used, frees)


def _return_to(shipped: ModelCard, entries: Iterable[HistoryEntry]) -> HistoryEntry | None:
    """The newest entry of the shipped model's name, if it brought the shipped model back into use."""
    changes = (entry for entry in entries if entry.name == shipped.name and entry.action != Action.DELETED)
    last = next(changes, None)
    return last if last is not None and last.sha256 == shipped.sha256 and not last.installed else None


def _digest(entry: HistoryEntry) -> str:
    """The sha256 of the entry's card, which another version of the app may have written."""
    return hashlib.sha256(entry.card.encode()).hexdigest()


def _newest(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """The newest entry that installed each version, without versions that were deleted since."""
    newest: dict[tuple[str, str], HistoryEntry] = {}
    for entry in entries:
        if entry.installed or entry.action == Action.DELETED:
            newest.setdefault((entry.name, _digest(entry)), entry)
    return [entry for entry in newest.values() if entry.action != Action.DELETED]


def _files_of_its_own(
    entry: HistoryEntry, entries: tuple[HistoryEntry, ...], settings: Settings
) -> tuple[Path, ...]:
    others = [other for other in _newest(entries) if (other.name, other.card) != (entry.name, entry.card)]
    needed = {digest for other in others for digest in (other.sha256, other.predictions_sha256)}
    for card in installed_models([settings.weights]).values():
        needed |= {card.sha256, card.predictions_sha256}
    mine = {entry.sha256, entry.predictions_sha256} - needed - {""}
    paths = [object_path(settings.weights, digest) for digest in sorted(mine)]
    return tuple(path for path in paths if path.is_file())
