"""The cost of a store of many records: files opened, bytes in memory and lines read, not seconds."""

import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks import store as benchmark
from benchmarks.simulated import PER_PATIENT, simulate
from ecgapp.datasets import (
    LAYOUTS,
    DatasetStore,
    ImportOptions,
    check_patient_folds,
    folds,
    label_counts,
)
from ecgapp.datasets.importing.entries import packed
from ecgapp.datasets.layouts.layout import Entry
from ecgapp.errors import PatientLeakError
from ecgapp.tasks import task

FEW, MANY = 2_000, 100_000


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A small store and one of fifty times its records."""
    folder = tmp_path_factory.mktemp("simulated")
    for n in (FEW, MANY):
        simulate(folder / f"s{n}", n)
    return {n: folder / f"s{n}" for n in (FEW, MANY)}


@pytest.fixture
def opened(monkeypatch):
    """The names of the files that Python code opens from now on."""
    names = []
    real = Path.open

    def counted(self, *arguments, **options):
        names.append(self.name)
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", counted)
    return names


def kept(act):
    """The peak of bytes allocated by ``act``; mapped files are none."""
    tracemalloc.start()
    act()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_opening_reads_the_manifest_and_no_line_of_the_index(paths, opened, monkeypatch):
    for reader in ("read_table", "read_metadata", "ParquetFile"):
        monkeypatch.setattr(pq, reader, lambda *_, **__: pytest.fail("a table was read"))
    assert len(DatasetStore.open(paths[MANY])) == MANY
    assert not any(name.startswith("signals") for name in opened)
    per_shard = kept(lambda: DatasetStore.open(paths[MANY])) / (MANY / 1000)
    assert per_shard < 4_000  # bytes: of a thousand records one line of the manifest


def test_memory_of_sampling_does_not_depend_on_the_number_of_records(paths):
    def sample(store):
        rows = np.random.default_rng(0).integers(len(store), size=64)
        for batch, _ in store.batches(rows, 64):
            assert batch.shape == (64, 12, 5000)

    small, large = (kept(lambda n=n: sample(DatasetStore.open(paths[n]))) for n in (FEW, MANY))
    assert large - small < 2_000_000  # the batch itself takes 15 MB


def test_no_file_of_signals_stays_open(paths):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    store = DatasetStore.open(paths[MANY])
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        rows = np.arange(0, MANY, 1000)
        assert sum(1 for _ in store.batches(rows, 64)) == -(-len(rows) // 64)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_one_record_reads_one_group_of_names(paths, monkeypatch):
    read = []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, i, **k: read.append(i) or real(self, i, **k)
    )
    store = DatasetStore.open(paths[MANY])
    assert store.record(61_234).record_id == "simulated/00061234"
    assert read == [61]
    assert store.patients(np.array([3, 99_999, 4])) == [
        f"simulated:{row // PER_PATIENT:08d}" for row in (3, 99_999, 4)
    ]


def test_labels_are_asked_of_kinds_and_not_of_records(paths):
    store = DatasetStore.open(paths[MANY])
    superclass = task("ptbxl_superclass")
    asked = []
    counting = type(superclass).targets

    class Counting(type(superclass)):
        """Counts the records that it is asked about."""

        def targets(self, records, sources=None):
            asked.extend(records := list(records))
            return counting(self, records, sources)

    counted = Counting(superclass.name, superclass.title, superclass.labels, superclass.multilabel)
    targets = store.targets(counted)
    assert len(asked) == len(store.kinds) < 400
    positives = {(c.label, c.fold): c.n_positive for c in label_counts(store, superclass)}
    column = superclass.label_names.index("MI")
    for fold in (1, 10):
        assert positives["MI", fold] == (targets[store.rows((fold,)), column] == 1).sum()


@pytest.mark.parametrize("together", [folds.TOGETHER, 15_000])
def test_a_leak_is_found_in_one_pass_or_in_many(paths, monkeypatch, together):
    monkeypatch.setattr(folds, "TOGETHER", together)
    store = DatasetStore.open(paths[MANY])
    check_patient_folds([store, DatasetStore.open(paths[FEW])])
    moved = store.folds.copy()
    moved[[0, 1, 75_000]] = 7
    with pytest.raises(PatientLeakError, match="2 patients have"):
        folds.check_folds([(store.patient_keys, moved)])


def test_an_import_holds_some_bytes_of_each_record_that_it_is_about_to_read():
    def pack(n):
        named = (Entry(f"e/{k}", f"p:{k}", 1, "e", f"folder/{k}", ("SCP:NORM",), k) for k in range(n))
        return kept(lambda: packed(named, 500))

    few, many = pack(1_000), pack(5_000)
    assert (many - few) / 4_000 < 100  # bytes a record


def test_no_folder_is_held_in_memory_while_another_is_gone_through(tmp_path):
    def walked(n):
        for number in range(n):
            for name in ("a.hea", "a.mat"):
                path = tmp_path / f"g{number}" / name
                path.parent.mkdir(exist_ok=True)
                path.write_text("#Dx: 426783006\n")
        return kept(lambda: packed(LAYOUTS["challenge"].scan(tmp_path, ImportOptions()).entries, 50))

    few, many = walked(50), walked(250)
    assert (many - few) / 200 < 400  # bytes a record: the names of the outer folder, for a moment


def test_many_passes_take_less_memory_than_one(paths, monkeypatch):
    store = DatasetStore.open(paths[MANY])
    monkeypatch.setattr(folds, "_BLOCK", 10_000)
    once = kept(lambda: check_patient_folds([store]))
    monkeypatch.setattr(folds, "TOGETHER", MANY // 20)
    assert kept(lambda: check_patient_folds([store])) < once / 5


def test_the_benchmark_explains_itself_and_looks_at_a_store(paths, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(["--help"])
    assert "python -m benchmarks.store" in capsys.readouterr().out
    found = benchmark.look(paths[FEW], paths[FEW])
    assert found.sampling > 0
    assert found.memory_open < 50
