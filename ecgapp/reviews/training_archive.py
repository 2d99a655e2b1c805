"""Storing and deleting ECGs that readers keep for training, in an archive shared with the worklist.

Both happen while the worklist is locked, so that neither deletes samples which the other begins to need.
"""

from collections.abc import Collection

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.records.archive import Archive
from ecgapp.reviews.review_events import EventKind, ReviewEvent
from ecgapp.reviews.review_journal import Journal
from ecgapp.worklist import Worklist


def keep_for_training(record: ECGRecord, reader: str, settings: Settings) -> None:
    """Store ``record`` for training on behalf of ``reader``, after an entry in the journal.

    Raises:
        ReviewError: the reader has no name.
        ArchiveError: the samples cannot be written; the journal records that they are not kept.
        StorageError: the journal or the worklist cannot be written.
    """
    key = fingerprint(record)
    wanted, no_longer = (ReviewEvent(key, kind, reader) for kind in (EventKind.KEPT, EventKind.FORGOTTEN))
    journal = Journal(settings)
    with Worklist(settings).alone():
        journal.add(wanted)
        try:
            Archive(settings).keep(record)
        except ArchiveError:
            journal.add(no_longer)
            raise


def keep_no_longer(key: str, reader: str, settings: Settings) -> None:
    """Delete the samples of an ECG kept for training, unless it is on the worklist; then record it.

    Raises:
        ReviewError: the reader has no name.
        ArchiveError: they cannot be deleted; the journal records that they are kept.
        StorageError: the journal or the worklist cannot be read or written.
    """
    event, worklist = ReviewEvent(key, EventKind.FORGOTTEN, reader), Worklist(settings)
    with worklist.alone():
        if key not in worklist:
            Archive(settings).delete(key)
        Journal(settings).add(event)


def kept_for_training(settings: Settings) -> Collection[str]:
    """The fingerprints of all ECGs that readers keep for training.

    Raises:
        StorageError: the journal cannot be read.
    """
    return {review.record for review in Journal(settings).reviews() if review.kept}
