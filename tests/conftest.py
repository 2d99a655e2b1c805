"""Fixtures that several tests share."""

import functools
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: one core for each worker

TIMED = {"processes": "slow", "browser": "browser"}
"""Folders whose tests start processes and measure time, each with the marker of its tests."""

UNTIMED = {"test_training_run", "test_training_further", "test_checkpoints", "test_stacked_networks"}
"""Modules among them that train in the process of the test."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of processes and browsers, and group tests for ``--dist loadgroup``.

    All timed ones are on one worker: two at once could starve each other on two cores. Others stay together
    by file, so that a file's fixtures are made once.
    """
    for item in items:
        folder = item.path.parent.name
        timed = folder in TIMED and item.path.stem not in UNTIMED
        if folder in TIMED:
            item.add_marker(TIMED[folder])
        item.add_marker(pytest.mark.xdist_group("timed" if timed else item.path.stem))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real ECGs; tests that need it are skipped where it is not set."""
    folder = os.environ.get("ECG_TEST_DATA")
    if not folder:
        pytest.skip("ECG_TEST_DATA is not set: no real ECGs on this machine")
    return Path(folder)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory):
    """An installation with the data set ``small``, for tests that only read it; others make their own."""
    from small_training import small_settings

    return small_settings(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def finished(settings, tmp_path_factory: pytest.TempPathFactory):
    """The finished training of a config on the data set ``small``; each is trained once."""
    from small_training import FinishedTraining, Recorder

    from ecgapp import training

    @functools.cache
    def train(config):
        folder, recorder = tmp_path_factory.mktemp("finished"), Recorder()
        return FinishedTraining(training.train(config, recorder, folder, settings), folder, recorder)

    return train


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
