"""The settings that keep the app on this machine and its users' ECGs out of logs and reports."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config

from ecgapp.config import PROJECT

SETTINGS = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
SAFE = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1"],
    "server.showEmailPrompt": False,
    "server.maxUploadSize": 50,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.fileWatcherType": "none",
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.disconnectedSessionTTL": 60,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "runner.postScriptGC": False,
}


def names_in(settings, above=""):
    """``server.address`` and so on, of nested tables too."""
    for key, value in settings.items():
        yield from names_in(value, f"{above}{key}.") if isinstance(value, dict) else [f"{above}{key}"]


@pytest.mark.parametrize("name", SAFE)
def test_each_setting_is_safe(name):
    section, key = name.split(".")
    assert SETTINGS[section][key] == SAFE[name]


def test_streamlit_knows_every_setting_so_that_none_is_dropped_silently():
    known = config.get_config_options()
    assert [name for name in names_in(SETTINGS) if name not in known] == []


def test_headless_is_left_to_the_machine_so_that_a_workstation_opens_its_browser():
    assert "headless" not in SETTINGS["server"]


def test_there_are_no_secrets_in_the_project():
    assert not Path(PROJECT / ".streamlit" / "secrets.toml").exists()
