"""An import goes on where it was interrupted, and the store is the same whatever happened on the way."""

import errno
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from dataset_sources import write_ptb_xl

from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import LAYOUTS, DatasetStore, ImportOptions, discard, import_dataset, unfinished_imports
from ecgapp.datasets.importing import importer, part, read_part, unfinished
from ecgapp.errors import ConfigError, DatasetError, LockedError
from ecgapp.storage.lock import claimed, is_claimed

N, PART = 23, 5  # records, and records in a part


class StopError(Exception):
    """Whatever ends an import."""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    return write_ptb_xl(folder, folds=[k % 10 + 1 for k in range(N)], patients=range(100, 100 + N))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """An installation whose imports go by parts of ``PART`` records."""
    for module in (importer, unfinished):
        monkeypatch.setattr(module, "PART_RECORDS", PART)
    return Settings(tmp_path)


def run_import(source, settings, name="s", workers=1, stop_at=None, **options):
    """The store of an import, ended by ``StopError`` once ``stop_at`` records are done; what was told."""
    told = []

    def follow(done, total):
        told.append(done)
        if stop_at is not None and done >= stop_at:
            raise StopError

    import_dataset(
        "ptb-xl", source, settings.stores / name, ImportOptions(workers=workers, **options), follow
    )
    return DatasetStore.open(settings.stores / name), told


def test_an_interrupted_import_goes_on_with_the_parts_that_are_missing(source, settings, monkeypatch):
    whole, _ = run_import(source, settings, "whole")
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    assert [path.name for path in settings.stores.iterdir() if not path.name.startswith(".")] == ["whole"]
    store, told = run_import(source, settings)
    assert told[:2] == [10, 11]  # two parts were complete
    assert store.manifest.digest == whole.manifest.digest
    store.verify()
    assert sorted(path.name for path in settings.stores.iterdir()) == ["s", "whole"]


def test_no_file_of_an_import_is_left_in_its_store(source, settings):
    store, _ = run_import(source, settings)
    named = {"manifest.json", *(name for name, _ in store.manifest.checksums())}
    assert {path.name for path in store.path.iterdir()} == named
    assert not any(str(source).encode() in path.read_bytes() for path in store.path.iterdir())


@pytest.mark.parametrize("spoilt", ["part-00000.json", "part-00001.parquet", "signals-00001-00.npy"])
@pytest.mark.parametrize("how", ["cut", "gone", "text"])
def test_a_part_that_is_no_longer_whole_is_read_again(source, settings, spoilt, how):
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    (file,) = settings.stores.glob(f".importing-*/{spoilt}")
    content = file.read_bytes()
    file.unlink()
    if how != "gone":
        file.write_bytes(content[:-9] if how == "cut" else b"no")
    store, told = run_import(source, settings)
    assert told[0] == 5
    store.verify()
    np.testing.assert_array_equal(store.folds, [k % 10 + 1 for k in range(N)])


def changed_source(tmp_path, rows):
    """A source of ``N`` records whose ``rows`` have no signal files yet, and what brings them."""
    source = write_ptb_xl(tmp_path / "own", folds=[k % 10 + 1 for k in range(N)], patients=range(N))
    files = [source / "records100" / "00000" / f"{row + 1:05d}_lr.dat" for row in rows]
    for file in files:
        file.rename(file.with_suffix(".later"))
    return source, lambda: [file.with_suffix(".later").rename(file) for file in files]


def test_a_part_whose_files_changed_is_read_again_and_no_other(settings, tmp_path):
    source, complete = changed_source(tmp_path, [7])  # in the second part
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    complete()
    store, told = run_import(source, settings)
    assert told[0] == 5  # the first part was kept
    assert (len(store), store.manifest.refused) == (N, {})
    assert store.manifest.digest == run_import(source, settings, "fresh")[0].manifest.digest
    store.verify()


def test_a_file_of_the_same_size_that_was_written_since_is_another_file(settings, tmp_path):
    source, _ = changed_source(tmp_path, [])
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    files = [source / "records100" / "00000" / f"{row:05d}_lr" for row in (1, 2)]
    for suffix in (".hea", ".dat"):
        text = files[1].with_suffix(suffix).read_bytes().replace(b"00002_lr", b"00001_lr")
        files[0].with_suffix(suffix).write_bytes(text)
    store, _ = run_import(source, settings)
    np.testing.assert_array_equal(store.signal(0), store.signal(1))


def test_a_source_that_changed_after_its_import_was_killed_on_the_last_step_is_read_again(
    settings, tmp_path, monkeypatch
):
    source, complete = changed_source(tmp_path, [7])
    with monkeypatch.context() as patched:
        patched.setattr(importer, "publish", lambda folder, destination: (_ for _ in ()).throw(StopError))
        with pytest.raises(StopError):
            run_import(source, settings)
    complete()
    assert len(run_import(source, settings)[0]) == N


def test_a_part_that_is_begun_anew_has_no_note_of_what_it_was(source, settings, monkeypatch):
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    (note,) = settings.stores.glob(".importing-*/part-00001.json")
    with part.PartWriter(note.parent, 1, ("I",), 100.0):
        assert not note.exists()


def test_a_signal_under_another_name_than_its_header_is_watched_too(settings, tmp_path):
    folder = write_ptb_xl(tmp_path / "own") / "records100" / "00000"
    header = folder / "00001_lr.hea"
    header.write_text(header.read_text().replace("00001_lr.dat", "signal.bin"))
    (folder / "00001_lr.dat").rename(folder / "signal.bin")
    before = [entry.state for entry in LAYOUTS["folder"].scan(folder, ImportOptions()).entries]
    os.utime(folder / "signal.bin", ns=(0, 0))
    after = [entry.state for entry in LAYOUTS["folder"].scan(folder, ImportOptions()).entries]
    assert [a == b for a, b in zip(after, before, strict=True)] == [False, True, True]


def test_an_import_of_another_source_or_with_other_choices_begins_anew(source, settings, tmp_path):
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    other = write_ptb_xl(tmp_path / "other", folds=range(1, 9), patients=range(8))
    for arguments in ((other, {}), (source, {"leads": ("II",)})):
        with pytest.raises(StopError):
            run_import(arguments[0], settings, stop_at=6, **arguments[1])
    assert len(unfinished_imports(settings)) == 3
    _, told = run_import(source, settings)
    assert told[0] == 10
    assert [path.name for path in settings.stores.iterdir()] == ["s"]  # the others cannot go on any more


def test_an_interrupted_import_is_listed_with_what_it_kept_and_can_be_discarded(source, settings):
    assert unfinished_imports(settings) == ()
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13, leads=("II", "V1"))
    (found,) = unfinished_imports(settings)
    assert (found.plan.name, found.plan.n_records, found.n_done) == ("s", N, 10)
    assert (found.plan.source, found.plan.leads) == (str(source), ("II", "V1"))
    assert found.n_bytes > 10 * 2 * 1000 * 2
    discard(found)
    assert unfinished_imports(settings) == ()
    assert list(settings.stores.iterdir()) == []


def test_an_import_that_was_killed_on_its_last_step_is_only_given_its_name(source, settings, monkeypatch):
    def killed(folder, destination):
        raise StopError

    with monkeypatch.context() as patched:
        patched.setattr(importer, "publish", killed)
        with pytest.raises(StopError):
            run_import(source, settings)
    with monkeypatch.context() as patched:
        patched.setattr(read_part, "fitted", killed)
        store, _ = run_import(source, settings)
    store.verify()
    assert {path.suffix for path in store.path.iterdir()} == {".json", ".npy", ".parquet"}
    assert not list(store.path.glob("part-*"))


def test_two_imports_into_one_name_do_not_mix(source, settings):
    settings.stores.mkdir()
    with claimed(settings.stores / "s"):
        assert is_claimed(settings.stores / "s")
        with pytest.raises(LockedError, match="already"):
            run_import(source, settings)
        run_import(source, settings, "another")
    assert not is_claimed(settings.stores / "s")
    run_import(source, settings)


def test_an_import_that_is_under_way_is_not_discarded(source, settings):
    with pytest.raises(StopError):
        run_import(source, settings, stop_at=13)
    (found,) = unfinished_imports(settings)
    with claimed(settings.stores / "s"):
        assert unfinished_imports(settings) == ()
        with pytest.raises(LockedError, match="already"):
            discard(found)
    assert found.folder.exists()


def test_a_full_disk_keeps_the_parts_that_are_complete(source, settings, monkeypatch):
    real = part.write_atomically

    def full(path, content):
        if path.name.startswith("part-00002"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(part, "write_atomically", full)
        with pytest.raises(DatasetError, match="disk is full"):
            run_import(source, settings)
    assert [item.n_done for item in unfinished_imports(settings)] == [10]
    store, told = run_import(source, settings)
    assert told[0] == 10
    store.verify()


def test_a_destination_that_cannot_be_written_is_refused_in_one_sentence(source, settings):
    settings.stores.write_text("a file where the folder should be")
    with pytest.raises(DatasetError, match="may not be read or written"):
        run_import(source, settings)


def test_less_than_one_process_is_refused():
    with pytest.raises(ConfigError, match="one process"):
        ImportOptions(workers=-1)


def test_an_import_that_is_killed_twenty_times_ends_in_the_same_store(source, tmp_path):
    """Each store that comes through is compared with an undisturbed import's, file by file."""
    program = PROJECT / "tests" / "support" / "killing_imports.py"
    arguments = [sys.executable, str(program), str(source), str(tmp_path / "s"), "20", str(PART)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed, _ = map(int, done.stdout.split())
    assert killed == 20
    store = import_dataset("ptb-xl", source, tmp_path / "s")
    assert store.read == N


SIDE_BY_SIDE = """
import sys, time
from pathlib import Path
from ecgapp.datasets import DatasetStore, ImportOptions, import_dataset
from ecgapp.datasets.importing import importer, unfinished

def follow(done, total):
    print(done, flush=True)
    time.sleep(60)

if __name__ == "__main__":
    importer.PART_RECORDS = unfinished.PART_RECORDS = 5
    import_dataset("ptb-xl", Path(sys.argv[1]), Path(sys.argv[2]), ImportOptions(workers=2), follow)
"""


@pytest.fixture
def side_by_side(source, tmp_path):
    """Begins an import by two processes, in a program of its own, which waits once it has told something."""
    program = tmp_path / "program.py"
    program.write_text(SIDE_BY_SIDE)
    (tmp_path / "stores").mkdir()
    arguments = [sys.executable, str(program), str(source), str(tmp_path / "stores" / "s")]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return lambda: subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)


def test_two_processes_give_the_same_store_as_one_and_end_when_theirs_is_killed(
    source, settings, side_by_side
):
    one, _ = run_import(source, settings, "one")
    process = side_by_side()
    process.stdout.readline()
    helpers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert helpers
    assert psutil.wait_procs(helpers, timeout=10)[1] == []
    two, told = run_import(source, settings, workers=2)
    assert told[-1] == N
    assert two.manifest.digest == one.manifest.digest


def test_stopping_two_processes_keeps_their_parts(source, settings, monkeypatch):
    begun = time.monotonic()
    with pytest.raises(StopError):
        run_import(source, settings, workers=2, stop_at=11)
    assert time.monotonic() - begun < 60
    store, told = run_import(source, settings)
    assert told[-1] == N
    store.verify()


@pytest.mark.skipif(sys.platform == "win32", reason="workers are told from others by their parent")
def test_a_process_that_is_killed_ends_the_import_in_one_sentence_and_keeps_the_parts(source, settings):
    def kill_workers(done, total):  # one part of five is not yet handed out
        for process in psutil.Process().children(recursive=True):
            if process.ppid() != os.getpid():
                process.kill()

    with pytest.raises(DatasetError, match="goes on where it stopped"):
        import_dataset("ptb-xl", source, settings.stores / "s", ImportOptions(workers=2), kill_workers)
    store, _ = run_import(source, settings)
    store.verify()
