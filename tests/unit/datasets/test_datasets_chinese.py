"""Imports of the Shaoxing, Ningbo and CPSC 2018 databases: what is refused, corrected and kept as it is."""

import numpy as np
import pytest
from chinese_sources import (
    COLUMNS,
    merge_first_lines,
    muse,
    write_cpsc2018,
    write_csv,
    write_ecg_arrhythmia,
    write_shaoxing,
    write_workbook,
)
from dataset_sources import ecg, write_mat
from scipy.io import savemat

from ecgapp.datasets import DatasetStore, check_patient_folds, first_codes, import_dataset
from ecgapp.datasets.layouts import shaoxing
from ecgapp.datasets.layouts.ecg_arrhythmia import with_line_break
from ecgapp.errors import DatasetError
from ecgapp.tasks import task


def import_to(tmp_path, layout, source, name="s"):
    """The report and the store of one import."""
    report = import_dataset(layout, source, tmp_path / "stores" / name)
    return report, DatasetStore.open(tmp_path / "stores" / name)


def rhythms(store, name="shaoxing_rhythm"):
    """The labels of each record, by name."""
    asked = task(name)
    return [
        [label for label, value in zip(asked.label_names, row, strict=True) if value == 1]
        for row in store.targets(asked)
    ]


def test_shaoxings_microvolts_become_millivolts_and_its_padded_acronyms_codes(tmp_path):
    report, store = import_to(tmp_path, "shaoxing", write_shaoxing(tmp_path / "source"))
    assert (store.manifest.sampling_rate, store.manifest.units) == (500, "mV")
    assert store.manifest.licence == "CC0 1.0"
    assert store.codes()[:2] == [("SHAOXING:SB", "SHAOXING:RBBB", "SHAOXING:TWC"), ("SHAOXING:SR",)]
    assert rhythms(store) == [["SB"], ["SR"], ["AFLT"]]
    np.testing.assert_allclose(store.signal(1), ecg(1, 10, 500.0).signal, atol=0.001)
    assert report.n_refused == 0
    assert len(set(store.patients())) == 3


@pytest.mark.parametrize("header", [True, False])
def test_denoised_files_are_read_with_and_without_a_header_line(tmp_path, header):
    source = write_shaoxing(tmp_path / "source", folder="ECGDataDenoised", header=header)
    report, store = import_to(tmp_path, "shaoxing", source)
    np.testing.assert_allclose(store.signal(0), ecg(0, 10, 500.0).signal, atol=0.001)
    assert any("denoised" in note for note in report.notes)


def test_recorded_signals_go_before_denoised_ones(tmp_path):
    source = write_shaoxing(tmp_path / "source")
    for k in range(3):
        write_csv(source / "ECGDataDenoised" / f"{muse(k)}.csv", ecg(90 + k, 10, 500.0).signal, False)
    report, store = import_to(tmp_path, "shaoxing", source)
    np.testing.assert_allclose(store.signal(2), ecg(2, 10, 500.0).signal, atol=0.001)
    assert not any("denoised" in note for note in report.notes)


def test_a_header_lines_order_of_leads_counts(tmp_path):
    source = write_shaoxing(tmp_path / "source")
    path = source / "ECGData" / f"{muse(0)}.csv"
    lines = [line.split(",")[::-1] for line in path.read_text().splitlines()]
    path.write_text("\n".join(",".join(line) for line in lines))
    store = import_to(tmp_path, "shaoxing", source)[1]
    np.testing.assert_allclose(store.signal(0), ecg(0, 10, 500.0).signal, atol=0.001)


def test_si_is_sinus_irregularity_as_sa_is(tmp_path):
    store = import_to(tmp_path, "shaoxing", write_shaoxing(tmp_path / "source", ("SI", "SA")))[1]
    assert rhythms(store) == [["SA"], ["SA"]]
    assert rhythms(store, "shaoxing_rhythm_group") == [["SR or SA"], ["SR or SA"]]


def test_columns_of_older_copies_do_not_disturb(tmp_path):
    source = write_shaoxing(tmp_path / "source")
    rows = [("1950-01-01", muse(k), "SB", None) for k in range(3)]
    write_workbook(source / "Diagnostics.xlsx", rows, ("DateofBirth", *COLUMNS))
    assert import_to(tmp_path, "shaoxing", source)[1].codes() == [("SHAOXING:SB",)] * 3


def test_bad_files_of_shaoxing_are_refused_by_reason(tmp_path):
    listed = sorted(shaoxing.UNUSABLE)[0]
    source = tmp_path / "source"
    good = ecg(1, 10, 500.0).signal
    flat, high = good.copy(), good.copy()
    flat[7] = 0.25
    high[3, 100] = 32.767
    signals = {
        muse(0): good, listed: good + 0.1, muse(1): flat, muse(2): high, muse(3): good[:, :1926],
    }  # fmt: skip
    for name, signal in signals.items():
        write_csv(source / "ECGData" / f"{name}.csv", signal)
    write_csv(source / "ECGData" / f"{muse(6)}.csv", good)
    (source / "ECGData" / f"{muse(4)}.csv").write_text("not,numbers\n")
    rows = [(name, "SB", "NONE") for name in [*signals, muse(4), muse(5), muse(0)]]
    write_workbook(source / "Diagnostics.xlsx", rows)
    report, store = import_to(tmp_path, "shaoxing", source)
    assert store.record_ids() == [f"shaoxing/{muse(0)}"]
    assert report.n_refused == 8
    assert {
        shaoxing.LISTED, shaoxing.FLAT, shaoxing.TOO_HIGH, shaoxing.SHORT, shaoxing.NOT_NUMBERS,
        shaoxing.NO_FILES, shaoxing.UNNAMED, shaoxing.REPEATED,
    } == set(report.refused)  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", b"FileName,Rhythm,Beat\n"])
def test_a_table_that_is_no_workbook_is_refused(tmp_path, content):
    source = write_shaoxing(tmp_path / "source")
    (source / "Diagnostics.xlsx").write_bytes(content)
    with pytest.raises(DatasetError, match="Excel"):
        import_to(tmp_path, "shaoxing", source)


def test_a_workbook_without_the_rhythms_is_refused(tmp_path):
    source = write_shaoxing(tmp_path / "source")
    write_workbook(source / "Diagnostics.xlsx", [(muse(0), "NONE")], ("FileName", "Beat"))
    with pytest.raises(DatasetError, match="Rhythm"):
        import_to(tmp_path, "shaoxing", source)


def test_ecg_arrhythmia_says_whose_records_are_shaoxings_and_keeps_undefined_codes(tmp_path):
    write_ecg_arrhythmia(tmp_path / "source")
    report, store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")
    assert store.sources() == ["shaoxing", "ningbo"]
    assert store.codes()[0] == ("SNOMED:164890007", "SNOMED:55827005")
    assert rhythms(store) == [["AFLT"], ["AFLT"]]
    assert store.manifest.licence == "CC BY 4.0"
    assert any("sinus irregularity" in note for note in report.notes)


def test_its_inner_folder_and_missing_folders_are_noticed(tmp_path):
    source = tmp_path / "source"
    write_ecg_arrhythmia(source)
    (source / "RECORDS").write_text("WFDBRecords/01/010/\nWFDBRecords/46/460/\n../../etc\n")
    report = import_to(tmp_path, "ecg-arrhythmia", source / "WFDBRecords")[0]
    assert any(note.startswith("1 of the folders") for note in report.notes)


def test_a_header_whose_first_two_lines_are_merged_is_read(tmp_path):
    folder = write_ecg_arrhythmia(tmp_path / "source", ("JS00001", "JS01052"))
    merge_first_lines(folder / "JS01052.hea")
    assert (folder / "JS01052.hea").read_text().startswith("JS01052 12 500 5000")
    report, store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")
    assert (report.read, report.n_refused) == (2, 0)
    np.testing.assert_allclose(store.signal(1), ecg(2, 10, 500.0).signal, atol=0.001)
    assert store.codes()[1] == store.codes()[0]


def test_the_published_form_of_a_merged_header_is_split(tmp_path):
    published = (
        "JS01052 12 500 500000/mV 16 0 15 31255 0 I\nJS01052.mat 16+24 1000/mV 16 0 5 -3 0 II\n#Dx: 1\n"
    )
    assert with_line_break(published).splitlines() == [
        "JS01052 12 500 5000",
        "JS01052.mat 16+24 1000/mV 16 0 15 31255 0 I",
        "JS01052.mat 16+24 1000/mV 16 0 5 -3 0 II",
        "#Dx: 1",
    ]
    assert with_line_break("JS00001 12 500 5000\nJS00001.mat 16+24 1000/mV 16 0 1 2 0 I\n") is None


def test_a_merged_header_of_other_signals_stays_refused(tmp_path):
    folder = write_ecg_arrhythmia(tmp_path / "source", ("JS00001", "JS01052"))
    merge_first_lines(folder / "JS01052.hea")
    (folder / "JS01052.mat").write_bytes((folder / "JS00001.mat").read_bytes())
    report = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")[0]
    assert (report.read, report.n_refused) == (1, 1)


@pytest.mark.parametrize("layout", ["ecg-arrhythmia", "challenge"])
def test_a_misnamed_header_counts_as_its_signals_record(tmp_path, layout):
    inner = "WFDBRecords/23/236" if layout == "ecg-arrhythmia" else "training/ningbo/g1"
    folder = tmp_path / "source" / inner
    write_mat(ecg(1, 10, 500.0, codes=("SNOMED:426177001",)), folder, "JS23074")
    (folder / "JS23074.hea").rename(folder / "S23074.hea")
    store = import_to(tmp_path, layout, tmp_path / "source")[1]
    assert store.record_ids() == [f"{layout}/JS23074"]
    assert store.patients() == ["challenge:JS23074"]
    assert store.sources() == ["ningbo"]


@pytest.mark.parametrize("line", ["#Dx: 426177001,,164934002,", "#Dx: 426177001, 164934002,, "])
def test_stray_commas_between_diagnoses_do_not_count(tmp_path, line):
    folder = write_ecg_arrhythmia(tmp_path / "source", ("JS00344",))
    text = (folder / "JS00344.hea").read_text().replace("#Dx: 164890007,55827005", line)
    (folder / "JS00344.hea").write_text(text)
    store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")[1]
    assert store.codes() == [("SNOMED:426177001", "SNOMED:164934002")]


def test_records_with_missing_samples_or_without_any_signal_are_refused(tmp_path):
    folder = write_ecg_arrhythmia(tmp_path / "source", ("JS00001", "JS10700", "JS10800"))
    flat = ecg(3, 10, 500.0)
    flat.signal[:] = 0
    write_mat(flat, folder, "JS10800")
    samples = bytearray((folder / "JS10700.mat").read_bytes())
    samples[24 + 24 * 100 : 24 + 24 * 101] = np.full(12, -32768, "<i2").tobytes()
    (folder / "JS10700.mat").write_bytes(bytes(samples))
    lines = (folder / "JS10700.hea").read_text().splitlines()
    plain = [[*line.split()[:-3], "0", "0", line.split()[-1]] if ".mat" in line else [line] for line in lines]
    (folder / "JS10700.hea").write_text("\n".join(" ".join(line) for line in plain) + "\n")
    report, store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")
    assert store.record_ids() == ["ecg-arrhythmia/JS00001"]
    assert len(report.refused) == 2
    assert any("marked samples" in reason for reason in report.refused)


def test_twice_the_same_signal_is_one_patient_in_one_fold(tmp_path):
    folder = write_ecg_arrhythmia(tmp_path / "source", ("JS00001",))
    for name in ("JS10700", "JS10701"):
        write_mat(ecg(1, 10, 500.0, codes=("SNOMED:426177001",)), folder, name)
    store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")[1]
    assert set(store.patients()) == {"challenge:JS00001"}
    assert len(set(store.folds.tolist())) == 1


def test_copies_of_one_record_have_the_same_patient_in_every_layout(tmp_path):
    write_ecg_arrhythmia(tmp_path / "a")
    write_cpsc2018(tmp_path / "c")
    for name in ("JS00001", "JS10647", "A0001"):
        folder = tmp_path / "b" / "training" / ("cpsc_2018" if name == "A0001" else "chapman_shaoxing") / "g1"
        write_mat(ecg(1, 10, 500.0, codes=("SNOMED:164890007",)), folder, name)
    published = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "a", "a")[1]
    challenge = import_to(tmp_path, "challenge", tmp_path / "b", "b")[1]
    organisers = import_to(tmp_path, "cpsc2018", tmp_path / "c", "c")[1]
    assert set(published.patients()) | {"challenge:A0001"} >= set(challenge.patients())
    assert "challenge:A0001" in organisers.patients()
    check_patient_folds([published, organisers])


def test_cpsc_2018_keeps_the_order_of_labels_and_its_millivolts(tmp_path):
    report, store = import_to(tmp_path, "cpsc2018", write_cpsc2018(tmp_path / "source"))
    assert store.codes() == [
        ("CPSC:RBBB", "CPSC:AF"),
        ("CPSC:Normal",),
        ("CPSC:STE", "CPSC:STD", "CPSC:I-AVB"),
    ]
    assert first_codes(store) == ["CPSC:RBBB", "CPSC:Normal", "CPSC:STE"]
    assert first_codes(store, np.array([2])) == ["CPSC:STE"]
    assert store.n_samples.tolist() == [3500, 4000, 4500]
    assert store.targets(task("nine_class")).sum(axis=1).tolist() == [2, 1, 3]
    np.testing.assert_allclose(store.signal(1), ecg(1, 8, 500.0).signal, atol=0.001)
    assert report.n_refused == 0


def test_a_store_without_an_order_of_labels_has_no_first_ones(tmp_path):
    write_ecg_arrhythmia(tmp_path / "source")
    store = import_to(tmp_path, "ecg-arrhythmia", tmp_path / "source")[1]
    with pytest.raises(DatasetError, match="comes first"):
        first_codes(store)


def test_matlab_files_that_hold_no_twelve_leads_are_refused(tmp_path):
    source = write_cpsc2018(tmp_path / "source", ("1,,",) * 7)
    files = sorted(source.rglob("A*.mat"))
    signal = ecg(1, 8, 500.0).signal
    savemat(files[0], {"ECG": {"data": signal.T}})
    savemat(files[1], {"ECG": {"sex": "Male"}})
    savemat(files[2], {"data": signal})
    files[3].write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    files[4].write_bytes(files[5].read_bytes()[:-900])
    files[6].unlink()
    (source / "TrainingSet1" / "A0100.mat").write_bytes(files[5].read_bytes())
    report, store = import_to(tmp_path, "cpsc2018", source)
    assert (len(store), report.n_refused) == (1, 7)
    assert sorted(report.refused.values()) == [1, 1, 5]


@pytest.mark.parametrize("labels", [("10,,",), (",,",), ("AF,,",)])
def test_labels_that_are_no_class_are_refused(tmp_path, labels):
    with pytest.raises(DatasetError, match="1 to 9"):
        import_to(tmp_path, "cpsc2018", write_cpsc2018(tmp_path / "source", labels))
