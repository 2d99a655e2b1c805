"""ECGs that somebody asked to be kept on this machine, exactly as they were read, under no name."""

from ecgapp.archive.archive import Archive

__all__ = ["Archive"]
