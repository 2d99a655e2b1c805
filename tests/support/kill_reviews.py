"""Writes a review's events while it is killed 30 times; prints what came of it as JSON."""

import json
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from killing import Tell, Victim

from ecgapp.config import Settings
from ecgapp.reviews import EventKind, Journal, ReviewEvent

KILLS, RECORD = 30, "a" * 64


def life(tell: Tell, journal: Journal, number: int) -> None:
    """A reader who adds comments without end; a line on the pipe means that the comment is stored."""
    while True:
        number += 1
        journal.add(ReviewEvent(RECORD, EventKind.COMMENTED, "AB", comment=str(number)))
        tell(str(number))


def intact(journal: Journal) -> bool:
    """Whether SQLite's integrity check finds no fault in the whole file."""
    with closing(sqlite3.connect(journal.database.path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def main(folder: Path) -> None:
    """Kill, look, and go on."""
    rng, journal = random.Random(5), Journal(Settings(folder))
    lost = damaged = 0
    for _ in range(KILLS):
        written = len(journal.events())
        writer = Victim(lambda tell, at=written: life(tell, journal, at))
        writer.listen(20, lambda line: True)
        writer.listen(rng.uniform(0, 0.15))
        writer.kill()
        damaged += not intact(journal)
        comments = [comment.text for comment in journal.review(RECORD).comments]
        lost += comments != [str(number + 1) for number in range(len(comments))]
        lost += len(comments) < int(writer.told[-1])
    print(json.dumps({"kills": KILLS, "lost": lost, "damaged": damaged, "events": len(journal.events())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
