"""Fixtures that pages share."""

import pytest
import tiny_models

from ecgapp.config import Settings
from ecgapp.jobs import RunStore
from ecgapp.storage import admin_password


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """An installation with one tiny classifier and one tiny autoencoder."""
    home = tmp_path_factory.mktemp("home")
    tiny_models.install(home / "weights")
    return home


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """An installation whose runs stay queued: no test of a page starts a process."""
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(admin_password, "COST", 2**8)
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    return Settings(tmp_path / "home")


@pytest.fixture
def runs(settings):
    return RunStore(settings.runs)
