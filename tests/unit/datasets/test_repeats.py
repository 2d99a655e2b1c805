"""Signals that are there twice are found, however many records there are and in whatever order."""

import tracemalloc

import numpy as np
import pytest

from ecgapp.datasets.importing import repeats
from ecgapp.datasets.importing.repeats import owners_of


def owners(digests, piece, folder):
    digests = np.asarray(digests, np.uint64)
    pieces = (digests[begin : begin + piece] for begin in range(0, len(digests), piece))
    with owners_of(pieces, len(digests), folder) as found:
        return [row for begin in range(0, len(digests), 3) for row in found.of(begin, begin + 3).tolist()]


@pytest.mark.parametrize("bucket", [1, 4, 1000])
@pytest.mark.parametrize("piece", [1, 7, 100])
def test_each_record_belongs_to_the_first_of_its_signal(bucket, piece, tmp_path, monkeypatch):
    monkeypatch.setattr(repeats, "BUCKET", bucket)
    digests = np.random.default_rng(0).integers(20, size=50) << 60 | 7
    assert owners(digests, piece, tmp_path) == [digests.tolist().index(one) for one in digests.tolist()]


def test_records_that_are_all_different_own_themselves_and_nothing_is_left_on_the_disk(tmp_path):
    assert owners(range(10), 4, tmp_path) == list(range(10))
    assert list(tmp_path.iterdir()) == []


def test_no_record_has_no_owner(tmp_path):
    assert owners([], 4, tmp_path) == []


def test_ten_times_the_records_take_no_more_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(repeats, "BUCKET", 10_000)

    def peak(n):
        rng = np.random.default_rng(0)
        tracemalloc.start()
        pieces = (rng.integers(1 << 63, size=1000, dtype=np.uint64) for _ in range(n // 1000))
        with owners_of(pieces, n, tmp_path) as found:
            found.of(n - 1000, n)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(200_000) < 1.5 * peak(20_000)
