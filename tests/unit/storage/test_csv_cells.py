"""No cell of a CSV file is a formula, whatever readers, files and labels are called."""

import ast

import pytest

from ecgapp.config import PROJECT
from ecgapp.storage.plain_text import plain_cell


@pytest.mark.parametrize(
    "words", ["=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\uff1d1", "\tx"]
)
def test_what_a_spreadsheet_would_compute_stands_behind_an_apostrophe(words):
    assert plain_cell(words) == f"'{words}"


@pytest.mark.parametrize("words", ["", "AF", "I-AVB", "~", "a=b", "2026-01-01", "sinus rhythm, 60/min"])
def test_other_words_stay_as_they_are(words):
    assert plain_cell(words) == words


def test_every_module_that_writes_csv_asks_for_plain_cells():
    for module in (PROJECT / "ecgapp").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        called = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        if called & {"to_csv", "DictWriter"} or "csv.writer" in text:
            assert "plain_cell" in text, module.name
