"""A hospital's own folder: with labels or without, and no patient's id kept."""

import numpy as np
import pytest
from dataset_sources import ecg, write_mat

from ecgapp.datasets import DatasetStore, ImportOptions, check_patient_folds, import_dataset, store_tasks
from ecgapp.datasets.layouts.folder import LABELLED_ONLY
from ecgapp.errors import DatasetError, PatientLeakError
from ecgapp.records import LEADS, write_wfdb


@pytest.fixture
def source(tmp_path):
    """Three records, one of them in a subfolder."""
    folder = tmp_path / "source"
    (folder / "ward").mkdir(parents=True)
    write_wfdb(ecg(1), folder, "a")
    write_wfdb(ecg(2), folder, "b")
    write_wfdb(ecg(3), folder / "ward", "c")
    return folder


def import_folder(source, name="s", labels=None, **options):
    """The report and the store of ``source``, beside it, with ``labels`` as its label file."""
    if labels is not None:
        (source / "labels.csv").write_text(labels)
    destination = source.parent / "stores" / name
    report = import_dataset("folder", source, destination, ImportOptions(**options))
    return report, DatasetStore.open(destination)


def test_a_folder_without_labels_is_unlabelled(source):
    report, store = import_folder(source)
    assert (report.read, report.labels, store.codes()) == (3, (), [(), (), ()])
    assert store.manifest.label_columns == ()
    assert "own patient" in report.notes[0]


def test_codes_in_the_headers_are_labels_where_there_is_no_label_file(source):
    write_wfdb(ecg(4, codes=("SNOMED:164889003",)), source, "d")
    report, _ = import_folder(source)
    assert sum(count.n_positive for count in report.labels if count.label == "AF") == 1


def test_the_label_file_is_the_only_source_of_labels_where_it_is_there(source):
    write_wfdb(ecg(4, codes=("SNOMED:164889003",)), source, "d")
    _, store = import_folder(source, labels="record,paced\na,1\n")
    assert store.codes() == [("LABEL paced:1",), (), (), ()]


def test_each_column_is_a_label_and_an_empty_cell_is_unknown(source):
    labels = "Record,patient,fold,paced,AF\na,7,1,1,\nb.hea,8,2,0,1.0\nward/c,9,0,,0\n"
    report, store = import_folder(source, labels=labels)
    own, *others = store_tasks(store)
    np.testing.assert_array_equal(own.targets(store.codes()), [[1, np.nan], [0, 1], [np.nan, 0]])
    assert store.folds.tolist() == [1, 2, 0]
    assert store.manifest.label_columns == own.label_names == ("paced", "AF")
    assert [task.name for task in others] == ["nine_class"]
    assert report.notes == ()


def test_a_record_in_a_subfolder_is_named_by_its_last_part_too(source):
    _, store = import_folder(source, labels="record,x\nc,1\n")
    assert store.codes()[2] == ("LABEL x:1",)


def test_a_name_that_stands_for_two_records_is_refused(source):
    write_wfdb(ecg(5), source / "ward", "a")
    import_folder(source, "one", labels="record,x\na,1\nward/a,0\n")
    write_wfdb(ecg(6), source / "ward", "c2")
    (source / "old").mkdir()
    write_wfdb(ecg(7), source / "old", "c2")
    with pytest.raises(DatasetError, match="there twice"):
        import_folder(source, "two", labels="record,x\nc2,1\n")


def test_a_labelled_record_that_is_absent_is_reported(source):
    report, _ = import_folder(source, labels="record,x\na,1\nz,0\n")
    assert report.refused == {LABELLED_ONLY: 1}
    assert report.read == 3


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("name,x\na,1\n", "no column record"),
        ("record,x\na,maybe\n", "column x must hold 1, 0 or nothing"),
        ("record,x\na,1\na,0\n", "twice"),
        ("record,fold,x\na,11,1\n", "fold must hold"),
        ("record,fold,x\na,,1\n", "whole numbers"),
        ("record,x:y\na,1\n", "without a colon"),
    ],
)
def test_a_label_file_that_makes_no_sense_is_refused_and_leaves_nothing(source, labels, sentence):
    with pytest.raises(Exception, match=sentence) as error:
        import_folder(source, labels=labels)
    assert type(error.value).__module__ == "ecgapp.errors"
    assert not (source.parent / "stores" / "s").exists()


def test_no_id_of_the_hospital_is_kept(source):
    labels = "record,patient,x\na,MRN-Q4711,1\nb,MRN-Q4711,0\nc,MRN-Q4712,1\n"
    (source / "a.hea").write_text((source / "a.hea").read_text() + "#Name: Jane Doe MRN-Q4711\n")
    _, store = import_folder(source, labels=labels)
    kept = b"".join(path.read_bytes() for path in store.path.iterdir())
    for secret in (b"MRN", b"Q471", b"Jane", b"ward", str(source).encode()):
        assert secret not in "\n".join([*store.record_ids(), *store.patients()]).encode()
        assert secret not in kept
    assert len(set(store.patients())) == 2


def test_a_patient_has_one_id_and_one_fold_in_all_data_sets_of_a_machine(source):
    labels = "record,patient,x\na,MRN-4711,1\n"
    first, second = (import_folder(source, name, labels)[1] for name in ("one", "two"))
    assert first.patients()[0] == second.patients()[0]
    assert first.folds.tolist() == second.folds.tolist()


def test_a_patient_in_different_folds_of_two_folders_is_found(source):
    one = import_folder(source, "one", "record,patient,fold,x\na,MRN-4711,1,1\n")[1]
    two = import_folder(source, "two", "record,patient,fold,x\na,MRN-4711,2,1\n")[1]
    with pytest.raises(PatientLeakError):
        check_patient_folds([one, two])


def test_a_damaged_key_is_refused_and_not_replaced(source):
    import_folder(source, "one")
    key = source.parent / "stores" / ".patient-key"
    key.write_bytes(b"")
    with pytest.raises(DatasetError, match="key"):
        import_folder(source, "two")
    assert key.read_bytes() == b""


def test_the_key_of_the_ids_is_readable_by_its_owner_only(source):
    import_folder(source)
    key = source.parent / "stores" / ".patient-key"
    assert key.stat().st_mode & 0o077 == 0
    assert len(key.read_bytes()) == 32


def test_records_of_another_rate_come_to_the_commonest_one(source):
    write_wfdb(ecg(4, 10, 250.0), source, "d")
    _, store = import_folder(source)
    assert store.manifest.sampling_rate == 100
    assert store.n_samples.tolist() == [1000] * 4


def test_twelve_leads_are_stored_where_most_records_have_them(source):
    write_wfdb(ecg(4, leads=("II",)), source, "d")
    report, store = import_folder(source)
    assert store.manifest.leads == LEADS
    assert [count for reason, count in report.refused.items() if "lacks some of the leads" in reason] == [1]


def test_leads_that_all_records_share_are_stored_where_few_have_twelve(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for seed, leads in enumerate((("II", "V5"), ("II", "V1"), ("II",))):
        write_wfdb(ecg(seed, leads=leads), source, f"r{seed}")
    report, store = import_folder(source)
    assert (report.read, store.manifest.leads) == (3, ("II",))


def test_challenge_records_and_stray_files_lie_together(source):
    write_mat(ecg(4), source, "m")
    (source / "notes.txt").write_text("nothing")
    (source / "stray.dat").write_bytes(b"\0" * 100)
    report, _ = import_folder(source)
    assert report.read == 4
    assert report.n_refused == 1


def test_the_parts_of_a_longer_record_are_not_records_of_their_own(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    write_wfdb(ecg(1), source, "part1")
    write_wfdb(ecg(2), source, "part2")
    (source / "whole.hea").write_text("whole/2 12 100 2000\npart1 1000\npart2 1000\n")
    report, store = import_folder(source)
    assert (report.read, report.refused) == (1, {})
    np.testing.assert_allclose(store.signal(0)[:, 1000:], ecg(2).signal, atol=0.001)
