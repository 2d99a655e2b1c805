"""Checkpoints: whatever happens to the last one, an intact one is found, or a sentence says why not."""

import errno
import hashlib
import os
import stat
from dataclasses import replace

import pytest
import torch
from small_training import PRETRAINING, Recorder

from ecgapp import training
from ecgapp.errors import TrainingError
from ecgapp.storage import files
from ecgapp.training.loop.checkpoint import BEFORE, CHECKPOINT, load_checkpoint, save_checkpoint


@pytest.fixture
def two(tmp_path):
    """A folder with the checkpoints of steps 1 and 2."""
    for step in (1, 2):
        save_checkpoint(tmp_path, "x", {"step": step, "weights": torch.full((64,), float(step))})
    return tmp_path


def step_in(folder) -> int:
    return load_checkpoint(folder, "x")["step"]


def cut(path, n: int) -> None:
    path.write_bytes(path.read_bytes()[:n])


def flip(path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_checkpoint_is_read_as_it_was_written(two):
    state = load_checkpoint(two, "x")
    assert state["step"] == 2
    assert torch.equal(state["weights"], torch.full((64,), 2.0))


def test_a_folder_without_a_checkpoint_has_none(tmp_path):
    assert load_checkpoint(tmp_path, "x") is None


def test_a_cut_checkpoint_gives_way_to_the_one_before_wherever_it_was_cut(two):
    whole = (two / CHECKPOINT).read_bytes()
    before = (two / BEFORE).read_bytes()
    for n in [0, 1, 63, 64, 65, *range(100, len(whole), 97), len(whole) - 1]:
        (two / CHECKPOINT).write_bytes(whole[:n])
        (two / BEFORE).write_bytes(before)
        told = []
        assert load_checkpoint(two, "x", told.append)["step"] == 1, n
        assert told == ["The last checkpoint is damaged. The one before it is intact."]


def test_any_flipped_bit_is_found(two):
    whole = (two / CHECKPOINT).read_bytes()
    before = (two / BEFORE).read_bytes()
    for place in range(0, len(whole), 41):
        (two / BEFORE).write_bytes(before)
        flip(two / CHECKPOINT, place)
        assert step_in(two) == 1, place
        (two / CHECKPOINT).write_bytes(whole)


def test_a_checkpoint_that_was_not_quite_renamed_is_found_without_a_word(two):
    (two / CHECKPOINT).rename(two / BEFORE)
    told = []
    assert load_checkpoint(two, "x", told.append)["step"] == 2
    assert told == []


def test_after_damage_the_intact_one_is_kept_until_the_next_is_written(two):
    cut(two / CHECKPOINT, 500)
    assert step_in(two) == 1
    save_checkpoint(two, "x", {"step": 3})
    cut(two / CHECKPOINT, 500)
    assert step_in(two) == 1


def test_where_both_are_damaged_a_sentence_says_so_and_nothing_is_removed(two):
    cut(two / CHECKPOINT, 500)
    flip(two / BEFORE, 500)
    with pytest.raises(TrainingError, match="not readable"):
        load_checkpoint(two, "x")
    assert sorted(path.name for path in two.iterdir()) == [BEFORE, CHECKPOINT]


def test_a_bad_sector_counts_as_damage_and_a_missing_right_does_not(two, monkeypatch):
    read, error = type(two).read_bytes, OSError(errno.EIO, "a bad sector")

    def fail(path):
        if path.name == CHECKPOINT:
            raise error
        return read(path)

    monkeypatch.setattr(type(two), "read_bytes", fail)
    assert step_in(two) == 1
    error = PermissionError(errno.EACCES, "not yours")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_checkpoint(two, "x")


def test_no_code_in_a_checkpoint_is_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"format": 2, "identity": "x", "state": Bomb()}, tmp_path / CHECKPOINT)
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content + hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(TrainingError, match="not readable"):
        load_checkpoint(tmp_path, "x")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "Free space"), (errno.EDQUOT, "Free space"), (errno.EROFS, "may write")],
)
@pytest.mark.parametrize("call", ["fsync", "fdopen"])
def test_a_checkpoint_that_cannot_be_written_leaves_those_before(two, monkeypatch, number, advice, call):
    def fail(*_):
        raise OSError(number, "/home/someone")

    monkeypatch.setattr(files.os, call, fail)
    with pytest.raises(TrainingError, match=advice) as told:
        save_checkpoint(two, "x", {"step": 3})
    assert "/" not in str(told.value)
    assert step_in(two) == 2
    assert sorted(path.name for path in two.iterdir()) == [BEFORE, CHECKPOINT]


def test_a_drive_that_cannot_sync_folders_still_keeps_checkpoints(two, monkeypatch):
    sync = os.fsync

    def files_only(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", files_only)
    save_checkpoint(two, "x", {"step": 3})
    assert step_in(two) == 3


def test_a_checkpoint_is_its_owner_s_alone(two):
    assert {stat.S_IMODE(path.stat().st_mode) for path in two.iterdir()} == {0o600}


def test_what_kills_left_of_unfinished_files_is_removed_when_the_training_goes_on(settings, tmp_path):
    left = [tmp_path / f".{CHECKPOINT}.a1b2.unfinished", tmp_path / "result" / ".small.json.x.unfinished"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    training.train(replace(PRETRAINING, epochs=1), Recorder(), tmp_path, settings)
    assert not any(path.exists() for path in left)


def test_a_training_without_an_intact_checkpoint_is_refused_in_a_sentence(settings, tmp_path):
    with pytest.raises(training.Stopped):
        training.train(PRETRAINING, Recorder(2), tmp_path, settings)
    cut(tmp_path / CHECKPOINT, 1000)
    with pytest.raises(TrainingError, match="not readable"):
        training.train(PRETRAINING, Recorder(), tmp_path, settings)
