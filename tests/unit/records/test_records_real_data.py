"""Every kind of real WFDB record reads as the wfdb package reads it, or is refused for a named reason."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgapp.errors import IncompleteRecordError, RecordError, UnknownUnitError, UnsupportedRecordError
from ecgapp.records import LEADS, read_record
from ecgapp.records.leads import lead_name

PER_MILLIVOLT = {"mv": 1.0, "uv": 1e-3}
REFUSED = {  # what of the formats collection is no ECG, or not all there
    "drive02": IncompleteRecordError,
    "12726": IncompleteRecordError,
    "1003": IncompleteRecordError,
    "p000878-2137-10-26-16-57": UnsupportedRecordError,  # 117 hours
    "3269321_0001": UnknownUnitError,  # a pulse wave
    "s25047-2704-05-04-10-44n": UnknownUnitError,  # trends
    "3269321_layout": RecordError,
    "3234460_layout": RecordError,
    "null": RecordError,
}
OURS_ALONE = {"multi"}  # wfdb refuses its empty part


def headers(folder: Path, every: int = 1) -> list[Path]:
    found = sorted(folder.rglob("*.hea"))[::every]
    assert found
    return found


def theirs(header: Path) -> dict[str, np.ndarray]:
    """Millivolts by lead, each at its own rate, as the wfdb package has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record = wfdb.rdrecord(str(header.with_suffix("")), smooth_frames=False)
    signals = record.p_signal.T if record.p_signal is not None else record.e_p_signal
    return {
        lead_name(name or "", number): np.asarray(signal) * PER_MILLIVOLT.get(unit.lower(), np.nan)
        for number, (name, signal, unit) in enumerate(
            zip(record.sig_name, signals, record.units, strict=True), start=1
        )
    }


def assert_equal(header: Path) -> None:
    record, expected = read_record([header]), theirs(header)
    for lead in set(record.leads) - record.derived:
        ours = record.select((lead,))[0]
        signal = expected[lead].reshape(len(ours), -1).mean(axis=1).astype(np.float32)
        np.testing.assert_array_equal(ours, signal, err_msg=f"{header.stem} {lead}")


@pytest.mark.parametrize(("folder", "every"), [("ptb-xl", 29), ("mitdb", 5), ("cinc2017", 331)])
def test_real_records_read_as_wfdb_reads_them(real_data, folder, every):
    for header in headers(real_data / folder, every):
        assert_equal(header)


def test_every_file_of_the_formats_collection_is_read_as_wfdb_reads_it_or_refused(real_data):
    for header in headers(real_data / "formats" / "wfdb"):
        if header.stem in REFUSED:
            with pytest.raises(REFUSED[header.stem]):
                read_record([header])
        elif header.stem in OURS_ALONE:
            assert read_record([header]).duration == 125.0
        else:
            assert_equal(header)


def test_every_challenge_record_reads_with_its_checks_and_its_codes(real_data):
    found = headers(real_data / "challenge2021")
    assert len(found) == 302
    for header in found:
        record = read_record([header])
        assert record.leads == LEADS
        assert record.codes, header.stem
        assert not record.warnings


def test_challenge_headers_that_wfdb_refuses_give_the_samples_that_scipy_finds(real_data):
    from scipy.io import loadmat

    header = real_data / "challenge2021" / "training" / "georgia" / "g1" / "E07541.hea"
    with pytest.raises(Exception, match=r".*"):
        wfdb.rdrecord(str(header.with_suffix("")))
    stored = loadmat(header.with_suffix(".mat"))["val"]
    np.testing.assert_allclose(read_record([header]).signal, stored / 1000, atol=1e-6)


def test_ludb_comes_in_true_millivolts_although_its_gain_is_each_leads_range(real_data):
    for header in headers(real_data / "ludb", 15):
        record = read_record([header])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
        np.testing.assert_allclose(record.signal, (raw.d_signal - np.array(raw.baseline)).T / 1000, atol=1e-6)
        assert record.warnings[0].startswith("Calibration assumed")


def test_no_other_source_is_mistaken_for_ludb(real_data):
    for header in headers(real_data / "ptb-xl", 7):
        assert read_record([header]).warnings == ()


def test_noise_without_calibration_is_refused_and_the_noisy_ecg_is_read(real_data):
    with pytest.raises(RecordError, match="gain"):
        read_record([real_data / "nstdb" / "bw.hea"])
    assert read_record([real_data / "nstdb" / "118e00.hea"]).leads == ("V1", "MLII")
