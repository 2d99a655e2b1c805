"""Reviews of ECGs by readers: answers, signatures, an audit trail, and labels for training."""

from ecgapp.reviews.audit import EVENT_NAMES, audit_csv, event_description
from ecgapp.reviews.label_export import export_reviews, packed_reviews
from ecgapp.reviews.review import Read, Review, Status, fold, unconfirmed_beside_normal
from ecgapp.reviews.review_events import (
    LONGEST_COMMENT,
    LONGEST_NAME,
    LONGEST_STATEMENT,
    MOST_STATEMENTS,
    EventKind,
    KeptCaliper,
    ReviewAnswer,
    ReviewEvent,
    Stamp,
    State,
    stamp,
)
from ecgapp.reviews.review_journal import Journal
from ecgapp.reviews.review_words import against, beside_normal, changes, in_a_row, moment, present
from ecgapp.reviews.session_mode import ReadingMode, choose_reading_mode, reading_mode
from ecgapp.reviews.stated import as_stored, stated_in_full, stated_with_code
from ecgapp.reviews.training_archive import keep_for_training, keep_no_longer, kept_for_training

__all__ = [
    "EVENT_NAMES",
    "LONGEST_COMMENT",
    "LONGEST_NAME",
    "LONGEST_STATEMENT",
    "MOST_STATEMENTS",
    "EventKind",
    "Journal",
    "KeptCaliper",
    "Read",
    "ReadingMode",
    "Review",
    "ReviewAnswer",
    "ReviewEvent",
    "Stamp",
    "State",
    "Status",
    "against",
    "as_stored",
    "audit_csv",
    "beside_normal",
    "changes",
    "choose_reading_mode",
    "event_description",
    "export_reviews",
    "fold",
    "in_a_row",
    "keep_for_training",
    "keep_no_longer",
    "kept_for_training",
    "moment",
    "packed_reviews",
    "present",
    "reading_mode",
    "stamp",
    "stated_in_full",
    "stated_with_code",
    "unconfirmed_beside_normal",
]
