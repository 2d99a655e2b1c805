"""From a report's contents to files: a PDF of two pages, and a picture of the first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from ecgapp.errors import ReportError
from ecgapp.report.contents import Contents
from ecgapp.report.evidence import draw_evidence
from ecgapp.report.page import Page
from ecgapp.report.tracing import draw_tracing

TRUETYPE = 42  # fonts are embedded as they are, so that words can be searched and copied
DOTS_PER_INCH = 200


def pdf(contents: Contents) -> bytes:
    """Two pages of A4 landscape, vectors and embedded fonts; the same contents give the same bytes.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    mpl.rcParams["pdf.fonttype"] = TRUETYPE  # matplotlib has no other place for it
    file = BytesIO()
    with _refusing(), PdfPages(file, metadata={"Title": "ECG report", "CreationDate": None}) as pages:
        for draw in (draw_tracing, draw_evidence):
            pages.savefig(_drawn(draw, contents).figure)
    return file.getvalue()


def png(contents: Contents) -> bytes:
    """The tracing as a picture of 200 dots an inch.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    file = BytesIO()
    with _refusing():
        figure = _drawn(draw_tracing, contents).figure
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return file.getvalue()


@contextmanager
def _refusing() -> Iterator[None]:
    """What fonts, memory or a damaged installation do to a drawing becomes a sentence."""
    try:
        yield
    except (OSError, MemoryError, RuntimeError) as error:
        raise ReportError(
            "The report could not be drawn on this machine. Close other programs and try again; "
            "if it fails once more, install matplotlib anew."
        ) from error


def _drawn(draw: Callable[[Page, Contents], None], contents: Contents) -> Page:
    page = Page()
    draw(page, contents)
    return page
