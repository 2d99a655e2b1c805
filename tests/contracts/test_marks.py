"""The rhythm marks in docs/recipes/marks: they can be read, cover what they say, and fit an older marking."""

import csv
from itertools import pairwise

import numpy as np
import pytest

from benchmarks import draw_strips
from benchmarks.marks import FOLDER, random_windows
from ecgapp.datasets.rhythm_marks import (
    VENTRICULAR,
    MarkedSpan,
    RhythmRecording,
    read_spans,
    share_of,
)
from ecgapp.records import ECGRecord, SyntheticConfig, synthesise, write_wfdb

RECORDS = 13
LENGTH = 508.928  # seconds, of each cudb record


def marks_of(name):
    """The marks of one file by record."""
    return read_spans(FOLDER / f"{name}.csv")


def rows_of(name):
    """The rows of one file, with the columns that the package does not read."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_marks_of_cudb_cover_each_record_from_its_first_to_its_last_second_without_gaps():
    marks = marks_of("cudb")
    assert len(marks) == RECORDS
    for found in marks.values():
        assert found[0].start == 0.0
        assert found[-1].end == LENGTH
        assert all(first.end == second.start for first, second in pairwise(found))


def test_marks_of_cudb_that_follow_each_other_differ_in_rhythm_or_note():
    for one, other in pairwise(rows_of("cudb")):
        assert [one[name] for name in ("record", "rhythm", "note")] != [
            other[name] for name in ("record", "rhythm", "note")
        ]


@pytest.mark.parametrize("name", ["cudb", "mitdb", "twelve_lead"])
def test_every_mark_lasts_some_time_and_some_are_ventricular(name):
    marks = [mark for found in marks_of(name).values() for mark in found]
    assert {mark.rhythm for mark in marks} & VENTRICULAR
    assert all(0.0 <= mark.start < mark.end for mark in marks)


@pytest.mark.parametrize("name", ["mitdb", "twelve_lead"])
def test_marks_of_one_record_do_not_overlap(name):
    for found in marks_of(name).values():
        assert all(first.end <= second.start for first, second in pairwise(found))


def test_rates_and_widths_of_twelve_lead_records_are_those_of_hearts():
    rows = rows_of("twelve_lead")
    assert all(30 <= int(row["rate"]) <= 300 for row in rows if row["rate"])
    assert all(50 <= int(row["qrs_ms"]) <= 250 for row in rows if row["qrs_ms"])


def test_the_random_windows_in_the_folder_are_those_that_the_seed_draws():
    stored = rows_of("cudb_random")
    drawn = random_windows(marks_of("cudb"))
    assert len(drawn) == len(stored) == 10 * RECORDS
    for row, (record, start, end, rhythm, share) in zip(stored, drawn, strict=True):
        assert (row["record"], row["rhythm"]) == (record, rhythm)
        assert (float(row["start_s"]), float(row["end_s"])) == pytest.approx((start, end))
        assert float(row["share"]) == pytest.approx(share, abs=0.006)


def test_a_window_over_a_change_is_shared_between_both_rhythms():
    spans = [
        MarkedSpan(0, 6, "organised"),
        MarkedSpan(6, 8, "flutter"),
        MarkedSpan(8, 20, "fibrillation"),
    ]
    shares = [share_of(spans, 0, 10, {rhythm}) for rhythm in ("organised", "flutter", "fibrillation")]
    assert shares == pytest.approx([0.6, 0.2, 0.2])
    assert share_of(spans, 0, 10, VENTRICULAR) == pytest.approx(0.4)
    assert share_of(spans, 15, 25) == pytest.approx(0.5)


def test_time_without_a_mark_counts_as_the_rhythm_of_the_rest_of_the_recording():
    record = ECGRecord("r", np.zeros((1, 2500), np.float32), 250.0, ("ECG",))
    recording = RhythmRecording("mitdb/r", record, (MarkedSpan(0, 4, "flutter"),), "organised")
    assert recording.share(0, 10, frozenset({"organised"})) == pytest.approx(0.6)
    assert recording.share(0, 10, VENTRICULAR) == pytest.approx(0.4)


def test_the_marks_agree_with_all_windows_that_came_with_the_database(real_data):
    marks = marks_of("cudb")
    with (real_data / "cudb" / "segments.csv").open(encoding="utf-8") as file:
        windows = list(csv.DictReader(file))
    for window in windows:
        times = int(window["first_sample"]) / 250, int(window["end_sample"]) / 250
        share = share_of(marks[window["record"]], *times, VENTRICULAR)
        where = f"{window['record']} at {times[0]:.0f} s"
        assert share >= 0.75 if window["rhythm"] == "ventricular" else share == 0.0, where
    assert len(windows) == 59


def test_marks_lie_within_their_twelve_lead_records(real_data):
    for record, found in marks_of("twelve_lead").items():
        header = (real_data / "challenge2021" / f"{record}.hea").read_text(encoding="utf-8").split()
        assert found[-1].end <= int(header[3]) / float(header[2]) + 0.01, record


def test_a_page_of_strips_is_drawn_of_each_part_of_a_record(tmp_path):
    made = synthesise(SyntheticConfig(duration=10.0))
    write_wfdb(made.record, tmp_path, "made")
    words = ["--data", str(tmp_path), "--out", str(tmp_path / "pages"), "--row", "1"]
    assert draw_strips.main(words) == 0
    assert [page.name for page in sorted((tmp_path / "pages").iterdir())] == [
        "made_0000.00s_1s.png",
        "made_0008.00s_1s.png",
    ]
