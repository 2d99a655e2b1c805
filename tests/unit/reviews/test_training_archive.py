"""Worklist and readers share one archive: neither deletes what the other needs, nor leaves what none does."""

import threading

import pytest
from dataset_sources import ecg

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import fingerprint
from ecgapp.records.archive import Archive
from ecgapp.reviews import keep_for_training, keep_no_longer, kept_for_training
from ecgapp.worklist import Worklist

RECORDS = [ecg(seed) for seed in range(2)]
KEYS = [fingerprint(record) for record in RECORDS]


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path)


def meanwhile(monkeypatch, act):
    """Let another thread ``act`` while samples are about to be deleted, and give it time; the threads."""
    delete, threads = Archive.delete, []

    def later(self, key):
        threads.append(threading.Thread(target=act))
        threads[-1].start()
        threads[-1].join(0.3)
        return delete(self, key)

    monkeypatch.setattr(Archive, "delete", later)
    return threads


def listed(settings):
    return {item.key: item.number for item in Worklist(settings).items()}


def test_an_ecg_that_is_dropped_while_a_reader_lets_it_go_has_its_samples(settings, monkeypatch):
    keep_for_training(RECORDS[0], "AB", settings)
    threads = meanwhile(monkeypatch, lambda: Worklist(settings).add(RECORDS[0], 1, 0, "tiny_nine"))
    keep_no_longer(KEYS[0], "AB", settings)
    threads[0].join()
    assert set(listed(settings)) == set(Archive(settings).keys()) == {KEYS[0]}


def test_an_ecg_that_a_reader_keeps_while_its_line_is_deleted_has_its_samples(settings, monkeypatch):
    number, _ = Worklist(settings).add(RECORDS[0], 1, 0, "tiny_nine")
    threads = meanwhile(monkeypatch, lambda: keep_for_training(RECORDS[0], "AB", settings))
    Worklist(settings).delete([number], lambda: kept_for_training(settings))
    threads[0].join()
    assert set(kept_for_training(settings)) == set(Archive(settings).keys()) == {KEYS[0]}


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

    def deleted_first(self, record, number):
        worklist.delete([number])
        keep(self, record, number)

    monkeypatch.setattr(Worklist, "_keep", deleted_first)
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


def test_what_a_kill_left_of_samples_is_removed_and_nothing_else(settings):
    worklist = Worklist(settings)
    worklist.add(RECORDS[0], 1, 0, "tiny_nine")
    left = settings.archive / f".{KEYS[1]}.ecg.safetensors.x7.unfinished"
    left.write_bytes(b"half an ECG")
    worklist.settle()
    assert not left.exists()
    assert set(Archive(settings).keys()) == {KEYS[0]}
