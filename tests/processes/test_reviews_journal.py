"""The journal of reviews: append-only, one change at a time, and nothing that was acknowledged is lost."""

import csv
import io
import json
import sqlite3
import sys
import threading
from contextlib import closing

import pytest
from killing import report_of
from review_events import CONFIRMED, EDITED, MODEL, OTHER, RECORD, SIGNED, A, P, answers, event

from ecgapp.config import Settings
from ecgapp.errors import ReviewError, StorageError
from ecgapp.reviews import (
    EventKind,
    Journal,
    KeptCaliper,
    ReadingMode,
    ReviewEvent,
    audit_csv,
    choose_reading_mode,
    event_description,
    fold,
    reading_mode,
)

CALIPER = KeptCaliper("RR", "II", 1.0, 1.8, -0.1, 0.9, None, None, "none, as recorded")


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path)


@pytest.fixture
def journal(settings):
    return Journal(settings)


def test_an_event_comes_back_as_it_was_said_with_number_time_and_the_models_hashes(journal, settings):
    said = event(EventKind.EDITED, answers=answers(AF=A), statements=("LVH",), comment='ä; "b"', since=3.0)
    kept = journal.add(said)
    (found,) = Journal(settings).events(RECORD)
    assert found == kept
    assert (found.number, found.model) == (1, MODEL)
    assert found.at > 1e9
    assert (found.answers, found.statements, found.comment) == (said.answers, said.statements, said.comment)


def test_an_event_written_before_readers_could_leave_classes_open_is_read_as_it_was_said(journal):
    """Then every class below its threshold was absent, and nothing told of labels beside a normal one."""
    journal.add(CONFIRMED)
    with closing(sqlite3.connect(journal.database.path)) as connection:
        (content,) = connection.execute("SELECT content FROM events").fetchone()
        older = json.loads(content)
        del older["beside_normal"]
        older["answers"] += [{**older["answers"][0], "label": "PVC", "state": "absent", "probability": 0.1}]
        connection.execute(
            "INSERT INTO events SELECT 2, record, time, kind, author, model, task, card_sha256, "
            "weights_sha256, ? FROM events",
            (json.dumps(older),),
        )
        connection.commit()
    found = journal.review(RECORD)
    assert found.beside_normal == ()
    assert found.answer("nine_class", "PVC").state is A


def test_the_trail_tells_that_a_reader_meant_normal_and_another_label(journal):
    both = ("Normal", "AF")
    journal.add(event(EventKind.EDITED, answers=answers(Normal=P, AF=P), beside_normal=both))
    (told,) = journal.events(RECORD)
    assert told.beside_normal == both
    assert "confirmed together: Normal, AF" in event_description(told)
    (row,) = csv.DictReader(io.StringIO(audit_csv([told])))
    assert row["confirmed beside normal"] == "Normal, AF"


def test_calipers_without_known_heights_come_back(journal):
    journal.add(event(EventKind.CALIPERS, calipers=(CALIPER,)))
    assert journal.review(RECORD).calipers == (CALIPER,)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET author = 'x'",
        "UPDATE events SET content = '{}'",
        "DELETE FROM events",
        "REPLACE INTO events SELECT * FROM events",
    ],
)
def test_what_was_said_can_be_neither_changed_nor_deleted(journal, change):
    journal.add(CONFIRMED)
    before = journal.events()
    with closing(sqlite3.connect(journal.database.path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(change)
    with pytest.raises(StorageError), journal.database.write() as connection:
        connection.execute("DELETE FROM events")
    assert journal.events() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_what_readers_wrote_is_for_nobody_else_on_the_machine(journal, settings):
    settings.home.chmod(0o755)
    with journal.database.write() as connection:
        connection.execute("SELECT 1")
        files = [path for path in settings.home.iterdir() if path.is_file()]
        assert {path.stat().st_mode & 0o077 for path in files} == {0}
        assert len(files) == 3  # with the log and its index


def test_each_record_has_a_review_of_its_own(journal):
    journal.add(CONFIRMED)
    journal.add(event(EventKind.EDITED, record=OTHER, answers=answers(AF=A)))
    assert [review.record for review in journal.reviews()] == [RECORD, OTHER]
    assert journal.reviews() == (journal.review(RECORD), journal.review(OTHER))
    assert journal.review("f" * 64) == fold("f" * 64, [])


def test_the_second_of_two_tabs_is_told_that_the_review_moved_on_and_nothing_is_kept(journal):
    seen = journal.review(RECORD).version
    journal.add(CONFIRMED, seen)
    with pytest.raises(ReviewError, match="changed since your page was drawn: confirmed by AB"):
        journal.add(EDITED, seen)
    assert len(journal.events()) == 1
    journal.add(EDITED, journal.review(RECORD).version)
    assert journal.review(RECORD).words.startswith("edited by CD")


def test_a_page_that_is_newer_than_the_list_is_told_so_too(journal):
    with pytest.raises(ReviewError, match=r"changed since your page was drawn\. Your entries were not saved"):
        journal.add(EDITED, seen=7)


def test_looking_at_an_ecg_does_not_hinder_another_reader(journal):
    seen = journal.add(CONFIRMED).number
    journal.add(event(EventKind.OPENED, ""))
    journal.add(event(EventKind.SHOWN, answers=answers(AF=P)))
    journal.add(EDITED, seen)
    kinds = [told.kind for told in journal.events(EDITED.record)]
    assert kinds == [CONFIRMED.kind, EventKind.OPENED, EventKind.SHOWN, EDITED.kind]


def test_of_many_who_decide_at_once_exactly_one_succeeds(journal):
    journal.add(event(EventKind.COMMENTED, comment="x"))
    seen, refused = journal.review(RECORD).version, []

    def decide(number):
        try:
            journal.add(event(EventKind.EDITED, f"R{number}", answers=answers(AF=A)), seen)
        except ReviewError:
            refused.append(number)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert len(journal.events()) == 2


def test_what_cannot_happen_is_not_kept(journal):
    with pytest.raises(ReviewError, match="before you sign"):
        journal.add(SIGNED)
    assert journal.events() == ()


def test_times_never_run_backwards(journal, monkeypatch):
    journal.add(CONFIRMED)
    monkeypatch.setattr("time.time", lambda: 5.0)
    later = journal.add(SIGNED)
    assert later.at == journal.events()[0].at


def test_the_audit_trail_tells_every_event_with_the_models_hashes_and_holds_no_formulas(journal):
    journal.add(EDITED)
    journal.add(event(EventKind.COMMENTED, comment="=HYPERLINK(1)"))
    journal.add(event(EventKind.CALIPERS, calipers=(CALIPER,)))
    rows = list(csv.DictReader(io.StringIO(audit_csv(journal.events()))))
    assert [row["what"] for row in rows] == ["edited", "commented", "calipers kept"]
    assert rows[0]["against the model"] == "rejected AF, added PVC"
    assert rows[0]["answers"] == "AF absent (0.9000/0.5000); PVC present (0.1000/0.5000)"
    assert (rows[0]["card sha256"], rows[0]["weights sha256"]) == (MODEL.digest, MODEL.sha256)
    assert rows[1]["comment"] == "'=HYPERLINK(1)"
    assert "RR II 1.000-1.800 s" in rows[2]["calipers"]


def test_an_administrator_can_let_sessions_begin_with_reading_first(settings):
    assert not reading_mode(settings).read_first
    choose_reading_mode(ReadingMode(read_first=True), settings)
    assert reading_mode(settings).read_first
    (settings.home / "reading.json").write_text("nonsense")
    assert not reading_mode(settings).read_first


def test_only_an_opening_may_be_nobodys():
    assert ReviewEvent(RECORD, EventKind.OPENED, "").by == ""


def test_a_writer_that_is_killed_thirty_times_loses_nothing_that_was_acknowledged(tmp_path):
    report = report_of("kill_reviews.py", tmp_path)
    assert report["kills"] == 30
    assert report["events"] > 30
    assert (report["lost"], report["damaged"]) == (0, 0)
