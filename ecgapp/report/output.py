"""Writing a report's contents to files: a PDF, and a picture of its tracing."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import matplotlib as mpl
import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from numpy.typing import NDArray

from ecgapp.errors import ReportError
from ecgapp.report.contents import Contents
from ecgapp.report.model_page import draw_evidence, draw_rest, print_number
from ecgapp.report.page import Page
from ecgapp.report.sheets import sheets_of
from ecgapp.report.tracing_pages import draw_tracing

TRUETYPE = 42  # fonts are embedded as they are, so that words can be searched and copied
DOTS_PER_INCH = 200


def pdf(contents: Contents) -> bytes:
    """Two pages or more of A4 landscape, vectors and embedded fonts; the same contents give the same bytes.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    mpl.rcParams["pdf.fonttype"] = TRUETYPE  # matplotlib has no other place for it
    file = BytesIO()
    with refusing(), PdfPages(file, metadata={"Title": "ECG report", "CreationDate": None}) as pages:
        for page in pages_of(contents):
            pages.savefig(page.figure)
    return file.getvalue()


def pages_of(contents: Contents) -> Iterator[Page]:
    """The drawn pages: of the tracing, page 2, and one more where page 2 has no room for all of it."""
    last, further = Page(), Page()
    rest = draw_evidence(last, contents)
    n_tracings = len(sheets_of(contents))
    total = n_tracings + 1 + bool(rest)
    for number in range(n_tracings):
        yield _tracing(contents, number, total)
    print_number(last, (n_tracings + 1, total))
    yield last
    if rest:
        draw_rest(further, contents, rest)
        print_number(further, (total, total))
        yield further


def png(contents: Contents) -> bytes:
    """The tracing as a picture of 200 dots an inch, its pages below each other.

    Raises:
        ReportError: fonts or memory are lacking.
    """
    file = BytesIO()
    with refusing():
        pages = [_raster(_tracing(contents, number)) for number in range(len(sheets_of(contents)))]
        matplotlib.image.imsave(
            file, np.vstack(pages), format="png", dpi=DOTS_PER_INCH, metadata={"Software": ""}
        )
    return file.getvalue()


def _raster(page: Page) -> NDArray[np.uint8]:
    page.figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(page.figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]


@contextmanager
def refusing() -> Iterator[None]:
    """Turn errors of fonts, memory or a damaged installation into a ``ReportError`` with a sentence."""
    try:
        yield
    except (OSError, MemoryError, RuntimeError) as error:
        raise ReportError(
            "The report could not be drawn on this machine. Close other programs and try again; "
            "if it fails once more, install matplotlib anew."
        ) from error


def _tracing(contents: Contents, number: int, total: int | None = None) -> Page:
    page = Page()
    draw_tracing(page, contents, number, total)
    return page
