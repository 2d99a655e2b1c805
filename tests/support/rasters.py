"""Pages of a PDF as a printer shows them: rasters, and the text by poppler's own reader."""

import re
import shutil
import subprocess
from itertools import islice

import numpy as np
import pytest

from ecgapp.report.output import pages_of

DOTS = 300  # an inch
MILLIMETRE = DOTS / 25.4  # pixels


def page(pdf, number=1):
    """The grey values of one page, uint8 (n_rows, n_columns), 0 is black."""
    picture = _run("pdftoppm", "-r", str(DOTS), "-gray", "-f", str(number), "-l", str(number), pdf=pdf)
    head = re.match(rb"P5\s(\d+)\s(\d+)\s255\s", picture)
    width, height = int(head[1]), int(head[2])
    return np.frombuffer(picture[head.end() :], np.uint8).reshape(height, width)


def colours(pdf, number=1):
    """Colours of one page, uint8 (n_rows, n_columns, 3)."""
    picture = _run("pdftoppm", "-r", str(DOTS), "-f", str(number), "-l", str(number), pdf=pdf)
    head = re.match(rb"P6\s(\d+)\s(\d+)\s255\s", picture)
    width, height = int(head[1]), int(head[2])
    return np.frombuffer(picture[head.end() :], np.uint8).reshape(height, width, 3)


def words(pdf, number=1):
    """The text of one page, with single blanks."""
    text = _run("pdftotext", "-f", str(number), "-l", str(number), pdf=pdf).decode()
    return " ".join(text.split())


def drawn_words(contents, number=1):
    """The text of one page as it is drawn, much sooner than by way of a PDF."""
    (axes,) = next(islice(pages_of(contents), number - 1, None)).figure.axes
    return " ".join(" ".join(text.get_text() for text in axes.texts).split())


def _run(program, *options, pdf):
    """The program's output for a PDF on its standard input; without the program the test is skipped."""
    if shutil.which(program) is None:
        pytest.skip("poppler-utils is not installed: no PDF can be read")
    arguments = [program, *options, "-", *(["-"] if program == "pdftotext" else [])]
    return subprocess.run(arguments, input=pdf, check=True, capture_output=True).stdout
