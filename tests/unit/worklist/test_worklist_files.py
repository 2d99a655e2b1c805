"""Many dropped files become the records that they are, whatever they are called and however many."""

import io
import random
import zipfile
from dataclasses import dataclass, replace

import numpy as np
import pytest
from run_processes import until
from worklists import small_home

from ecgapp.errors import ArchiveError, RecordError
from ecgapp.records import SyntheticConfig, fingerprint, grouping, synthesise, write_wfdb
from ecgapp.records.grouping import display_name, grouped, in_folder, unpacked
from ecgapp.worklist import Worklist
from ecgapp.worklist import intake as worklist_intake
from ecgapp.worklist.intake import Intake


@dataclass(frozen=True)
class File:
    name: str
    content: bytes

    @property
    def size(self):
        return len(self.content)

    def getbuffer(self):
        return memoryview(self.content)


@pytest.fixture
def settings(tmp_path):
    return small_home(tmp_path / "home")


@pytest.fixture(autouse=True)
def nothing_is_scored(monkeypatch):
    monkeypatch.setattr(worklist_intake, "start_scoring", lambda settings: None)


def ecg(seed=0):
    record = synthesise(SyntheticConfig(duration=4.0)).record
    noise = np.random.default_rng(seed).normal(0, 0.02, record.signal.shape).astype(np.float32)
    return replace(record, signal=record.signal + noise, derived=frozenset())


def files_of(folder, name, seed=0):
    folder.mkdir(exist_ok=True, parents=True)
    return [File(path.name, path.read_bytes()) for path in write_wfdb(ecg(seed), folder, name)]


def taken(settings, files):
    """The intake after it has read all ``files``."""
    intake = Intake(settings)
    intake.add(grouped(unpacked(files)), "tiny_nine")
    until(lambda: not intake.under_way)
    return intake


def zipped(files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(file.name, file.content)
    return File("many.zip", content.getvalue())


def everything_on_disk(settings):
    paths = [path for path in settings.home.rglob("*") if settings.weights not in path.parents]
    return " ".join(map(str, paths)).encode() + b"".join(
        path.read_bytes() for path in paths if path.is_file()
    )


def test_headers_and_signals_in_any_order_are_grouped_into_records(settings, tmp_path):
    files = [file for k in range(8) for file in files_of(tmp_path / "made", f"r{k}", k)]
    random.Random(0).shuffle(files)
    intake = taken(settings, files)
    assert (intake.listed, intake.unreadable) == (8, 0)
    assert [intake.names[k + 1] for k in range(8)] == [f"r{k}" for k in range(8)]


def test_a_record_is_the_same_from_files_a_zip_and_a_folder(settings, tmp_path):
    files = files_of(tmp_path / "made", "r1")
    keys = []
    for drop in (files, [zipped(files)], in_folder(str(tmp_path / "made"))):
        (group,) = grouped(unpacked(drop))
        keys.append(fingerprint(group.read(settings.uploads)))
    assert len(set(keys)) == 1


def test_a_header_brings_the_signal_file_that_it_names_whatever_its_stem(settings, tmp_path):
    header, signal = files_of(tmp_path / "made", "r1")
    moved = [replace(header, name="other.hea"), signal]
    assert [group.stem for group in grouped(moved)] == ["other"]
    assert taken(settings, moved).listed == 1


def test_records_of_one_name_in_two_folders_stay_two(settings, tmp_path):
    files = []
    for k in range(2):
        files += [replace(f, name=f"ward{k}/{f.name}") for f in files_of(tmp_path / f"made{k}", "r1", k)]
    assert taken(settings, files).listed == 2


def test_what_lies_beside_a_record_is_no_record(settings, tmp_path):
    files = [*files_of(tmp_path / "made", "r1"), File("r1.atr", b"x"), File(".DS_Store", b"x")]
    files.append(File("__MACOSX/._r1.hea", b"x"))
    intake = taken(settings, files)
    assert (intake.total, intake.listed) == (1, 1)


def test_half_pairs_and_other_files_are_listed_with_their_sentence_and_the_rest_goes_on(settings, tmp_path):
    made = tmp_path / "made"
    files = [
        files_of(made, "a", 1)[0],
        files_of(made, "b", 2)[1],
        *files_of(made, "c", 3),
        File("d.jpg", b"x"),
    ]
    intake = taken(settings, files)
    said = {intake.names[item.number]: item.outcome.sentence for item in Worklist(settings).items()}
    assert "signal file is missing" in said["a"]
    assert "header is missing" in said["b"]
    assert said["c"] == ""
    assert "not read here" in said["d"]


def test_the_same_ecg_twice_is_listed_once_and_counted(settings, tmp_path):
    files = [*files_of(tmp_path / "made", "first", 1), *files_of(tmp_path / "made", "again", 1)]
    intake = taken(settings, files)
    assert (intake.listed, intake.twice) == (1, 1)
    assert len(Worklist(settings).items()) == 1


def test_a_header_that_claims_two_billion_samples_is_refused_at_once(settings):
    intake = taken(
        settings, [File("x.hea", b"x 12 500 2000000000\nx.dat 16 1000/mV 16 0 0 0 0 I\n"), File("x.dat", b"")]
    )
    (item,) = Worklist(settings).items()
    assert (intake.unreadable, item.stored_bytes) == (1, 0)


HOSTILE = [
    "../../Mueller_Hans",
    "..\\..\\Mueller_Hans",
    "/etc/Mueller_Hans",
    "Mueller<script>",
    "=Mueller()",
    "Mueller\n\u202e",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_reach_neither_the_disk_nor_another_line_of_the_screen(settings, tmp_path, name):
    files = [replace(file, name=f"{name}{file.name[1:]}") for file in files_of(tmp_path / "made", "r")]
    intake = taken(settings, [*files, File(f"{name}2.txt", b"no ECG")])
    assert intake.listed == 1
    assert b"Mueller" not in everything_on_disk(settings)
    assert all(shown.isprintable() and "/" not in shown for shown in intake.names.values())
    assert not list((settings.home / "uploads").iterdir())


@pytest.mark.parametrize("word", ["\\", "/", "\\\\", ".\\.", "..", "../..", "//x", "~", "."])
def test_a_header_may_name_any_file_without_breaking_the_drop(word):
    header = File("r.hea", f"r 1 500 10\n{word} 16 200\n".encode())
    assert [group.stem for group in grouped([header, File("r.dat", b"")])] == ["r"]


def test_names_of_nothing_but_dots_and_slashes_are_left_aside():
    assert grouped([File(name, b"") for name in ("", "..", "/", "...", "a/..", "\\")]) == []


def test_a_long_name_is_cut():
    assert len(display_name("x" * 500)) == grouping.LONGEST_NAME


def test_a_zip_that_unpacks_to_too_much_is_refused_unopened(settings, monkeypatch):
    monkeypatch.setattr(grouping, "LARGEST_ARCHIVE", 1000)
    intake = taken(settings, [zipped([File("x.dat", b"0" * 2000)])])
    (item,) = Worklist(settings).items()
    assert intake.unreadable == 1
    assert "unpacks to more" in item.outcome.sentence


def test_a_damaged_zip_says_so_and_the_other_files_go_on(settings, tmp_path):
    good = zipped(files_of(tmp_path / "made", "inside", 1))
    spoiled = bytearray(good.content)
    spoiled[60:200] = b"\xff" * 140
    drop = [
        File("cut.zip", good.content[:100]),
        File("spoiled.zip", bytes(spoiled)),
        *files_of(tmp_path / "made", "r", 2),
    ]
    intake = taken(settings, drop)
    assert intake.listed == 1
    assert intake.unreadable == 2
    assert all("zip" in item.outcome.sentence for item in Worklist(settings).items() if not item.key)


def test_too_many_files_are_refused_before_one_is_read(monkeypatch):
    monkeypatch.setattr(grouping, "MOST_FILES", 3)
    with pytest.raises(RecordError, match="in several parts"):
        grouped([File(f"{k}.dat", b"") for k in range(4)])


def test_a_folder_is_read_with_what_is_below_it_and_no_link_is_followed(tmp_path):
    files_of(tmp_path / "drop" / "deep", "r1")
    (tmp_path / "drop" / "link.hea").symlink_to("/etc/passwd")
    (tmp_path / "drop" / "away").symlink_to(tmp_path)
    assert [group.stem for group in grouped(in_folder(str(tmp_path / "drop")))] == ["r1"]
    for wrong in ("", "  ", str(tmp_path / "none"), "~nobody-of-this-name/x", "x" * 5000, "\0"):
        with pytest.raises(RecordError, match="no such folder"):
            in_folder(wrong)


def test_a_full_disk_ends_the_intake_with_a_sentence_and_a_count(settings, tmp_path, monkeypatch):
    kept = []

    def keep(archive, record):
        if len(kept) == 2:
            raise ArchiveError("The disk is full.")
        kept.append(record)

    monkeypatch.setattr("ecgapp.records.archive.Archive.keep", keep)
    intake = taken(settings, [file for k in range(5) for file in files_of(tmp_path / "made", f"r{k}", k)])
    assert intake.problem == "The disk is full. Not taken: 3 of 5 records."
    assert len(Worklist(settings).items()) == 2


def test_an_intake_that_breaks_down_says_so_and_takes_the_next_drop(settings, tmp_path, monkeypatch):
    def broken(worklist, *arguments):
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as context:
        context.setattr(Worklist, "add", broken)
        intake = taken(settings, files_of(tmp_path / "made", "r"))
    assert "broke down" in intake.problem
    assert not intake.under_way
    intake.add(grouped(files_of(tmp_path / "made", "s", 1)), "tiny_nine")
    until(lambda: not intake.under_way)
    assert intake.listed == 1
