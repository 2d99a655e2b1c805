"""The folders of an installation, read from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DISCLAIMER = "Research software, not a medical device."


@dataclass(frozen=True)
class Settings:
    """The folders of one installation; ``home`` contains everything that changes."""

    home: Path
    shipped_weights: Path = PROJECT / "weights"

    @classmethod
    def from_environment(cls) -> "Settings":
        """The settings with ``ECGAPP_HOME`` as home if it is set, else ``~/.ecgapp``."""
        return cls(Path(os.environ.get("ECGAPP_HOME") or Path.home() / ".ecgapp").expanduser())

    @property
    def stores(self) -> Path:
        """Imported dataset stores, one folder each."""
        return self.home / "stores"

    @property
    def runs(self) -> Path:
        """The run database, and a folder for each run."""
        return self.home / "runs"

    @property
    def experiments(self) -> Path:
        """The experiments with their results, one folder each."""
        return self.home / "experiments"

    @property
    def weights(self) -> Path:
        """Models promoted on this machine; they take precedence over shipped ones of the same name."""
        return self.home / "weights"

    @property
    def image_weights(self) -> Path:
        """Weights of image networks that the user supplies, for experiments."""
        return self.home / "image_weights"

    @property
    def uploads(self) -> Path:
        """Private staging folder of uploads; emptied as soon as a record is read."""
        return self.home / "uploads"

    @property
    def archive(self) -> Path:
        """ECGs stored for training or for the worklist, by their fingerprint."""
        return self.home / "archive"

    @property
    def worklist(self) -> Path:
        """The list of dropped ECGs, without names, and its scorers' log."""
        return self.home / "worklist"
