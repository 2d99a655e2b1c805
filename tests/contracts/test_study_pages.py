"""The pages of the studies' results: what is written by hand stays above the report."""

import sys

import pytest
from tiny_experiments import TinyRun, tiny_home

from docs import study_pages
from ecgapp.experiments.collection import write_report


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """The folder of the pages, and the experiment that the command is called with."""
    run = TinyRun(tiny_home(tmp_path / "home")).run()
    write_report(run.folder, run.stores)
    monkeypatch.setattr(study_pages, "PAGES", tmp_path / "studies")
    monkeypatch.setattr(sys, "argv", ["study_pages", str(run.folder.path)])
    return tmp_path / "studies"


def test_the_report_is_written_below_the_text_that_stands_on_the_page(pages):
    study_pages.main()
    page = pages / "tiny.md"
    first = page.read_text()
    title, _, report = first.partition(study_pages.LINE)
    assert title.startswith("# ")
    assert "## What the results show" in report
    assert report.count("![") == len(list((pages / "tiny").glob("*.svg"))) > 0
    page.write_text(f"# Ours\n\nWritten by hand.\n{study_pages.LINE}old")
    study_pages.main()
    assert page.read_text() == f"# Ours\n\nWritten by hand.\n{study_pages.LINE}{report}"


def test_no_line_but_a_row_of_a_table_is_wider_than_the_page(pages):
    study_pages.main()
    lines = (pages / "tiny.md").read_text().splitlines()
    assert all(len(line) <= study_pages.WIDTH or line.startswith(("|", "!", "#")) for line in lines)
