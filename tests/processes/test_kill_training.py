"""A training that is killed a hundred times loses nothing but the steps since its last checkpoint."""

import pytest
from killing import report_of


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return report_of("kill_training.py", tmp_path_factory.mktemp("home"))


def test_a_training_killed_a_hundred_times_ends_with_the_weights_of_one_that_was_not(report):
    assert report["kills"] >= 100
    assert report["same weights"]


def test_at_most_one_checkpoint_interval_of_steps_is_lost(report):
    assert report["seconds lost at most"] < report["checkpoint seconds"]
    assert 0 < report["steps lost at most"] < report["steps"] / 10


def test_the_kills_met_it_in_everything_that_it_does(report):
    least = {
        "loading": 8,
        "steps": 20,
        "validation": 4,
        "writing a checkpoint": 4,
        "renaming": 3,
        "result": 10,
    }
    assert not [name for name, n in least.items() if report["phases"].get(name, 0) < n], report["phases"]


def test_no_unfinished_files_are_left_at_the_end(report):
    assert report["unfinished files"] == 0


def test_a_large_checkpoint_killed_while_it_is_written_leaves_the_one_before(tmp_path):
    report = report_of("kill_checkpoint.py", tmp_path)
    assert report["kills"] == 30
    assert report["left unfinished"] >= 5
    assert report["found unreadable"] == report["found older than told"] == 0


def test_ensembles_killed_at_random_moments_end_with_the_same_weights(tmp_path):
    report = report_of("kill_ensemble.py", tmp_path)
    assert set(report) == {"cross-fit", "bootstrap"}
    for found in report.values():
        assert found["same weights"]
        assert found["kills"] >= 5
