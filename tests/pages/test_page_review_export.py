"""The data page: reviewed ECGs leave as training labels, and the trail as a table; for administrators."""

import io
import zipfile

import pytest
from admin_pages import open_page, said
from dataset_sources import ecg
from review_events import P, answers, event

from ecgapp.config import Settings
from ecgapp.errors import AccessError
from ecgapp.records import fingerprint
from ecgapp.records.archive import Archive
from ecgapp.reviews import EventKind, Journal, reading_mode


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """One ECG reviewed, signed and kept, another reviewed alone."""
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path))
    settings, journal = Settings(tmp_path), Journal(Settings(tmp_path))
    for seed in range(2):
        journal.add(event(EventKind.EDITED, record=fingerprint(ecg(seed)), answers=answers(AF=P)))
    journal.add(event(EventKind.SIGNED, record=fingerprint(ecg(0))))
    journal.add(event(EventKind.KEPT, record=Archive(settings).keep(ecg(0))))
    return settings


@pytest.fixture
def saved(monkeypatch):
    """The content that each button would save, made on demand."""
    files = {}

    def button(_label, data, file_name, *_arguments, **_options):
        files[file_name] = data

    monkeypatch.setattr("streamlit.download_button", button)
    return files


def test_labels_and_trail_can_be_saved(settings, saved):
    page = open_page("data", settings)
    assert not page.exception
    assert "2 reviewed, 1 of them signed; 1 kept for training." in said(page)
    with zipfile.ZipFile(io.BytesIO(saved["reviewed-ecgs.zip"]())) as archive:
        assert b"record,patient,AF" in archive.read("labels.csv")
    assert saved["review-trail.csv"]().count(b"\n") == 5


def test_who_is_signed_in_no_more_gets_neither(settings, saved):
    open_page("data", settings)
    (settings.home / "admin.json").unlink()
    for make in saved.values():
        with pytest.raises(AccessError):
            make()


def test_without_the_password_there_is_nothing(settings):
    page = open_page("data", settings, signed_in=False)
    assert "reviewed" not in said(page)


def test_the_administrator_chooses_how_sessions_begin(settings):
    page = open_page("data", settings)
    page.toggle(key="read_first_default").set_value(True).run()
    assert not page.exception
    assert reading_mode(settings).read_first
    assert page.toggle(key="read_first_default").value
