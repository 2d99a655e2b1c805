"""Fixtures that several tests share."""

import functools
import os
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real ECGs; tests that need it are skipped where it is not set."""
    folder = os.environ.get("ECG_TEST_DATA")
    if not folder:
        pytest.skip("ECG_TEST_DATA is not set: no real ECGs on this machine")
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def _components_are_looked_for_once():
    """Every AppTest reads what each installed package says of itself; none comes or goes meanwhile."""
    if "streamlit" not in sys.modules:
        yield
        return
    from streamlit.components.v2 import manifest_scanner

    once = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield
