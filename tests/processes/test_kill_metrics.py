"""A run whose process is killed a hundred times keeps every number, event and state that it had written."""

import pytest
from killing import report_of


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return report_of("kill_metrics.py", tmp_path_factory.mktemp("runs"))


def test_nothing_that_was_written_is_lost(report):
    assert report["kills"] == 100
    assert report["lost"] == {}
    assert report["points"] > 1000
    assert report["events"] > 200


def test_the_database_is_intact_after_every_kill(report):
    assert report["damaged"] == 0


def test_after_every_kill_the_run_is_said_to_be_lost(report):
    assert report["not said to be lost"] == 0


def test_a_page_reads_all_the_while(report):
    assert report["reads"] > 100
    assert report["longest read"] < 10
