"""Readers' own statements: what is stored, and how it is shown, exported and printed."""

import csv
import io

import pytest
from review_events import RECORD, P, answers, event, numbered

from ecgapp.report.signatures import statement
from ecgapp.reviews import (
    EventKind,
    as_stored,
    audit_csv,
    event_description,
    fold,
    stated_in_full,
    stated_with_code,
)
from ecgapp.tasks.statement_vocabulary import vocabulary

STATED = ("LAFB", "STEMI", "held by hand")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("LAFB", "LAFB"),
        (" left  anterior hemiblock", "LAFB"),
        ("snomed:445118002", "LAFB"),
        ("a fib", "AFIB"),
        ("held  by hand ", "held by hand"),
        ("LVH: voltage", "LVH: voltage"),
    ],
)
def test_a_known_statement_is_stored_by_its_key_and_other_text_as_typed(typed, stored):
    assert as_stored(typed) == stored
    assert as_stored(stored) == stored


def test_every_key_is_stored_as_itself_and_fits_into_the_journal():
    for key in vocabulary():
        assert as_stored(key) == key
        assert event(EventKind.EDITED, answers=answers(AF=P), statements=(key,)).statements == (key,)


def test_a_stored_statement_is_shown_with_its_name_and_its_code():
    assert stated_in_full("LAFB") == "LAFB (left anterior fascicular block)"
    assert stated_with_code("LAFB") == "LAFB (left anterior fascicular block, SNOMED:445118002)"
    assert stated_with_code("STEMI") == "STEMI (ST-elevation myocardial infarction)"
    assert stated_with_code("held by hand") == stated_in_full("held by hand") == "held by hand"


def test_text_that_an_earlier_version_kept_is_shown_as_it_was_typed():
    assert stated_with_code("old infarct") == "old infarct"


def test_the_trail_names_statements_with_their_codes():
    edited = event(EventKind.EDITED, answers=answers(AF=P), statements=STATED)
    assert event_description(edited).startswith("LAFB (left anterior fascicular block); STEMI (")
    (row,) = csv.DictReader(io.StringIO(audit_csv([edited])))
    assert row["statements"] == (
        "LAFB (left anterior fascicular block, SNOMED:445118002); "
        "STEMI (ST-elevation myocardial infarction); held by hand"
    )


def test_the_report_names_statements_with_their_codes():
    review = fold(RECORD, numbered(event(EventKind.EDITED, answers=answers(AF=P), statements=STATED)))
    assert (
        "Present: AF, LAFB (left anterior fascicular block, SNOMED:445118002), "
        "STEMI (ST-elevation myocardial infarction), held by hand." in statement(review)
    )
