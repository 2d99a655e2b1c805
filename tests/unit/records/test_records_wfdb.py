"""Records written as WFDB read back unchanged, in every format, unit, order and case."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgapp.errors import ConfigError
from ecgapp.records import LEADS, ECGRecord, read_record, write_wfdb

RATE = 250.0


def an_ecg(n_samples: int = 500, leads: tuple[str, ...] = LEADS, seed: int = 0) -> ECGRecord:
    """Whole microvolts, so that 1000 steps per mV hold them exactly."""
    steps = np.random.default_rng(seed).integers(-2000, 2000, (len(leads), n_samples))
    return ECGRecord("test", (steps / 1000).astype(np.float32), RATE, leads)


def write(folder: Path, header: str, **files: bytes) -> Path:
    for name, content in files.items():
        (folder / f"{name}.dat").write_bytes(content)
    path = folder / "x.hea"
    path.write_text(header)
    return path


def int16(*rows: list[int]) -> bytes:
    """The rows' samples, interleaved as a signal file has them."""
    return np.array(rows, "<i2").T.tobytes()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_written_record_reads_back_as_it_was(tmp_path, backwards):
    record = an_ecg()
    files = write_wfdb(record, tmp_path, "r")
    again = read_record(files[::-1] if backwards else files)
    np.testing.assert_array_equal(again.signal, record.signal)
    assert (again.leads, again.sampling_rate, again.warnings) == (LEADS, RATE, ())


def test_the_wfdb_package_reads_what_we_write(tmp_path):
    record = an_ecg()
    write_wfdb(record, tmp_path, "r")
    theirs = wfdb.rdrecord(str(tmp_path / "r"))
    np.testing.assert_allclose(theirs.p_signal.T, record.signal, atol=1e-6)
    digital = wfdb.rdrecord(str(tmp_path / "r"), physical=False)
    assert digital.calc_checksum() == [checksum % 65536 for checksum in digital.checksum]


def test_missing_samples_codes_and_the_synthetic_mark_survive_the_file(tmp_path):
    signal = an_ecg().signal.copy()
    signal[3, 7] = np.nan
    written = ECGRecord("x", signal, RATE, codes=("SNOMED:164889003", "CPSC:RBBB"), synthetic=True)
    again = read_record(write_wfdb(written, tmp_path, "r"))
    np.testing.assert_array_equal(again.signal, signal)
    assert again.codes == written.codes
    assert again.synthetic


def test_voltages_beyond_16_bits_are_written_with_coarser_steps(tmp_path):
    record = ECGRecord("x", np.array([[0.0, 120.0, -40.0]], np.float32), RATE, ("I",))
    again = read_record(write_wfdb(record, tmp_path, "r"))
    np.testing.assert_allclose(again.signal, record.signal, atol=0.01)
    assert "50 mV" in again.warnings[0]


def test_a_file_name_that_leaves_the_folder_is_not_written(tmp_path):
    with pytest.raises(ConfigError, match="letters"):
        write_wfdb(an_ecg(), tmp_path, "../r")


@pytest.mark.parametrize("fmt", ["80", "212", "16", "24", "32", "516"])
def test_what_the_wfdb_package_writes_in_a_format_is_what_we_read(tmp_path, fmt):
    steps = np.random.default_rng(1).integers(-120, 120, (301, 3))
    wfdb.wrsamp(
        "r", RATE, ["mV"] * 3, ["I", "II", "V1"], d_signal=steps, fmt=[fmt] * 3,
        adc_gain=[100.0] * 3, baseline=[0] * 3, write_dir=str(tmp_path),
    )  # fmt: skip
    record = read_record([tmp_path / "r.hea"])
    np.testing.assert_array_equal(record.select(("I", "II", "V1")), (steps.T / 100).astype(np.float32))


def packed(fmt: int, samples: np.ndarray) -> bytes:
    """``samples`` in a format that the wfdb package cannot write, after PhysioNet's signal(5)."""
    if fmt == 8:
        return np.diff(samples, prepend=0).astype("i1").tobytes()
    if fmt == 61:
        return samples.astype(">i2").tobytes()
    if fmt == 160:
        return (samples + 32768).astype("<u2").tobytes()
    a, b, c = (samples & 0x3FF).reshape(-1, 3).T
    if fmt == 311:
        return (a | b << 10 | c << 20).astype("<u4").tobytes()
    pairs = np.stack([a << 1 | (c & 0x1F) << 11, b << 1 | c >> 5 << 11], axis=1)
    return pairs.astype("<u2").tobytes()


@pytest.mark.parametrize("fmt", [8, 61, 160, 310, 311])
def test_a_format_packed_as_its_definition_says_gives_the_samples_that_were_stored(tmp_path, fmt):
    samples = np.random.default_rng(3).integers(-60, 60, 300)
    header = (
        f"x 1 250 300\na.dat {fmt} 100/mV 10 0 {samples[0] if fmt != 8 else 0} {samples.sum() % 65536} 0 II"
    )
    record = read_record([write(tmp_path, header, a=packed(fmt, samples))])
    np.testing.assert_allclose(record.signal[0] * 100, samples, atol=1e-4)


def test_leads_come_in_the_standard_order_whatever_their_order_and_case(tmp_path):
    steps = [[10, 20], [30, 40], [50, 60], [70, 80], [90, 100]]
    lines = [f"a.dat 16 1000/mV 16 0 {row[0]} 0 0 {name}" for row, name in zip(steps, NAMES, strict=True)]
    record = read_record([write(tmp_path, "\n".join(["x 5 250 2", *lines]), a=int16(*steps))])
    assert record.leads == ("I", "aVR", "V1", "V6", "MLII")
    np.testing.assert_allclose(record.signal[:, 0], [0.09, 0.03, 0.05, 0.01, 0.07])


NAMES = ("v6", "AVR", "Lead V1", "MLII", "ECG i")


@pytest.mark.parametrize(
    ("calibration", "millivolts"),
    [
        ("200/mV 16 0", 1.0), ("200(-50)/mV 16 0", 1.25), ("200/mV 16 100", 0.5), ("0.2/uV 16 0", 1.0),
        ("0.2/µV 16 0", 1.0), ("200000/V 16 0", 1.0), ("200.0(0)/mv 16 0", 1.0), ("2e2/mV 16 0", 1.0),
        ("200(0)/mV 16 999", 1.0),
    ],
)  # fmt: skip
def test_gain_offset_and_unit_become_millivolts(tmp_path, calibration, millivolts):
    header = f"x 1 250 2\na.dat 16 {calibration} 200 400 0 I"
    record = read_record([write(tmp_path, header, a=int16([200, 200]))])
    np.testing.assert_allclose(record.signal, millivolts, rtol=1e-6)
    assert record.warnings == ()


@pytest.mark.parametrize(
    "line", ["a.dat 16", "a.dat 16 200 16 0 200 600 0 I"], ids=["without gain", "without a unit"]
)
def test_a_header_without_gain_or_unit_is_read_as_wfdb_says_and_the_reader_is_told(tmp_path, line):
    record = read_record([write(tmp_path, f"x 1 250 2\n{line}", a=int16([200, 400]))])
    np.testing.assert_allclose(record.signal, [[1.0, 2.0]])
    assert record.calibration_assumed
    assert record.warnings[0].startswith("Calibration assumed")


@pytest.mark.parametrize(
    "rest", ["", " 05-Feb-2020 11:39:16", " 11:39:16 05/02/2020", " 2020-02-05", " 11:39:16"]
)
def test_a_date_and_time_in_any_order_do_not_hinder(tmp_path, rest):
    header = f"x 1 250/360(5) 2{rest}\r\n# a comment\r\n\r\na.dat 16 100/mV 16 0 1 3 0 II\r\n#Age: 60"
    assert read_record([write(tmp_path, header, a=int16([1, 2]))]).sampling_rate == RATE


def test_samples_marked_invalid_are_missing(tmp_path):
    record = read_record([write(tmp_path, "x 1 250 3\na.dat 16 100/mV", a=int16([1, -32768, 3]))])
    np.testing.assert_allclose(record.signal, [[0.01, np.nan, 0.03]])


def test_a_skewed_lead_is_moved_back_and_what_it_leaves_open_is_missing(tmp_path):
    header = "x 2 250 4\na.dat 16 1/uV 16 0 0 6 0 I\na.dat 16:2 1/uV 16 0 10 46 0 II"
    record = read_record([write(tmp_path, header, a=int16([0, 1, 2, 3], [10, 11, 12, 13]))])
    np.testing.assert_allclose(record.signal[:2] * 1000, [[0, 1, 2, 3], [12, 13, np.nan, np.nan]])


def test_several_samples_per_frame_raise_the_rate_and_other_signals_are_left_out(tmp_path):
    header = "x 2 125 2\na.dat 16x2 1/uV 16 0 1 10 0 II\na.dat 16 100/mmHg 16 0 7 15 0 ABP"
    record = read_record([write(tmp_path, header, a=np.array([1, 2, 7, 3, 4, 8], "<i2").tobytes())])
    np.testing.assert_allclose(record.signal * 1000, [[1, 2, 3, 4]])
    assert record.sampling_rate == RATE
    assert record.warnings == ("Signals that are no ECG leads were left out.",)


def test_a_challenge_mat_is_read_from_behind_its_matlab_header(tmp_path):
    header = (
        "E1.mat 1 500 3 05-May-2020 09:49:17\nE1.mat 16+24 1000/mV 16 0 5 18 0 II\n#Dx: 164889003,59118001"
    )
    (tmp_path / "E1.mat").write_bytes(b"\1" * 24 + int16([5, 6, 7]))
    (tmp_path / "E1.hea").write_text(header)
    record = read_record([tmp_path / "E1.mat", tmp_path / "E1.hea"])
    np.testing.assert_allclose(record.signal, [[0.005, 0.006, 0.007]])
    assert record.codes == ("SNOMED:164889003", "SNOMED:59118001")


def test_nine_class_names_are_codes_and_other_words_are_not(tmp_path):
    header = "x 1 250 2\na.dat 16 100/mV\n# Dx: AF, I-AVB,Abnormal"
    assert read_record([write(tmp_path, header, a=int16([1, 2]))]).codes == ("CPSC:AF", "CPSC:I-AVB")


def test_a_length_that_the_header_leaves_out_is_taken_from_the_file(tmp_path):
    assert read_record([write(tmp_path, "x 2 250\na.dat 16\na.dat 16", a=b"\1\0" * 11)]).n_samples == 5


def test_an_upload_under_a_name_of_ours_is_still_found_by_its_header(tmp_path):
    hea, dat = write_wfdb(an_ecg(), tmp_path, "original")
    staged = [hea.rename(tmp_path / "upload-0.hea"), dat.rename(tmp_path / "upload-1.dat")]
    assert read_record(staged).n_leads == 12


def test_several_signal_files_under_names_of_ours_are_told_apart_by_their_kind(tmp_path):
    steps = {"dat": [1, 2], "xyz": [3, 4]}
    lines = [f"s.{kind} 16 1/uV 16 0 {row[0]} {sum(row)} 0 {kind}" for kind, row in steps.items()]
    staged = [tmp_path / name for name in ("upload-0.xyz", "upload-1.hea", "upload-2.dat")]
    for path, content in zip(
        staged, (int16([3, 4]), "\n".join(["s 2 250 2", *lines]).encode(), int16([1, 2])), strict=True
    ):
        path.write_bytes(content)
    np.testing.assert_allclose(read_record(staged).signal * 1000, [[1, 2], [3, 4]])


def test_the_record_takes_our_id_and_never_a_name_from_the_file(tmp_path):
    files = write_wfdb(an_ecg(), tmp_path, "Smith_John")
    assert read_record(files, record_id="ours").record_id == "ours"
    drawn = {read_record(files).record_id for _ in range(3)}
    assert len(drawn) == 3
    assert not any("Smith" in record_id for record_id in drawn)


def test_parts_are_laid_end_to_end_and_gaps_are_missing(tmp_path):
    write_wfdb(an_ecg(100, ("I", "V1")), tmp_path, "a")
    write_wfdb(an_ecg(50, ("V1",), seed=1), tmp_path, "b")
    (tmp_path / "x.hea").write_text("x/4 2 250 270\na 100\n~ 20\nb 50\na 100\n")
    record = read_record([tmp_path / "x.hea"])
    first, second = an_ecg(100, ("I", "V1")).signal, an_ecg(50, ("V1",), seed=1).signal
    np.testing.assert_array_equal(record.signal[:, :100], first)
    assert np.isnan(record.signal[:, 100:120]).all()
    np.testing.assert_array_equal(record.select(("V1",))[:, 120:170], second)
    assert np.isnan(record.select(("I",))[:, 120:170]).all()
    np.testing.assert_array_equal(record.signal[:, 170:], first)


def test_of_several_headers_the_one_that_names_the_others_is_the_record(tmp_path):
    part = write_wfdb(an_ecg(100), tmp_path, "a")
    (tmp_path / "x.hea").write_text("x/2 12 250 200\na 100\na 100\n")
    assert read_record([*part, tmp_path / "x.hea"]).n_samples == 200


def test_a_gain_that_is_the_leads_own_range_is_no_calibration(tmp_path):
    first, second = np.random.default_rng(2).integers(-900, 900, (2, 400))
    steps = np.stack([first, second, second - first])
    lines = [
        f"a.dat 16 {np.ptp(row)}(0)/mV 0 0 {row[0]} 0 0 {name}"
        for row, name in zip(steps, ("i", "ii", "iii"), strict=True)
    ]
    record = read_record(
        [write(tmp_path, "\n".join(["x 3 500 400", *lines]), a=steps.astype("<i2").T.tobytes())]
    )
    np.testing.assert_allclose(record.select(("I", "II", "III")), steps / 1000, rtol=1e-6)
    assert record.warnings[0].startswith("Calibration assumed")
