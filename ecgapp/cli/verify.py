"""The command ``verify``: compares every file of a data set with its checksum."""

import sys
from argparse import Namespace

from ecgapp.config import Settings
from ecgapp.datasets import open_store


def verify(arguments: Namespace, settings: Settings) -> int:
    """Compare all files of a data set with their checksums; the exit code is 0 if they agree.

    Raises:
        DatasetError: there is no such data set, or a file has changed since the import.
    """
    store = open_store(arguments.store, settings)
    store.verify()
    n_files = len(store.manifest.shards) + len(store.manifest.index)
    sys.stdout.write(f"Intact: {len(store):,} records in {n_files:,} files agree with their checksums.\n")
    return 0
