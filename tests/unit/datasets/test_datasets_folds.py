"""Folds are patient-wise, and a patient in two folds is an error that names nobody."""

import pytest
from dataset_sources import ecg, make_store, write_ptb_xl

from ecgapp.datasets import check_patient_folds, import_dataset, stable_fold
from ecgapp.errors import PatientLeakError


def store_of(path, *members):
    return make_store(path, [ecg(k) for k in range(len(members))], [(*member, ()) for member in members])


def test_a_patients_fold_depends_on_the_patient_alone():
    assert stable_fold("challenge:A0001") == stable_fold("challenge:A0001")
    folds = [stable_fold(f"challenge:A{k:04d}") for k in range(2000)]
    assert set(folds) == set(range(1, 11))
    assert max(folds.count(fold) for fold in range(1, 11)) < 260
    assert [stable_fold(name) for name in ("a", "b", "c")] == [1, 7, 1]  # for ever


def test_patients_that_keep_to_one_fold_pass(tmp_path):
    one = store_of(tmp_path / "one", ("a", 1), ("a", 1), ("b", 2))
    two = store_of(tmp_path / "two", ("a", 1), ("c", 9))
    check_patient_folds([one, two])
    check_patient_folds([one])
    moved = store_of(tmp_path / "moved", ("a", 1), ("b", 9))
    with pytest.raises(PatientLeakError, match="1 patient has"):
        check_patient_folds([one, two, moved])


def test_a_patient_in_two_folds_is_an_error_that_names_no_patient(tmp_path):
    store = store_of(tmp_path / "s", ("secret-77", 1), ("secret-77", 2), ("b", 2))
    with pytest.raises(PatientLeakError, match="1 patient has") as error:
        check_patient_folds([store])
    assert "secret" not in str(error.value)


def test_a_patient_in_different_folds_of_two_data_sets_is_an_error(tmp_path):
    one = store_of(tmp_path / "one", ("a", 1), ("b", 3))
    two = store_of(tmp_path / "two", ("a", 2), ("b", 4))
    check_patient_folds([one])
    check_patient_folds([two])
    with pytest.raises(PatientLeakError, match="2 patients have"):
        check_patient_folds([one, two])


def test_fold_zero_is_no_leak_because_nothing_is_trained_on_it(tmp_path):
    check_patient_folds([store_of(tmp_path / "s", ("a", 0), ("a", 2))])
    with pytest.raises(PatientLeakError, match="1 patient has"):
        check_patient_folds([store_of(tmp_path / "t", ("a", 0), ("a", 2), ("a", 3))])


def test_an_import_with_a_patient_in_two_folds_is_refused_and_leaves_nothing(tmp_path):
    source = write_ptb_xl(tmp_path / "source", folds=(1, 2, 3), patients=(11, 12, 12))
    with pytest.raises(PatientLeakError, match="1 patient has") as error:
        import_dataset("ptb-xl", source, tmp_path / "stores" / "s")
    assert "12" not in str(error.value)
    assert list(tmp_path.glob("stores/*")) == []
