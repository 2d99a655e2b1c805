"""The store gives back what was put in, whatever its length, and shows when it is damaged."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import ecg, make_store

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, delete_store, open_store, shards, store_names, store_path
from ecgapp.datasets.columns import COLUMNS, KINDS, NAMES, column_file
from ecgapp.datasets.importing.part import PartWriter
from ecgapp.datasets.manifest import MANIFEST, VERSION
from ecgapp.datasets.membership import Membership
from ecgapp.datasets.shards import bucket_samples, quantise
from ecgapp.errors import DatasetError
from ecgapp.records import LEADS
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of
from ecgapp.tasks import task

LENGTHS = (10.0, 1.0, 12.34, 10.01, 61.0)


@pytest.fixture
def records():
    return [ecg(seed, seconds) for seed, seconds in enumerate(LENGTHS)]


def half_a_step(signal):
    """The rounding error that a lead's own scale allows."""
    return np.abs(signal).max(axis=-1, keepdims=True) / 32767 * 0.505  # half a step, and float32 rounding


def test_every_record_comes_back_within_half_a_quantisation_step(tmp_path, records):
    store = make_store(tmp_path / "s", records)
    assert len(store) == len(records)
    for i, record in enumerate(records):
        back = store.signal(i)
        assert back.shape == record.signal.shape
        assert back.dtype == np.float32
        assert (np.abs(back - record.signal) <= half_a_step(record.signal)).all()


def test_a_shard_that_is_full_gives_way_to_the_next(tmp_path, records, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 2 * 12 * 1000 * 2)
    many = [ecg(seed) for seed in range(7)]
    store = make_store(tmp_path / "s", many)
    assert [part.n for part in store.manifest.shards] == [2, 2, 2, 1]
    for i, record in enumerate(many):
        np.testing.assert_allclose(store.signal(i), record.signal, atol=1e-3)


def test_lengths_that_alternate_keep_their_own_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 3 * 12 * 2000 * 2)
    mixed = [ecg(seed, 10.0 if seed % 2 else 15.0) for seed in range(12)]
    store = make_store(tmp_path / "s", mixed)
    for i, record in enumerate(mixed):
        np.testing.assert_allclose(store.signal(i), record.signal, atol=1e-3)


def test_a_flat_lead_stays_flat_and_a_tiny_one_keeps_its_shape():
    signal = np.zeros((2, 100), dtype=np.float32)
    signal[1] = 1e-30 * np.arange(100)
    steps, scales = quantise(signal)
    back = steps * scales[:, None]
    assert (back[0] == 0).all()
    np.testing.assert_allclose(back[1], signal[1], rtol=0.01, atol=1e-33)


def test_the_largest_value_of_a_lead_is_reached_and_not_clipped():
    signal = np.array([[-3.0, 1.5, 0.0]], dtype=np.float32)
    steps, scales = quantise(signal)
    np.testing.assert_allclose(steps * scales[:, None], signal, rtol=1e-4)
    assert steps.min() == -32767


@pytest.mark.parametrize(
    ("n_samples", "bucket"), [(1, 1000), (1000, 1000), (1001, 2000), (2001, 4000), (180_000, 256_000)]
)
def test_buckets_double_so_that_nothing_is_cut(n_samples, bucket):
    assert bucket_samples(n_samples, 100.0) == bucket


def test_batches_hold_every_record_once_in_groups_of_equal_length(tmp_path):
    records = [ecg(seed, 10.0 if seed % 3 else 7.0) for seed in range(10)]
    store = make_store(tmp_path / "s", records)
    chosen = np.array([9, 0, 3, 4, 5])
    seen = []
    for signal, rows in store.batches(chosen, 2):
        assert len(rows) <= 2
        for one, row in zip(signal, rows, strict=True):
            np.testing.assert_array_equal(one, store.signal(row))
            seen.append(int(row))
    assert sorted(seen) == sorted(chosen.tolist())


def test_rows_are_those_of_the_folds_asked_for(tmp_path):
    members = [("a", 1, ()), ("b", 0, ()), ("c", 9, ()), ("d", 1, ())]
    store = make_store(tmp_path / "s", [ecg(k) for k in range(4)], members)
    assert store.rows((1,)).tolist() == [0, 3]
    assert store.rows((9, 10)).tolist() == [2]
    assert store.rows().tolist() == [0, 1, 2, 3]


def test_codes_and_patients_come_back_with_their_record(tmp_path):
    members = [("a", 1, ("SCP:NORM", "SCP:SR")), ("b", 2, ())]
    store = make_store(tmp_path / "s", [ecg(0), ecg(1)], members)
    assert store.codes() == [("SCP:NORM", "SCP:SR"), ()]
    assert store.codes(np.array([1])) == [()]
    assert store.patients() == ["a", "b"]
    assert store.record(0).codes == ("SCP:NORM", "SCP:SR")
    assert store.record(1).leads == LEADS


def test_memory_does_not_grow_with_the_number_of_records(tmp_path):
    record, n = ecg(0), 200
    with PartWriter(tmp_path, 0, LEADS, 100.0) as part:
        tracemalloc.start()
        for k in range(n):
            part.add(record, Membership(str(k), str(k), 1, (), "test"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < n * record.signal.size * 2 / 4


def test_a_part_that_is_left_early_leaves_nothing(tmp_path):
    class StopError(Exception):
        """An error that ends an import."""

    def write_half():
        with PartWriter(tmp_path, 0, LEADS, 100.0) as part:
            part.add(ecg(0), Membership("r", "p", 1, (), "test"))
            raise StopError

    with pytest.raises(StopError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_an_untouched_store_verifies_and_a_changed_byte_is_found(tmp_path):
    store = make_store(tmp_path / "s", [ecg(0)])
    store.verify()
    signals = tmp_path / "s" / store.manifest.shards[0].signals
    content = bytearray(signals.read_bytes())
    content[-1] ^= 1
    signals.write_bytes(content)
    with pytest.raises(DatasetError, match="damaged"):
        store.verify()


FILES = [NAMES, KINDS, "signals-00000-00.npy", *(f"{name}.npy" for name in COLUMNS)]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_damaged_store_is_refused_in_one_sentence(tmp_path, name, damage):
    path = tmp_path / "s"
    make_store(path, [ecg(0)])
    content = (path / name).read_bytes()
    (path / name).unlink()
    if damage != "missing":
        (path / name).write_bytes(content[: len(content) // 2] if damage == "truncated" else b"no")
    with pytest.raises(DatasetError, match="Import it again") as error:
        DatasetStore.open(path).record(0)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"n": 1', '"n": 2'),
        ('"n_samples"', '"n_leads"'),
        ("signals-00000-00.npy", "../../signals-00000-00.npy"),
        ("names.parquet", "../names.parquet"),
        ("fold.npy", "folds.npy"),
        ('"units"', '"unit"'),
        ("{", "["),
    ],
)
def test_a_manifest_that_lies_is_refused(tmp_path, old, new):
    manifest = tmp_path / "s" / MANIFEST
    make_store(tmp_path / "s", [ecg(0)])
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))
    with pytest.raises(DatasetError):
        DatasetStore.open(tmp_path / "s")


@pytest.mark.parametrize(
    ("version", "todo"), [(1, "import it again"), (9, "Update the app"), ('"x"', "Update")]
)
def test_a_store_of_another_version_says_what_to_do(tmp_path, version, todo):
    manifest = tmp_path / "s" / MANIFEST
    make_store(tmp_path / "s", [ecg(0)])
    manifest.write_text(manifest.read_text().replace(f'"version": {VERSION}', f'"version": {version}'))
    with pytest.raises(DatasetError, match=todo):
        DatasetStore.open(tmp_path / "s")


@pytest.mark.parametrize(
    ("column", "values"), [("row", [0, 2]), ("row", [-1, 0]), ("shard", [0, 1]), ("n_samples", [1000, 1001])]
)
def test_an_index_that_points_outside_its_shards_is_refused_where_it_is_read(tmp_path, column, values):
    make_store(tmp_path / "s", [ecg(0), ecg(1)])
    np.save(tmp_path / "s" / column_file(column), np.array(values, COLUMNS[column]))
    store = DatasetStore.open(tmp_path / "s")
    with pytest.raises(DatasetError, match="damaged"):
        list(store.batches(store.rows(), 2))


@pytest.mark.parametrize(
    ("column", "values"), [("row", [0, 2]), ("shard", [0, -1]), ("fold", [1, 11]), ("kind", [0, 7])]
)
def test_a_store_that_was_written_wrongly_is_found_though_its_checksums_agree(tmp_path, column, values):
    path = tmp_path / "s" / column_file(column)
    store = make_store(tmp_path / "s", [ecg(0), ecg(1)])
    np.save(path, np.array(values, COLUMNS[column]))
    index = [replace(file, sha256=sha256_of(tmp_path / "s" / file.name)) for file in store.manifest.index]
    (tmp_path / "s" / MANIFEST).write_text(documents.dump(replace(store.manifest, index=tuple(index))))
    with pytest.raises(DatasetError, match="damaged"):
        DatasetStore.open(tmp_path / "s").verify()


def test_targets_are_those_of_each_records_codes(tmp_path):
    codes = [("SCP:NORM",), ("SCP:AFIB",), (), ("SCP:NORM",)]
    store = make_store(tmp_path / "s", [ecg(k, codes=code) for k, code in enumerate(codes)])
    nine = task("nine_class")
    np.testing.assert_array_equal(store.targets(nine), nine.targets(store.codes()))
    np.testing.assert_array_equal(store.targets(nine, np.array([3, 1])), nine.targets([codes[3], codes[1]]))
    assert len(store.kinds) == 3


def test_a_store_is_found_by_its_name_or_by_its_path(tmp_path):
    settings = Settings(tmp_path)
    make_store(settings.stores / "one", [ecg(0)])
    make_store(tmp_path / "elsewhere", [ecg(1)])
    assert store_names(settings) == ("one",)
    assert open_store("one", settings).name == "one"
    assert open_store(str(tmp_path / "elsewhere"), settings).name == "elsewhere"
    with pytest.raises(DatasetError, match="Import it first"):
        open_store("two", settings)


def test_a_deleted_store_is_gone(tmp_path):
    settings = Settings(tmp_path)
    make_store(settings.stores / "one", [ecg(0)])
    delete_store("one", settings)
    assert list(settings.stores.iterdir()) == []
    with pytest.raises(DatasetError):
        delete_store("one", settings)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "x" * 65, "a b", "a\n"])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(DatasetError):
        store_path(name, Settings(tmp_path))
    assert store_path("ptb-xl_1.0", Settings(tmp_path)).parent == Settings(tmp_path).stores
