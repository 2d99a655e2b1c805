"""The report of an experiment on paper: what it shows, its tables and its figures, A4 landscape."""

from io import BytesIO

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.report.output import TRUETYPE, refusing
from ecgapp.report.page import FOOT, LEFT, RIGHT, Column, Page, Type, print_foot
from ecgapp.report.result_figure_page import draw_figure
from ecgapp.report.result_table import TableLayout, lay_out_table

TOP = 194.0  # mm: the first line below the title
SIZE = 8.0  # points of paragraphs
MEANING = "Results on research data, not validated for patient care."


class ReportSheets:
    """Sheets that fill from top to bottom; a new one begins where there is no room."""

    def __init__(self, title: str) -> None:
        self._title = title
        self.pages: list[Page] = []
        self.column = self.new_page()

    def new_page(self) -> Column:
        """Begin a sheet with the experiment's title."""
        page = Page()
        page.text(LEFT, 201.0, self._title, Type(11, bold=True))
        self.pages.append(page)
        self.column = Column(page, LEFT, TOP, RIGHT - LEFT)
        return self.column

    def ensure(self, height: float) -> Column:
        """A column with room for ``height`` mm, on this sheet or on a new one."""
        return self.column if self.column.y - height >= FOOT else self.new_page()

    def sentences(self, heading: str, sentences: tuple[str, ...]) -> None:
        """A heading and a line for each sentence."""
        if not sentences:
            return
        self.ensure(self.column.heading_height + self.column.height_of(sentences[0], SIZE)).heading(heading)
        for sentence in sentences:
            words = f"•  {sentence}"
            self.ensure(self.column.height_of(words, SIZE)).paragraph(words, SIZE)

    def table(self, table: TableLayout, title: str, notes: tuple[str, ...]) -> None:
        """A table with its title above and its notes below; its head is repeated on each sheet."""
        head = self.column.heading_height + table.head_height
        first = table.row_heights[0] if table.row_heights else 0.0
        column = self.ensure(head + first)
        column.heading(title)
        table.draw_head(column)
        for number, height in enumerate(table.row_heights):
            if column.y - height < FOOT:
                column = self.new_page()
                column.heading(f"{title}, continued")
                table.draw_head(column)
            table.draw_row(column, number)
        for note in notes:
            self.ensure(self.column.height_of(note)).paragraph(note)


def experiment_pdf(report: ExperimentReport) -> bytes:
    """The report as PDF with embedded fonts; the same report gives the same bytes.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    mpl.rcParams["pdf.fonttype"] = TRUETYPE
    file = BytesIO()
    metadata = {"Title": report.title, "CreationDate": None}
    with refusing(), PdfPages(file, metadata=metadata) as target:
        for page in experiment_pages(report):
            target.savefig(page.figure)
    return file.getvalue()


def experiment_figures(report: ExperimentReport) -> dict[str, bytes]:
    """Each figure of the report as SVG, by its key; the same report gives the same bytes.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    drawn = {}
    # words stay words
    with refusing(), mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": report.title}):
        for figure in report.figures:
            file, page = BytesIO(), Page()
            draw_figure(Column(page, LEFT, TOP, RIGHT - LEFT), figure)
            page.figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
            drawn[figure.key] = file.getvalue()
    return drawn


def experiment_pages(report: ExperimentReport) -> list[Page]:
    """The drawn sheets, each with the disclaimer and its number."""
    sheets = ReportSheets(report.title)
    for words in (*report.cautions, report.citation):
        sheets.column.paragraph(words, SIZE)
    sheets.sentences("What the results show", report.conclusions)
    sheets.sentences("Data and protocol", report.data)
    for table in report.tables:
        sheets.table(lay_out_table(table, RIGHT - LEFT), table.title, table.all_notes)
    for figure in report.figures:
        draw_figure(sheets.new_page(), figure)
    for number, page in enumerate(sheets.pages, start=1):
        print_foot(page, (number, len(sheets.pages)), MEANING)
    return sheets.pages
