"""An ECG that a reader keeps for training, or keeps no longer, in an archive that the worklist shares.

Both happen while the worklist is locked, so that neither deletes samples which the other begins to need.
"""

from collections.abc import Collection

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.records.archive import Archive
from ecgapp.reviews.review_events import Event, Kind
from ecgapp.reviews.review_journal import Journal
from ecgapp.worklist import Worklist


def keep_for_training(record: ECGRecord, reader: str, settings: Settings) -> None:
    """Keep ``record`` because ``reader`` wants it; what is kept stands in the journal first.

    Raises:
        ReviewError: nobody wants it.
        ArchiveError: the samples cannot be written; the journal says that they are not kept.
        StorageError: the journal or the worklist cannot be written.
    """
    key = fingerprint(record)
    wanted, no_longer = (Event(key, kind, reader) for kind in (Kind.KEPT, Kind.FORGOTTEN))
    journal = Journal(settings)
    with Worklist(settings).alone():
        journal.add(wanted)
        try:
            Archive(settings).keep(record)
        except ArchiveError:
            journal.add(no_longer)
            raise


def keep_no_longer(key: str, reader: str, settings: Settings) -> None:
    """Delete the kept samples, unless their ECG is on the worklist; the journal says so afterwards.

    Raises:
        ReviewError: nobody wants it.
        ArchiveError: they cannot be deleted; the journal says that they are kept.
        StorageError: the journal or the worklist cannot be read or written.
    """
    event, worklist = Event(key, Kind.FORGOTTEN, reader), Worklist(settings)
    with worklist.alone():
        if key not in worklist:
            Archive(settings).delete(key)
        Journal(settings).add(event)


def kept_for_training(settings: Settings) -> Collection[str]:
    """The keys of all ECGs that readers keep.

    Raises:
        StorageError: the journal cannot be read.
    """
    return {review.record for review in Journal(settings).reviews() if review.kept}
