"""Every layout is imported whole or not at all, with a report in plain words."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from chinese_sources import write_cpsc2018, write_ecg_arrhythmia, write_shaoxing
from dataset_sources import ecg, write_mat, write_ptb_xl, write_zscored

from ecgapp.config import PROJECT
from ecgapp.datasets import LAYOUTS, DatasetStore, ImportOptions, import_dataset
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.records import write_wfdb
from ecgapp.records.record import LEADS


def import_to(tmp_path, layout, source, **options):
    """The report and the store of one import."""
    report = import_dataset(layout, source, tmp_path / "stores" / "s", ImportOptions(**options))
    return report, DatasetStore.open(tmp_path / "stores" / "s")


def write_cinc2017(source):
    """Three recordings, one of each of N, A and ~, in the archive's layout."""
    for k, _ in enumerate("NA~", start=1):
        write_mat(ecg(k, 9 + k, 300.0, leads=("ECG",)), source / "training2017", f"A{k:05d}")
    (source / "REFERENCE-v3.csv").write_text("A00001,N\nA00002,A\nA00003,~\n")
    (source / "training2017" / "REFERENCE.csv").write_text("A00001,O\nA00002,O\nA00003,O\n")
    return source


def write_challenge(source):
    """One record each of CPSC (nine names), Georgia (SNOMED), PTB (1000 Hz) and PTB-XL."""
    training = source / "training"
    write_mat(ecg(1, 6.5, 500.0, codes=("CPSC:AF", "CPSC:RBBB")), training / "cpsc_2018" / "g1", "A0001")
    write_mat(ecg(2, 10, 500.0, codes=("SNOMED:426783006",)), training / "georgia" / "g1", "E00001")
    write_mat(ecg(3, 4, 1000.0, codes=("SNOMED:164865005",)), training / "ptb" / "g1", "S0001")
    write_mat(ecg(4, 10, 500.0, codes=("SNOMED:426783006",)), training / "ptb-xl" / "g1", "HR00001")
    return source


def write_ludb(source, einthoven=True):
    """One record whose header gains are its leads' heights, as LUDB's are; returns it in true mV."""
    data = source / "data"
    data.mkdir(parents=True)
    steps = np.round(ecg(1, 10, 500.0).signal * 1000)
    if einthoven:
        steps[2] = steps[1] - steps[0]
    record = replace(ecg(1, 10, 500.0), signal=(steps / 1000).astype(np.float32))
    write_wfdb(record, data, "1")
    header = data / "1.hea"
    for height in np.ptp(steps, axis=1):
        header.write_text(header.read_text().replace(" 1000(0)/mV", f" {height:.0f}(0)/mV", 1))
    diagnoses = "Atrial extrasystole: low atrial\nAtrial extrasystole, type: single pac"
    table = f'ID,Sex,Age,Rhythms,Extrasystoles\n1,"M\n","61\n",Sinus rhythm,"{diagnoses}"\n'
    (source / "ludb.csv").write_text(table)
    return record


def write_folder(source):
    """Two plain WFDB records."""
    source.mkdir(parents=True, exist_ok=True)
    write_wfdb(ecg(1, 10, 500.0), source, "one")
    write_wfdb(ecg(2, 10, 500.0), source, "two")


SOURCES = {
    "ptb-xl": write_ptb_xl,
    "ptb-xl-zscored": write_zscored,
    "challenge": write_challenge,
    "cinc2017": write_cinc2017,
    "ludb": write_ludb,
    "shaoxing": write_shaoxing,
    "ecg-arrhythmia": write_ecg_arrhythmia,
    "cpsc2018": write_cpsc2018,
    "folder": write_folder,
}


STRICT = sorted(set(LAYOUTS) - {"folder"})  # "folder" takes what it finds


def test_every_layout_has_a_source_here():
    assert set(SOURCES) == set(LAYOUTS)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_becomes_a_store_that_verifies(tmp_path, layout):
    SOURCES[layout](tmp_path / "source")
    report, store = import_to(tmp_path, layout, tmp_path / "source")
    store.verify()
    assert report.read == len(store) > 0
    assert report.n_refused == 0
    assert len(set(store.record_ids())) == len(store)
    assert set(store.folds.tolist()) <= set(range(11))
    assert all(np.isfinite(store.signal(i)).all() for i in range(len(store)))


@pytest.mark.parametrize(
    ("layout", "other"),
    [pair for pair in product(STRICT, [*sorted(LAYOUTS), "nothing"]) if len(set(pair)) == 2],
)
def test_a_folder_of_another_layout_is_refused_and_leaves_nothing(tmp_path, layout, other):
    (tmp_path / "source").mkdir()
    if other != "nothing":
        SOURCES[other](tmp_path / "source")
    with pytest.raises(DatasetError, match="Choose the") as error:
        import_dataset(layout, tmp_path / "source", tmp_path / "stores" / "s")
    assert str(tmp_path) not in str(error.value)
    assert not (tmp_path / "stores").exists()


def test_an_empty_folder_and_no_folder_are_refused(tmp_path):
    (tmp_path / "source").mkdir()
    for source in (tmp_path / "source", tmp_path / "absent"):
        with pytest.raises(DatasetError, match="folder"):
            import_dataset("folder", source, tmp_path / "s")


def test_an_unknown_layout_names_those_there_are(tmp_path):
    with pytest.raises(DatasetError, match="ptb-xl"):
        import_dataset("ptbxl", tmp_path, tmp_path / "s")


def test_ptb_xl_keeps_its_folds_its_patients_and_its_millivolts(tmp_path):
    _, store = import_to(tmp_path, "ptb-xl", write_ptb_xl(tmp_path / "source"))
    assert store.manifest.sampling_rate == 100
    assert store.folds.tolist() == [1, 2, 2]
    assert store.patients() == ["ptb-xl:11", "ptb-xl:12", "ptb-xl:12"]
    assert store.codes() == [("SCP:NORM",), ("SCP:AFIB", "SCP:LAFB"), ("SCP:NORM",)]
    np.testing.assert_allclose(store.signal(1), ecg(2).signal, atol=0.001)


def test_ptb_xl_at_500_hz_is_taken_where_it_is(tmp_path):
    source = write_ptb_xl(tmp_path / "source", folds=(1,), patients=(11,))
    folder = source / "records500" / "00000"
    folder.mkdir(parents=True)
    write_wfdb(ecg(9, 10, 500.0), folder, "00001_hr")
    assert import_to(tmp_path, "ptb-xl", source)[1].manifest.sampling_rate == 500
    report = import_dataset("ptb-xl", source, tmp_path / "low", ImportOptions(sampling_rate=100.0))
    np.testing.assert_allclose(DatasetStore.open(tmp_path / "low").signal(0), ecg(1).signal, atol=0.001)
    assert report.read == 1


def test_z_scored_records_say_that_their_volts_are_lost(tmp_path):
    array = write_zscored(tmp_path / "source")
    report, store = import_to(tmp_path, "ptb-xl-zscored", tmp_path / "source")
    assert store.manifest.units == store.record(0).units == "z-score"
    assert "voltages are unknown" in report.notes[0]
    np.testing.assert_allclose(store.signal(2), array[2] / 1000, atol=1e-4)


def test_an_array_that_does_not_fit_its_table_is_refused(tmp_path):
    write_zscored(tmp_path / "source")
    np.save(tmp_path / "source" / "signals_100hz_int16.npy", np.zeros((2, 12, 1000), np.int16))
    with pytest.raises(DatasetError, match="do not fit"):
        import_to(tmp_path, "ptb-xl-zscored", tmp_path / "source")


def test_challenge_records_come_to_one_rate_with_their_own_codes(tmp_path):
    _, store = import_to(tmp_path, "challenge", write_challenge(tmp_path / "source"))
    row = {name: row for row, name in enumerate(store.record_ids())}
    assert store.manifest.sampling_rate == 500
    assert store.codes()[row["challenge/A0001"]] == ("CPSC:AF", "CPSC:RBBB")
    assert store.n_samples[row["challenge/S0001"]] == 2000  # four seconds of 1000 Hz
    assert store.sources()[row["challenge/E00001"]] == "georgia"
    assert store.n_samples[row["challenge/A0001"]] == 3250


def test_ptb_xl_records_in_the_challenge_are_in_no_fold(tmp_path):
    report, store = import_to(tmp_path, "challenge", write_challenge(tmp_path / "source"))
    folds = dict(zip(store.record_ids(), store.folds.tolist(), strict=True))
    assert folds.pop("challenge/HR00001") == 0
    assert all(fold > 0 for fold in folds.values())
    assert any("1 PTB-XL" in note for note in report.notes)


def test_a_challenge_without_source_folders_is_told_by_its_ids(tmp_path):
    for seed, name in enumerate(("A0001", "HR00007")):
        write_mat(ecg(seed, 10, 500.0, codes=("CPSC:AF",)), tmp_path / "source" / "Training_WFDB", name)
    store = import_to(tmp_path, "challenge", tmp_path / "source")[1]
    assert store.sources() == ["cpsc_2018", "ptb-xl"]
    assert store.folds.tolist()[1] == 0


def test_a_source_that_lost_its_patients_is_one_patient_in_one_fold_and_the_report_says_so(tmp_path):
    source = write_challenge(tmp_path / "source") / "training"
    for k in range(2, 9):
        write_mat(ecg(20 + k, 4, 1000.0, codes=("SNOMED:164865005",)), source / "ptb" / "g1", f"S{k:04d}")
        write_mat(
            ecg(40 + k, 4, 257.0, codes=("SNOMED:164884008",)), source / "st_petersburg_incart", f"I{k:04d}"
        )
        write_mat(ecg(60 + k, 10, 500.0, codes=("SNOMED:426783006",)), source / "georgia" / "g1", f"E{k:05d}")
    report, store = import_to(tmp_path, "challenge", tmp_path / "source")
    sources, keys = np.array(store.sources()), store.patient_keys
    for name, n_records in (("ptb", 8), ("st_petersburg_incart", 7)):
        rows = sources == name
        assert (rows.sum(), len(set(keys[rows])), len(set(store.folds[rows]))) == (n_records, 1, 1)
        assert store.folds[rows][0] > 0
        (note,) = [note for note in report.notes if note.startswith(f"Possible leak: {name} ")]
        assert f"All {n_records} of its records" in note
        assert f"in fold {store.folds[rows][0]}." in note
        assert note in store.manifest.notes  # the Data page shows them
    assert len(set(keys[sources == "georgia"])) == (sources == "georgia").sum() == 8
    assert len(set(store.folds[sources == "georgia"])) > 1


def test_a_source_without_a_folder_of_its_own_is_recognised_by_its_ids(tmp_path):
    for k in (1, 2, 3):
        write_mat(ecg(k, 4, 1000.0, codes=("SNOMED:164865005",)), tmp_path / "source" / "mixed", f"S{k:04d}")
    write_mat(
        ecg(9, 10, 500.0, codes=("SNOMED:426783006",)), tmp_path / "source" / "chapman_ningbo", "S23074"
    )
    report, store = import_to(tmp_path, "challenge", tmp_path / "source")
    assert (
        len(set(store.patient_keys.tolist())) == 2
    )  # the misnamed record of another source is its own patient
    assert any("All 3 of its records" in note for note in report.notes)


def test_a_challenge_without_such_sources_reports_no_leak(tmp_path):
    write_mat(ecg(1, 10, 500.0, codes=("SNOMED:426783006",)), tmp_path / "source" / "georgia", "E00001")
    report, _ = import_to(tmp_path, "challenge", tmp_path / "source")
    assert not any("leak" in note for note in report.notes)


def test_the_very_same_signal_under_two_names_counts_as_one_patient(tmp_path):
    source = write_challenge(tmp_path / "source") / "training"
    for name in ("Q0001", "Q0002", "Q0003"):
        write_mat(ecg(1, 6.5, 500.0, codes=("CPSC:AF",)), source / "cpsc_2018_extra" / "g1", name)
    store = import_to(tmp_path, "challenge", tmp_path / "source")[1]
    same = [row for row, name in enumerate(store.record_ids()) if name[-5:] == "A0001" or "Q" in name]
    assert len(same) == 4
    assert len({store.patients()[row] for row in same}) == len({store.folds[row] for row in same}) == 1
    assert len(set(store.patient_keys[same].tolist())) == 1


def test_cinc2017_takes_the_newest_labels_and_one_lead(tmp_path):
    report, store = import_to(tmp_path, "cinc2017", write_cinc2017(tmp_path / "source"))
    assert store.codes() == [("CINC2017:N",), ("CINC2017:A",), ("CINC2017:~",)]
    assert (store.manifest.leads, store.manifest.sampling_rate) == (("I",), 300)
    assert [store.signal(i).shape for i in range(3)] == [(1, 3000), (1, 3300), (1, 3600)]
    assert {count.task for count in report.labels} == {"cinc2017_rhythm"}


def test_cinc2017_is_found_from_its_inner_folder_too(tmp_path):
    write_cinc2017(tmp_path / "source")
    report, _ = import_to(tmp_path, "cinc2017", tmp_path / "source" / "training2017")
    assert report.read == 3


def test_ludb_comes_back_in_true_millivolts(tmp_path):
    record = write_ludb(tmp_path / "source")
    _, store = import_to(tmp_path, "ludb", tmp_path / "source")
    np.testing.assert_allclose(store.signal(0), record.signal, atol=0.001)
    assert store.codes() == [("LUDB:Sinus rhythm", "LUDB:Atrial extrasystole")]


def test_a_ludb_record_whose_voltage_cannot_be_known_is_refused(tmp_path):
    write_ludb(tmp_path / "source", einthoven=False)
    with pytest.raises(DatasetError, match="voltage is unknown"):
        import_to(tmp_path, "ludb", tmp_path / "source")


def test_the_report_counts_labels_by_fold(tmp_path):
    report, _ = import_to(tmp_path, "ptb-xl", write_ptb_xl(tmp_path / "source"))
    counts = {(c.task, c.label, c.fold): (c.n_positive, c.n_known) for c in report.labels}
    assert counts["ptbxl_superclass", "NORM", 1] == (1, 1)
    assert counts["ptbxl_superclass", "NORM", 2] == (1, 2)
    assert counts["nine_class", "AF", 2] == (1, 2)
    assert counts["nine_class", "STE", 2] == (0, 0)


def test_refused_records_are_counted_by_reason_and_the_rest_is_kept(tmp_path):
    source = write_ptb_xl(tmp_path / "source", folds=(1, 2, 3, 4, 5), patients=(1, 2, 3, 4, 5))
    folder = source / "records100" / "00000"
    (folder / "00001_lr.dat").unlink()
    (folder / "00002_lr.hea").unlink()
    write_wfdb(ecg(3, 0.5), folder, "00003_lr")
    gap = ecg(4)
    gap.signal[3, 100:110] = np.nan
    write_wfdb(gap, folder, "00004_lr")
    report, store = import_to(tmp_path, "ptb-xl", source)
    assert report.read == 1
    assert store.record_ids() == ["ptb-xl/00005"]
    assert report.n_refused == 4
    assert report.refused == store.manifest.refused
    assert any("shorter than one second" in reason for reason in report.refused)
    assert any("missing" in reason for reason in report.refused)
    assert not any("0000" in reason for reason in report.refused)


def test_a_source_of_which_nothing_can_be_read_is_refused(tmp_path):
    source = write_ptb_xl(tmp_path / "source")
    for path in (source / "records100" / "00000").glob("*.dat"):
        path.unlink()
    with pytest.raises(DatasetError, match="None of the 3 records"):
        import_to(tmp_path, "ptb-xl", source)
    assert list(tmp_path.glob("stores/*")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("patient_id", "who"),
        (",2,", ",12,"),
        ("12.0", "x"),
        ("'NORM'", "NORM"),
        ("records100", "../records100"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_one_sentence(tmp_path, old, new):
    source = write_ptb_xl(tmp_path / "source")
    table = source / "ptbxl_database.csv"
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DatasetError) as error:
        import_to(tmp_path, "ptb-xl", source)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'"unclosed\n', b"ecg_id\n1,2,3\n"])
def test_a_table_that_is_no_csv_is_refused(tmp_path, content):
    source = write_ptb_xl(tmp_path / "source")
    (source / "ptbxl_database.csv").write_bytes(content)
    with pytest.raises(DatasetError, match="table"):
        import_to(tmp_path, "ptb-xl", source)


def test_another_rate_and_fewer_leads_can_be_asked_for(tmp_path):
    source = write_challenge(tmp_path / "source")
    _, store = import_to(tmp_path, "challenge", source, sampling_rate=100.0, leads=("V1", "II"))
    assert (store.manifest.leads, store.manifest.sampling_rate) == (("V1", "II"), 100)
    i = store.record_ids().index("challenge/E00001")
    assert store.signal(i).shape == (2, 1000)
    assert store.n_samples[store.record_ids().index("challenge/S0001")] == 4 * 100


@pytest.mark.parametrize("options", [{"sampling_rate": 0.0}, {"leads": ()}, {"leads": ("I", "I")}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ConfigError):
        ImportOptions(**options)


def test_progress_counts_up_to_the_total(tmp_path):
    told = []
    source = write_ptb_xl(tmp_path / "source")
    import_dataset("ptb-xl", source, tmp_path / "s", progress=lambda *step: told.append(step))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_import_that_is_stopped_leaves_nothing(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    source = write_ptb_xl(tmp_path / "source")
    with pytest.raises(KeyboardInterrupt):
        import_dataset("ptb-xl", source, tmp_path / "stores" / "s", progress=stop)
    assert list((tmp_path / "stores").iterdir()) == []


def test_a_disk_that_fails_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    source = write_ptb_xl(tmp_path / "source")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DatasetError, match="disk is full"):
        import_dataset("ptb-xl", source, tmp_path / "stores" / "s")
    assert list((tmp_path / "stores").iterdir()) == []


def test_what_a_killed_import_left_is_swept_by_the_next(tmp_path):
    source = write_ptb_xl(tmp_path / "source")
    script = (
        "import os, signal, sys; from pathlib import Path; from ecgapp.datasets import import_dataset\n"
        "kill = lambda done, total: os.kill(os.getpid(), signal.SIGKILL)\n"
        "import_dataset('ptb-xl', Path(sys.argv[1]), Path(sys.argv[2]), progress=kill)\n"
    )
    arguments = [sys.executable, "-c", script, str(source), str(tmp_path / "stores" / "s")]
    assert subprocess.run(arguments, cwd=PROJECT, check=False).returncode != 0
    left = sorted(path.name for path in (tmp_path / "stores").iterdir())
    assert [name.split("-")[0] for name in left] == [".importing", ".lock"]  # hidden, and no store
    import_dataset("ptb-xl", source, tmp_path / "stores" / "s")
    assert [path.name for path in (tmp_path / "stores").iterdir()] == ["s"]


def test_all_twelve_leads_are_stored_in_the_usual_order(tmp_path):
    _, store = import_to(tmp_path, "ptb-xl", write_ptb_xl(tmp_path / "source"))
    assert store.manifest.leads == LEADS
