"""Where things are on this machine, read from the environment once."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DISCLAIMER = "Research software, not a medical device."


@dataclass(frozen=True)
class Settings:
    """The folders of one installation; ``home`` holds everything that changes."""

    home: Path
    shipped_weights: Path = PROJECT / "weights"

    @classmethod
    def from_environment(cls) -> "Settings":
        """``ECGAPP_HOME`` if it is set, else ``~/.ecgapp``."""
        return cls(Path(os.environ.get("ECGAPP_HOME") or Path.home() / ".ecgapp").expanduser())

    @property
    def stores(self) -> Path:
        """Imported dataset stores, a folder each."""
        return self.home / "stores"

    @property
    def runs(self) -> Path:
        """The run database, and a folder for each run."""
        return self.home / "runs"

    @property
    def weights(self) -> Path:
        """Weights promoted on this machine; they stand before the shipped ones."""
        return self.home / "weights"

    @property
    def uploads(self) -> Path:
        """Private staging folder of uploads; emptied as soon as a record is read."""
        return self.home / "uploads"

    @property
    def archive(self) -> Path:
        """ECGs that somebody asked to be kept here, by their fingerprint."""
        return self.home / "archive"

    @property
    def worklist(self) -> Path:
        """The list of dropped ECGs, without names, and its scorers' log."""
        return self.home / "worklist"
