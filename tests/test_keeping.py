"""Worklist and readers share one archive: neither deletes what the other needs, nor leaves what none does."""

import random
import threading
import time

import pytest
from dataset_sources import ecg

from ecgapp.archive import Archive
from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import fingerprint
from ecgapp.reviews import Journal, keep_for_training, keep_no_longer, kept_for_training
from ecgapp.worklist import Worklist

RECORDS = [ecg(seed) for seed in range(2)]
KEYS = [fingerprint(record) for record in RECORDS]


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path)


@pytest.fixture
def slow_disk(monkeypatch):
    """Time enough for the others before each file is written or deleted."""

    def slowed(act):
        def later(*arguments):
            time.sleep(0.003)
            return act(*arguments)

        return later

    for name in ("keep", "delete"):
        monkeypatch.setattr(Archive, name, slowed(getattr(Archive, name)))


def listed(settings):
    return {item.key: item.number for item in Worklist(settings).items()}


def test_whoever_keeps_and_deletes_at_once_samples_are_there_just_where_they_are_needed(settings, slow_disk):
    def use(seed):
        draw, worklist = random.Random(seed), Worklist(settings)
        for _ in range(12):
            record = draw.choice(RECORDS)
            key = fingerprint(record)
            act = draw.randrange(4)
            if act == 0:
                worklist.add(record, 1, 0, "tiny_nine")
            elif act == 1:
                numbers = [item.number for item in worklist.items() if item.key == key]
                worklist.delete(numbers, lambda: kept_for_training(settings))
            elif act == 2:
                keep_for_training(record, "AB", settings)
            else:
                keep_no_longer(key, "AB", settings)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Journal(settings).events()) > 10
    assert set(Archive(settings).keys()) == set(listed(settings)) | set(kept_for_training(settings))


def test_what_is_on_the_worklist_outlives_a_reader_who_keeps_it_no_longer(settings):
    Worklist(settings).add(RECORDS[0], 1, 0, "tiny_nine")
    keep_for_training(RECORDS[0], "AB", settings)
    keep_no_longer(KEYS[0], "AB", settings)
    assert set(Archive(settings).keys()) == {KEYS[0]}
    assert not kept_for_training(settings)


def test_what_readers_keep_outlives_its_line_on_the_worklist(settings):
    number, _ = Worklist(settings).add(RECORDS[0], 1, 0, "tiny_nine")
    keep_for_training(RECORDS[0], "AB", settings)
    assert Worklist(settings).delete([number], lambda: kept_for_training(settings)) == 0
    assert set(Archive(settings).keys()) == {KEYS[0]}
    keep_no_longer(KEYS[0], "AB", settings)
    assert not set(Archive(settings).keys())


def test_what_is_deleted_while_it_arrives_leaves_no_samples(settings, monkeypatch):
    worklist, keep = Worklist(settings), Worklist._keep

    def meanwhile(self, record, number):
        worklist.delete([number])
        keep(self, record, number)

    monkeypatch.setattr(Worklist, "_keep", meanwhile)
    worklist.add(RECORDS[0], 1, 0, "tiny_nine")
    assert not worklist.items()
    assert not set(Archive(settings).keys())


def test_samples_that_cannot_be_deleted_stay_listed_and_kept(settings, monkeypatch):
    number, _ = Worklist(settings).add(RECORDS[0], 1, 0, "tiny_nine")
    keep_for_training(RECORDS[1], "AB", settings)

    def refuse(self, key):
        raise ArchiveError("no right")

    monkeypatch.setattr(Archive, "delete", refuse)
    with pytest.raises(ArchiveError):
        Worklist(settings).delete([number])
    with pytest.raises(ArchiveError):
        keep_no_longer(KEYS[1], "AB", settings)
    assert listed(settings) == {KEYS[0]: number}
    assert set(kept_for_training(settings)) == {KEYS[1]}


def test_what_a_full_disk_does_not_take_is_not_said_to_be_kept(settings, monkeypatch):
    def full(self, record):
        raise ArchiveError("full")

    monkeypatch.setattr(Archive, "keep", full)
    with pytest.raises(ArchiveError):
        keep_for_training(RECORDS[0], "AB", settings)
    assert not kept_for_training(settings)
