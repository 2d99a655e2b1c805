"""Bad files of every kind give one plain sentence, no patient data, and no large allocation."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from ecgapp import errors
from ecgapp.config import PROJECT
from ecgapp.records import ECGRecord, read_record, write_wfdb

PATIENT = "Smith-John-1950"


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    """The header and the signal file of a sound record, named after a patient."""
    signal = np.random.default_rng(0).normal(size=(12, 300)).astype(np.float32)
    return write_wfdb(ECGRecord("x", signal, 500.0), tmp_path, PATIENT)


def refusal(files, kind: type[errors.RecordError] = errors.RecordError) -> str:
    """The sentence with which ``files`` are refused; it says what to do, and nothing of the patient."""
    with pytest.raises(kind) as caught:
        read_record(files)
    message = str(caught.value)
    assert message.endswith(".")
    assert 1 <= message.count(". ") + 1 <= 2
    assert len(message) < 200
    assert not any(word in message for word in (PATIENT, "Smith", "tmp", "/", "Error"))
    assert caught.value.__cause__ is None
    return message


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_header_alone_is_incomplete(files):
    files[1].unlink()
    assert ".dat" in refusal([files[0]], errors.IncompleteRecordError)


@pytest.mark.parametrize("suffix", [".dat", ".mat", ".DAT"])
def test_a_signal_file_alone_is_incomplete(tmp_path, suffix):
    (tmp_path / f"{PATIENT}{suffix}").write_bytes(b"\0" * 100)
    assert ".hea" in refusal([tmp_path / f"{PATIENT}{suffix}"], errors.IncompleteRecordError)


def test_an_empty_drop_says_what_to_choose():
    assert ".hea" in refusal([], errors.IncompleteRecordError)


def test_files_that_are_not_there_are_refused(tmp_path):
    refusal([tmp_path / "x.hea", tmp_path / "x.dat"], errors.IncompleteRecordError)


def test_another_kind_of_file_is_unsupported(tmp_path):
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4")
    refusal([tmp_path / "x.pdf"], errors.UnsupportedRecordError)


def test_two_records_at_once_are_refused(tmp_path, files):
    other = write_wfdb(ECGRecord("x", np.zeros((1, 9), np.float32), 500.0, ("I",)), tmp_path, "other")
    assert "one record" in refusal([*files, *other], errors.UnsupportedRecordError)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n\n", b"# only a comment\n",
        b"Dear colleague,\nthank you for referring this patient.\n", b"<html></html>", b"hello", b"a b c d\n",
        b"PK\x03\x04 zip\0", b"\xff\xfe\x00x", b"x 1 500 10\n" + b"a" * 300_000,
        bytes(range(256)) * 8,
    ],
)  # fmt: skip
def test_a_header_that_is_empty_a_text_or_binary_is_refused(files, content):
    files[0].write_bytes(content)
    refusal(files, errors.CorruptRecordError)


def test_a_text_renamed_to_a_signal_file_is_refused(files):
    files[1].write_bytes(b"This is a discharge letter. " * 1000)
    refusal(files, errors.CorruptRecordError)


def test_an_empty_signal_file_is_refused(files):
    files[1].write_bytes(b"")
    assert "empty" in refusal(files, errors.CorruptRecordError)


@pytest.mark.parametrize("lost", [1, 24, 3600])
def test_a_signal_file_that_was_cut_off_is_refused(files, lost):
    files[1].write_bytes(files[1].read_bytes()[:-lost])
    assert "cut off" in refusal(files, errors.CorruptRecordError)


def test_every_change_of_a_single_byte_of_the_signal_is_noticed(files):
    sound = files[1].read_bytes()
    draw = np.random.default_rng(1)
    for place in draw.integers(0, len(sound), 60):
        damaged = bytearray(sound)
        damaged[place] ^= int(draw.integers(1, 256))
        files[1].write_bytes(damaged)
        assert "damaged" in refusal(files, errors.CorruptRecordError)


def test_a_wrong_checksum_names_the_lead(files):
    line = files[0].read_text().splitlines()[7]
    fields = line.split()
    fields[6] = str((int(fields[6]) + 1) % 65536)
    edit(files[0], line, " ".join(fields))
    assert "lead V1" in refusal(files, errors.CorruptRecordError)


def test_a_wrong_first_sample_is_told_where_the_checksum_vouches_and_refused_where_none_does(files):
    lines = [line.split() for line in files[0].read_text().splitlines()]
    for fields in lines[1:3]:
        fields[5] = str(int(fields[5]) + 1)
    files[0].write_text("\n".join(map(" ".join, lines)))
    assert "first sample" in read_record(files).warnings[0]
    for fields in lines[1:]:
        fields[6] = "0"
    files[0].write_text("\n".join(map(" ".join, lines)))
    refusal(files, errors.CorruptRecordError)


@pytest.mark.parametrize("rate", ["0", "-500", "nan", "inf", "1e300", "0.001", "500Hz", "0/0", "1_000"])
def test_an_impossible_sampling_rate_is_refused(files, rate):
    edit(files[0], " 500 ", f" {rate} ")
    refusal(files, errors.CorruptRecordError)


def test_a_header_without_a_sampling_rate_is_refused(files):
    edit(files[0], " 500 300\n", "\n")
    assert "sampling rate" in refusal(files, errors.CorruptRecordError)


@pytest.mark.parametrize("gain", ["0", "-1000", "nan", "1e999", "1.2.3", "0.0", "1e-300"])
def test_an_impossible_gain_is_refused(files, gain):
    edit(files[0], " 1000(0)/mV", f" {gain}(0)/mV")
    refusal(files, errors.CorruptRecordError)


@pytest.mark.parametrize("unit", ["mmHg", "NU", "m", "Ohm"])
def test_a_standard_lead_that_is_no_voltage_is_refused_by_name(files, unit):
    edit(files[0], "(0)/mV", f"(0)/{unit}")
    assert "lead I " in refusal(files, errors.UnknownUnitError)


def test_a_lead_named_twice_is_refused(files):
    edit(files[0], " V1", " V2")
    assert "V2 twice" in refusal(files, errors.CorruptRecordError)


def test_fewer_than_twelve_leads_are_still_a_record(tmp_path):
    record = ECGRecord("x", np.ones((2, 50), np.float32), 500.0, ("II", "V5"))
    assert read_record(write_wfdb(record, tmp_path, "x")).leads == ("II", "V5")


BOMBS = {
    "two billion signals": "x 2000000000 500 10\nx.dat 16\n",
    "many signals": "x 256 500 1000000\n" + "x.dat 16 100/mV\n" * 256,
    "a hundred billion samples": "x 1 500 100000000000\nx.dat 16 100/mV\n",
    "a hundred million samples per frame": "x 1 500 10\nx.dat 16x100000000 100/mV\n",
    "samples per frame of signals without a file": "x 2 500 30000000\n~ 0x99999\n~ 0x99999\n",
    "a long compressed file": "x 1 500 30000000\nx.dat 516 100/mV\n",
    "a far offset": "x 1 500 10\nx.dat 16+999999999999 100/mV\n",
    "a long skew": "x 1 500 4\nx.dat 16:999999999+999999 100/mV\n",
    "a record made of itself": "x/2 1 500 20\nx 10\nx 10\n",
    "a million parts": "x/999999 1 500 20\n" + "x 10\n" * 5000,
    "parts of nothing": "x/2 1 500 0\nx 0\nx 0\n",
    "a long gap": "x/1 200 500 31000000\n~ 31000000\n",
    "digits without end": f"x 1 500 {'9' * 100_000}\nx.dat 16\n",
    "spaces without end": "x 1 500 10\nx.dat 16" + " " * 200_000 + "!",
    "a line without end": "x 1 500 10\nx.dat 16 100/mV 16 0 0 0 0 " + "V" * 255_000,
}


@pytest.mark.parametrize("header", BOMBS.values(), ids=BOMBS)
def test_a_header_bomb_is_refused_before_anything_is_allocated(tmp_path, header):
    (tmp_path / "x.dat").write_bytes(b"\0\1" * 2)
    (tmp_path / "x.hea").write_text(header)
    tracemalloc.start()
    try:
        refusal([tmp_path / "x.hea", tmp_path / "x.dat"])
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name", ["../secret.dat", "/etc/passwd", "..", "sub/x.dat", r"..\x.dat", "C:x.dat", "x\0.dat"]
)
def test_a_header_cannot_reach_out_of_its_folder(tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.dat").write_bytes(b"\0\1" * 10)
    (inside / "x.hea").write_bytes(f"x 1 500 10\n{name} 16 100/mV\n".encode())
    refusal([inside / "x.hea"], errors.CorruptRecordError)
    (inside / "x.hea").write_bytes(f"x/1 1 500 10\n{name} 10\n".encode())
    refusal([inside / "x.hea"], errors.CorruptRecordError)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.dat").write_bytes(b"\0\1" * 10)
    (inside / "x.dat").symlink_to(tmp_path / "secret.dat")
    (inside / "x.hea").write_text("x 1 500 10\nx.dat 16 100/mV\n")
    refusal([inside / "x.hea"], errors.IncompleteRecordError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_or_a_folder_in_place_of_a_file_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "x.dat")
    (tmp_path / "x.hea").write_text("x 1 500 10\nx.dat 16 100/mV\n")
    refusal([tmp_path / "x.hea", tmp_path / "x.dat"], errors.IncompleteRecordError)
    (tmp_path / "y.hea").mkdir()
    refusal([tmp_path / "y.hea"], errors.IncompleteRecordError)


@pytest.mark.parametrize("filler", ["\n", " ", "\t", "# "])
def test_a_long_run_of_blanks_in_a_header_does_not_hang_the_reader(tmp_path, filler):
    """A pattern that looks back over blanks needs minutes here, and stops every session meanwhile."""
    lines = "long 1 500 1000\nlong.dat 16 1000/mV 16 0 0 0 0 I\n"
    (tmp_path / "long.hea").write_text(lines + filler * (240_000 // len(filler)) + "\n#Age: 60\n")
    (tmp_path / "long.dat").write_bytes(bytes(2000))
    read = "import pathlib, ecgapp.records as r; print(r.read_record([pathlib.Path('long.hea')]).codes)"
    command = [sys.executable, "-c", read]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=45)
    assert done.stdout.strip() == "()", done.stderr
