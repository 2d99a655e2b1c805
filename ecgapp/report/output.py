"""From a report's contents to files: a PDF of two pages, and a picture of the first."""

from collections.abc import Callable
from io import BytesIO

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from ecgapp.report.contents import Contents
from ecgapp.report.evidence import draw_evidence
from ecgapp.report.page import Page
from ecgapp.report.tracing import draw_tracing

TRUETYPE = 42  # fonts are embedded as they are, so that words can be searched and copied
DOTS_PER_INCH = 200


def pdf(contents: Contents) -> bytes:
    """Two pages of A4 landscape, vectors and embedded fonts; the same contents give the same bytes."""
    mpl.rcParams["pdf.fonttype"] = TRUETYPE  # matplotlib has no other place for it
    file = BytesIO()
    with PdfPages(file, metadata={"Title": "ECG report", "CreationDate": None}) as pages:
        for draw in (draw_tracing, draw_evidence):
            pages.savefig(_drawn(draw, contents).figure)
    return file.getvalue()


def png(contents: Contents) -> bytes:
    """The tracing as a picture of 200 dots an inch."""
    file = BytesIO()
    figure = _drawn(draw_tracing, contents).figure
    figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return file.getvalue()


def _drawn(draw: Callable[[Page, Contents], None], contents: Contents) -> Page:
    page = Page()
    draw(page, contents)
    return page
