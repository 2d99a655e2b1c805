"""An upload is staged privately, under names of ours, and gone once it is read."""

import io
import stat

import pytest

from ecgapp.errors import IncompleteRecordError, RecordError, UnsupportedRecordError
from ecgapp.records import SyntheticConfig, synthesise, upload, write_wfdb
from ecgapp.records.upload import read_upload


class Dropped(io.BytesIO):
    """A file as the browser sends it."""

    def __init__(self, name, content):
        super().__init__(content)
        self.name = name
        self.size = len(content)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    record = synthesise(SyntheticConfig()).record
    header, signal = write_wfdb(record, tmp_path_factory.mktemp("wfdb"), "name")
    return header.read_bytes(), signal.read_bytes()


@pytest.mark.parametrize("turned", [False, True], ids=["header first", "signal first"])
def test_both_files_make_a_record_in_any_order(pair, tmp_path, turned):
    files = [Dropped("name.hea", pair[0]), Dropped("name.dat", pair[1])]
    record = read_upload(files[::-1] if turned else files, tmp_path / "uploads")
    assert record.n_leads == 12
    assert record.duration == 10.0


def test_nothing_of_an_upload_stays_behind(pair, tmp_path):
    read_upload([Dropped("name.hea", pair[0]), Dropped("name.dat", pair[1])], tmp_path / "uploads")
    with pytest.raises(RecordError):
        read_upload([Dropped("name.hea", pair[0])], tmp_path / "uploads")
    assert list((tmp_path / "uploads").rglob("*")) == []


@pytest.mark.parametrize("name", ["../../evil.hea", "/etc/cron.d/evil.hea", "a\x00b.hea", "Müller^Hans.HEA"])
def test_an_uploaded_name_is_never_used(pair, tmp_path, monkeypatch, name):
    seen = []

    def look(paths):
        seen.extend(paths)
        raise IncompleteRecordError("enough")

    monkeypatch.setattr(upload, "read_record", look)
    with pytest.raises(IncompleteRecordError):
        read_upload([Dropped(name, pair[0]), Dropped("x.dat/../../y.dat", pair[1])], tmp_path / "uploads")
    assert [path.name for path in seen] == ["record-0.hea", "record-1.dat"]
    assert all(path.parent.parent == tmp_path / "uploads" for path in seen)


def test_a_strange_suffix_is_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "read_record", lambda paths: [path.name for path in paths])
    assert read_upload([Dropped("x.d\x00t", b""), Dropped("y", b"")], tmp_path) == ["record-0", "record-1"]


def test_the_staging_folder_is_private(pair, tmp_path, monkeypatch):
    modes = []
    monkeypatch.setattr(
        upload, "read_record", lambda paths: modes.append(paths[0].parent.stat().st_mode & 0o777)
    )
    read_upload([Dropped("name.hea", pair[0])], tmp_path / "uploads")
    assert modes == [0o700]
    assert stat.S_IMODE((tmp_path / "uploads").stat().st_mode) == 0o700


def test_too_large_an_upload_is_refused_before_it_is_staged(tmp_path):
    file = Dropped("x.dat", b"")
    file.size = upload.LARGEST + 1
    with pytest.raises(UnsupportedRecordError, match="50 MB"):
        read_upload([file], tmp_path / "uploads")
    assert not (tmp_path / "uploads").exists()
