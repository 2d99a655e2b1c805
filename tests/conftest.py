"""Fixtures that several tests share."""

import functools
import os
import sys
from pathlib import Path, PurePath

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: one core for each worker

TIMED = {"processes": "slow", "browser": "browser"}
"""Folders whose tests start processes and measure time, each with the marker of its tests."""

UNTIMED = {
    "test_checkpoints",
    "test_kill_training",
    "test_stacked_networks",
    "test_training_further",
    "test_training_memory",
    "test_training_run",
    "test_training_together",
}
"""Modules among them that compute: no time limit of another process decides what they assert."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of processes and browsers by their folder."""
    for item in items:
        if item.path.parent.name in TIMED:
            item.add_marker(TIMED[item.path.parent.name])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """The scheduler of several workers: all timed tests on one worker, the others by file.

    Two timed tests at once could starve each other on two cores. A file's fixtures are made once. Groups by
    marker (``--dist loadgroup``) are not heeded by pytest-xdist 3.8 under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = PurePath(nodeid.split("::", 1)[0])
            timed = path.parent.name in TIMED and path.stem not in UNTIMED
            return "timed" if timed else str(path)

    return ByFile(config, log)


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
