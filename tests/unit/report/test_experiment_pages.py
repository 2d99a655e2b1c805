"""The report of an experiment on paper: every cell legible on A4, the disclaimer on every sheet."""

from dataclasses import replace

import pytest

from ecgapp.config import DISCLAIMER
from ecgapp.experiments.report_parts import (
    ExperimentReport,
    FigurePanel,
    FigureSeries,
    ResultFigure,
    ResultTable,
)
from ecgapp.report.experiment_pages import experiment_figures, experiment_pages, experiment_pdf
from ecgapp.report.page import FOOT, LEFT, RIGHT
from ecgapp.report.result_table import SMALLEST, lay_out_table

WIDE = ResultTable(
    "wide",
    "Table 2. Weighted F1",
    (
        "Arm",
        "Labels",
        *(f"Trial {k}" for k in range(1, 11)),
        "Mean (SD)",
        "Paper",
        "p (Welch)",
        "What differs",
    ),
    tuple(
        (
            f"fine-tuned transfer {k}",
            "100 %",
            *(0.8 + k / 100,) * 10,
            "0.812 (0.010)",
            0.857,
            None,
            "words " * 9,
        )
        for k in range(60)
    ),
    ("n = 10 bootstrap repeats.",),
)
NARROW = ResultTable("narrow", "Counts", ("Class", "n"), (("AF", 12), ("Normal", 1234)))
LINES = FigureSeries("transfer", tuple(map(float, range(100))), (0.5,) * 99 + (None,))
BARS = FigureSeries("ours", ("a", "b"), (0.4, None), "bars", (0.3, None), (0.5, None))
PAPER = FigureSeries("paper", ("a", "b"), (0.45, 0.5), "points")
REPORT = ExperimentReport(
    "Jang et al. 2021: a $title", "Jang J. Healthc Inform Res 2021.", ("8,528 records.",) * 3,
    ("No difference shown (p = 0.21, n = 10 pairs).",) * 3, (WIDE, NARROW),
    (
        ResultFigure("f4", "Figure 4", (FigurePanel("Curves", "epoch", "F1", (LINES,)),) * 3, "Caption."),
        ResultFigure("f5", "Figure 5", (FigurePanel("Bars", "arm", "F1", (BARS, PAPER)),)),
    ),
)  # fmt: skip


def words_of(page):
    """Each text of a sheet with its place in mm."""
    return [(text.get_text(), *text.get_position()) for text in page.figure.axes[0].texts]


@pytest.fixture(scope="module")
def pages():
    return experiment_pages(REPORT)


def test_the_same_report_gives_the_same_bytes():
    first = experiment_pdf(REPORT)
    assert first.startswith(b"%PDF")
    assert first == experiment_pdf(REPORT)


def test_each_figure_is_a_picture_with_its_words_and_always_the_same_bytes():
    drawn = experiment_figures(REPORT)
    assert list(drawn) == ["f4", "f5"]
    assert all(words in drawn["f4"].decode() for words in ("Figure 4", "Curves", "Caption."))
    assert drawn == experiment_figures(REPORT)


def test_markdown_shows_the_pictures_or_lists_the_figures():
    assert "![Figure 4](jang/f4.svg)" in REPORT.to_markdown("jang/")
    assert "- Figure 4 (`f4`). Caption." in REPORT.to_markdown()


def test_every_sheet_has_the_disclaimer_the_title_and_its_number(pages):
    for number, page in enumerate(pages, start=1):
        words = " ".join(word for word, _, _ in words_of(page))
        assert DISCLAIMER in words
        assert REPORT.title in words
        assert f"page {number} of {len(pages)}" in words


def test_every_cell_is_printed_and_nothing_stands_below_the_foot_or_beside_the_sheet(pages):
    printed = [text for page in pages for text, _, _ in words_of(page)]
    for k in range(60):
        assert any(text == f"{0.8 + k / 100:.3f}" for text in printed)
    assert printed.count("0.857") == 60
    assert sum("words" in text for text in printed) >= 60
    assert "1,234" in printed
    for page in pages:
        places = [(x, y) for text, x, y in words_of(page) if DISCLAIMER not in text and "page " not in text]
        assert all(LEFT <= x <= RIGHT + 0.01 and y >= FOOT - 0.01 for x, y in places)


def test_the_columns_of_a_wide_table_lie_beside_each_other_within_the_sheet():
    layout = lay_out_table(WIDE, RIGHT - LEFT)
    assert layout.size >= SMALLEST
    ends = [left + width for left, width in zip(layout.lefts, layout.widths, strict=True)]
    assert all(end < left for end, left in zip(ends, layout.lefts[1:], strict=False))
    assert ends[-1] <= RIGHT - LEFT + 1e-6
    assert "words" in layout.rows[0][-1][0]


def test_a_table_that_goes_on_has_its_head_on_every_sheet(pages):
    with_rows = [page for page in pages if any("fine-tuned" in text for text, _, _ in words_of(page))]
    assert len(with_rows) > 1
    for page in with_rows:
        assert any(text == "Arm" for text, _, _ in words_of(page))


def test_figures_have_their_panels_intervals_and_legend(pages):
    lines, bars = (page.figure.axes[1:] for page in pages[-2:])
    assert len(lines) == 3
    assert all(axes.get_xlabel() == "epoch" and axes.get_ylabel() == "F1" for axes in lines)
    (axes,) = bars
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"ours", "paper"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    assert len(axes.containers) == 2  # the bars and their intervals


def test_n_and_sources_stand_below_the_table():
    table = replace(NARROW, records="n = 1,246 records of hospital.", notes=("Each once.",))
    (page,) = experiment_pages(ExperimentReport("Title", "Citation.", (), (), (table,)))
    words = [text for text, _, _ in words_of(page)]
    assert words.index("Each once.") < words.index("n = 1,246 records of hospital.")


def test_cautions_stand_first_below_the_title():
    cautioned = replace(REPORT, cautions=("2 of 4 arms have finished.",))
    words = [text for text, _, _ in words_of(experiment_pages(cautioned)[0])]
    assert words[:2] == [REPORT.title, "2 of 4 arms have finished."]


def test_a_report_before_the_first_result_is_a_sheet_with_its_data():
    empty = ExperimentReport("Title", "Citation.", ("8,528 records.",), ())
    (page,) = experiment_pages(empty)
    assert any("8,528 records" in text for text, _, _ in words_of(page))
