"""The versions of each model on this machine: which one is in use, and which ones can come back.

A version is a card: other thresholds on the same weights are another version.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.models import ModelCard, installed_models, object_path
from ecgapp.promotion.history import Action, History, Line

SHIPPED = "shipped"


@dataclass(frozen=True)
class Version:
    """One version of the model of a name.

    ``line`` tells how it last came into use, None for a shipped model that was never changed and for
    one copied here by hand. ``frees`` is what its deletion would free, in bytes; 0 where another
    version has the same files, and for the shipped one, which stays. ``sha256`` is that of the weights,
    ``digest`` that of the card: versions may share the first, never the second.
    """

    name: str
    sha256: str
    digest: str
    card: ModelCard | None  # None: written by another version of the app, so it cannot come back
    line: Line | None
    shipped: bool
    in_use: bool
    frees: int

    @property
    def origin(self) -> str:
        """How it came here: "shipped", or a line's action."""
        if self.shipped:
            return SHIPPED
        return self.line.action if self.line is not None else Action.FOUND


def model_names(settings: Settings) -> tuple[str, ...]:
    """Every name that has, or had, a model on this machine."""
    told = {line.name for line in History(settings).lines()}
    installed = installed_models([settings.weights, settings.shipped_weights])
    return tuple(sorted(told | set(installed)))


def versions(name: str, settings: Settings) -> tuple[Version, ...]:
    """Those that are in use or can come into use again: the one in use first, then the newest.

    Raises:
        StorageError: the history cannot be read.
    """
    lines = History(settings).lines()
    own = installed_models([settings.weights]).get(name)
    shipped = installed_models([settings.shipped_weights]).get(name)
    found = [_kept(line, lines, own, settings) for line in _newest(lines) if line.name == name]
    if own is not None and not any(version.in_use for version in found):
        found.append(Version(name, own.sha256, own.digest, own, None, False, True, 0))
    if shipped is not None:
        back = _return_to(shipped, lines)
        found.append(Version(name, shipped.sha256, shipped.digest, shipped, back, True, own is None, 0))
    return tuple(sorted(found, key=lambda version: not version.in_use))


def in_use(name: str, settings: Settings) -> Version | None:
    """The version that the review page uses, or None where there is none of this name.

    Raises:
        StorageError: the history cannot be read.
    """
    return next((version for version in versions(name, settings) if version.in_use), None)


def files_of_its_own(line: Line, settings: Settings) -> tuple[Path, ...]:
    """The files that no version uses but this line's.

    Raises:
        StorageError: the history cannot be read.
    """
    return _files_of_its_own(line, History(settings).lines(), settings)


def _kept(line: Line, lines: tuple[Line, ...], own: ModelCard | None, settings: Settings) -> Version:
    card = line.read_card()
    used = own is not None and own == card
    frees = 0 if used else sum(path.stat().st_size for path in _files_of_its_own(line, lines, settings))
    return Version(line.name, line.sha256, _digest(line), card, line, False, used, frees)


def _return_to(shipped: ModelCard, lines: Iterable[Line]) -> Line | None:
    """The newest line of the shipped model's name, where it is the one that brought it back."""
    changes = (line for line in lines if line.name == shipped.name and line.action != Action.DELETED)
    last = next(changes, None)
    return last if last is not None and last.sha256 == shipped.sha256 and not last.installed else None


def _digest(line: Line) -> str:
    """That of the line's card, which another version of the app may have written."""
    return hashlib.sha256(line.card.encode()).hexdigest()


def _newest(lines: Iterable[Line]) -> list[Line]:
    """The newest line that installed each version, of those that were not deleted since."""
    newest: dict[tuple[str, str], Line] = {}
    for line in lines:
        if line.installed or line.action == Action.DELETED:
            newest.setdefault((line.name, _digest(line)), line)
    return [line for line in newest.values() if line.action != Action.DELETED]


def _files_of_its_own(line: Line, lines: tuple[Line, ...], settings: Settings) -> tuple[Path, ...]:
    others = [other for other in _newest(lines) if (other.name, other.card) != (line.name, line.card)]
    needed = {digest for other in others for digest in (other.sha256, other.predictions_sha256)}
    for card in installed_models([settings.weights]).values():
        needed |= {card.sha256, card.predictions_sha256}
    mine = {line.sha256, line.predictions_sha256} - needed - {""}
    paths = [object_path(settings.weights, digest) for digest in sorted(mine)]
    return tuple(path for path in paths if path.is_file())
