"""``verify``: is a data set still what its import wrote? It reads every file."""

import sys
from argparse import Namespace

from ecgapp.config import Settings
from ecgapp.datasets import open_store


def verify(arguments: Namespace, settings: Settings) -> int:
    """Compare all files with their checksums; 0 if they agree.

    Raises:
        DatasetError: there is no such data set, or a file has changed since the import.
    """
    store = open_store(arguments.store, settings)
    store.verify()
    n_files = len(store.manifest.shards) + len(store.manifest.index)
    sys.stdout.write(f"Intact: {len(store):,} records in {n_files:,} files agree with their checksums.\n")
    return 0
