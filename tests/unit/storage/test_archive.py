"""The archive: an ECG comes back bit for bit, under no name, or a sentence says why not."""

import os
import stat
from dataclasses import replace

import numpy as np
import pytest

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import DEMOS, ECGRecord, complete_leads, fingerprint, synthesise
from ecgapp.records.archive import Archive


@pytest.fixture
def record() -> ECGRecord:
    return complete_leads(synthesise(next(iter(DEMOS.values()))).record)


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(Settings(tmp_path / "home"))


def test_a_kept_ecg_comes_back_bit_for_bit_with_all_that_is_known_of_it(archive, record):
    signal = record.signal.copy()
    signal[3, 7] = np.nan
    kept = replace(record, signal=signal, codes=("SNOMED:1",), warnings=("Calibration assumed.",))
    opened = archive.open(archive.keep(kept))
    assert opened.signal.tobytes() == signal.tobytes()
    for name in ("record_id", "sampling_rate", "leads", "derived", "codes", "warnings", "synthetic", "units"):
        assert getattr(opened, name) == getattr(kept, name)


def test_training_archive_twice_is_keeping_once_and_deleting_frees_what_it_took(archive, record):
    key = archive.keep(record)
    assert archive.keep(replace(record, record_id="another reading of the same file")) == key
    assert list(archive.keys()) == [key]
    assert key in archive
    assert archive.delete(key) > record.signal.nbytes
    assert key not in archive
    assert archive.delete(key) == 0


def test_an_ecg_is_known_by_samples_leads_rate_and_units_alone(record):
    key = fingerprint(record)
    assert fingerprint(replace(record, record_id="other", warnings=("x",), codes=("y",))) == key
    signal = record.signal.copy()
    signal[0, 0] += 0.001
    others = [
        replace(record, signal=signal),
        replace(record, sampling_rate=record.sampling_rate + 1),
        replace(record, units="z-score"),
        replace(record, leads=(*record.leads[:-1], "V7")),
    ]
    assert len({key, *map(fingerprint, others)}) == 5


def test_every_missing_sample_counts_the_same(record):
    first, second = record.signal.copy(), record.signal.copy()
    first[0, 0] = np.nan
    second[0, 0] = np.frombuffer(np.uint32(0x7FC00001).tobytes(), np.float32)[0]
    assert fingerprint(replace(record, signal=first)) == fingerprint(replace(record, signal=second))


def test_a_damaged_a_lost_and_an_impossible_key_are_told_in_a_sentence(archive, record, tmp_path):
    key = archive.keep(record)
    path = next((tmp_path / "home" / "archive").iterdir())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="damaged"):
        archive.open(key)
    path.write_bytes(b"nothing")
    with pytest.raises(ArchiveError, match="cannot be read"):
        archive.open(key)
    with pytest.raises(ArchiveError, match="no longer kept"):
        archive.open("0" * 64)
    with pytest.raises(ArchiveError, match="not the key"):
        archive.open("../../etc/passwd")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights in another way")
def test_only_its_owner_can_read_a_kept_ecg(archive, record, tmp_path):
    archive.keep(record)
    folder = tmp_path / "home" / "archive"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path, record):
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match="cannot be kept"):
        Archive(Settings(tmp_path / "home")).keep(record)
