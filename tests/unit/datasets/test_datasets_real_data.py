"""The importers on real records: counts, label counts and patients are the published ones."""

import numpy as np
import pytest

from ecgapp.datasets import DatasetStore, ImportOptions, check_patient_folds, import_dataset
from ecgapp.tasks import task


@pytest.fixture(scope="module")
def stores(real_data, tmp_path_factory):
    """The real sources but the largest, imported once."""
    folder = tmp_path_factory.mktemp("stores")
    sources = {
        "ptb-xl": "ptb-xl",
        "ptb-xl-zscored": "ptb-xl-zscored",
        "challenge": "challenge2021",
        "ludb": "ludb",
    }
    reports = {
        name: import_dataset(name, real_data / source, folder / name) for name, source in sources.items()
    }
    return {name: (report, DatasetStore.open(folder / name)) for name, report in reports.items()}


@pytest.mark.parametrize(
    ("name", "n_records"), [("ptb-xl", 859), ("ptb-xl-zscored", 1561), ("challenge", 302), ("ludb", 150)]
)
def test_every_real_record_is_read(stores, name, n_records):
    report, store = stores[name]
    assert (report.read, len(store), report.refused) == (n_records, n_records, {})


def test_label_counts_over_both_ptb_xl_sets_are_the_published_ones(stores):
    totals = {}
    for name in ("ptb-xl", "ptb-xl-zscored"):
        for count in stores[name][0].labels:
            if count.task in ("ptbxl_superclass", "nine_class"):
                totals[count.label] = totals.get(count.label, 0) + count.n_positive
    five = {"NORM": 1307, "STTC": 642, "CD": 553, "MI": 374, "HYP": 254}
    nine = {"AF": 147, "I-AVB": 87, "LBBB": 68, "RBBB": 58, "PAC": 46, "PVC": 107, "STD": 139, "STE": 0}
    assert totals == five | nine | {"Normal": 1307}


def test_the_nine_classes_of_the_challenge_are_those_of_its_headers(stores):
    totals = np.nansum(task("nine_class").targets(stores["challenge"][1].codes()), axis=0)
    names = task("nine_class").label_names
    expected = {
        "AF": 27,
        "I-AVB": 13,
        "LBBB": 8,
        "Normal": 53,
        "RBBB": 31,
        "PAC": 33,
        "PVC": 25,
        "STD": 16,
        "STE": 10,
    }
    assert dict(zip(names, totals.astype(int).tolist(), strict=True)) == expected


def test_no_real_patient_lies_in_two_folds(stores):
    check_patient_folds([store for _, store in stores.values()])
    raw, zscored = (set(stores[name][1].patients()) for name in ("ptb-xl", "ptb-xl-zscored"))
    assert len(raw & zscored) == 3


def test_the_challenges_ptb_xl_records_are_in_no_fold(stores):
    store = stores["challenge"][1]
    ptb_xl = np.array(store.sources()) == "ptb-xl"
    assert ((store.folds == 0) == ptb_xl).all()


def test_millivolts_of_ludb_obey_einthoven(stores):
    store = stores["ludb"][1]
    first, second, third = store.signal(0)[:3]
    np.testing.assert_allclose(second, first + third, atol=0.002)
    assert 0.3 < np.ptp(second) < 5


@pytest.mark.slow
def test_every_2017_recording_is_read_with_its_label(real_data, tmp_path):
    report = import_dataset("cinc2017", real_data / "cinc2017", tmp_path / "s", ImportOptions(workers=1))
    assert (report.read, report.refused) == (6822, {})
    positives = {}
    for count in report.labels:
        positives[count.label] = positives.get(count.label, 0) + count.n_positive
    lines = (real_data / "cinc2017" / "REFERENCE-v3.csv").read_text().split()
    assert positives == {name: sum(line.endswith(f",{name}") for line in lines) for name in "NAO~"}
