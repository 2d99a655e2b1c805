"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real ECGs; tests that need it are skipped where it is not set."""
    folder = os.environ.get("ECG_TEST_DATA")
    if not folder:
        pytest.skip("ECG_TEST_DATA is not set: no real ECGs on this machine")
    return Path(folder)
