"""One sheet of A4 landscape on which everything has its place in millimetres.

Only figure objects are used, never pyplot: sessions are threads, and pyplot is one for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from ecgapp.config import DISCLAIMER
from ecgapp.report.contents import Contents
from ecgapp.reviews import moment

WIDTH, HEIGHT = 297.0, 210.0  # mm
MILLIMETRE = 72 / 25.4  # points
INK, GREY = "#000000", "#4a4a4a"
ALARM = "#a40000"  # dark enough to be read in a grey print; a symbol and a word say the same
FONT = "DejaVu Sans"  # comes with matplotlib, so that a report is the same on every machine
NO_LIGATURES = ("-liga", "-dlig")  # a joined fi cannot be found by a search for f and i
LETTER = 0.55  # a letter's mean width, of its height in type
LINE = 1.35  # from one line to the next, of the same
ABOVE, BELOW = 3.0, 4.6  # mm from the line before a heading, and to the one behind it

LEFT, RIGHT = 16.0, 281.0  # mm between which everything stands
HEAD_LINE = 196.5  # mm: where name and date are written
BY_HAND = (  # what is asked, where it stands, and from where to where a line is ruled, in mm
    ("Name, date of birth", LEFT, 43.0, 113.0),
    ("Recorded on", 117.0, 134.5, 172.0),
)
FOOT = 16.0  # mm above the page's lower edge: no line stands below it
SMALL = 6.8  # points

Points = NDArray[np.floating]


@dataclass(frozen=True)
class Type:
    """The setting of words; ``frame`` draws a black frame around them."""

    size: float = 8.0  # points
    bold: bool = False
    colour: str = INK
    align: Literal["left", "center", "right"] = "left"
    frame: bool = False

    @property
    def box(self) -> dict[str, object] | None:
        """The frame, as matplotlib asks for it."""
        return {"fc": "none", "ec": INK, "pad": 3} if self.frame else None


PLAIN = Type()


class Page:
    """A blank sheet; (0, 0) is its lower left corner, and every length is in mm, type in points."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(WIDTH / 25.4, HEIGHT / 25.4))
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        self._axes.set_axis_off()

    def text(self, x: float, y: float, words: str, kind: Type = PLAIN) -> None:
        """``words`` on the baseline y, aligned at x; a dollar sign is only a dollar sign."""
        placed = self._axes.text(x, y, _in_font(words), ha=kind.align, color=kind.colour, bbox=kind.box)
        placed.set(family=FONT, fontsize=kind.size, fontweight="bold" if kind.bold else "normal", zorder=3)
        placed.set(fontfeatures=NO_LIGATURES, parse_math=False)

    def line(self, x: Points, y: Points, width: float, colour: str = INK) -> None:
        """A line through (x, y), each (n,), with a gap where y is NaN; no point is left out."""
        path = Path(np.column_stack([x, y]))
        path.should_simplify = False
        style = {"edgecolor": colour, "linewidth": width * MILLIMETRE, "joinstyle": "round"}
        self._axes.add_artist(PathPatch(path, fill=False, zorder=2, **style))

    def strokes(self, ends: Points, width: float, colour: str = INK) -> None:
        """Straight strokes: ``ends`` is (n, 2, 2), the two ends (x, y) of each."""
        style = {"linewidths": width * MILLIMETRE, "colors": colour}
        self._axes.add_artist(LineCollection(list(ends), zorder=0, **style))

    def boxes(self, corners: Points, colours: Sequence[str]) -> None:
        """Filled rectangles without edges: ``corners`` is (n, 4): left, bottom, right, top."""
        left, bottom, right, top = np.asarray(corners, dtype=float).reshape(-1, 4).T
        outline = np.stack([left, bottom, right, bottom, right, top, left, top], axis=1).reshape(-1, 4, 2)
        self._axes.add_artist(PolyCollection(list(outline), facecolors=list(colours), linewidths=0, zorder=1))


class Column:
    """Words that run down a page from ``top``, ``width`` mm wide; ``y`` is where the next line stands."""

    def __init__(self, page: Page, left: float, top: float, width: float) -> None:
        self.page, self.left, self.y, self.width = page, left, top, width

    def heading(self, words: str, colour: str = INK) -> None:
        """A heading, with space above it."""
        self.y -= ABOVE
        self.page.text(self.left, self.y, words, Type(10, bold=True, colour=colour))
        self.y -= BELOW

    @property
    def heading_height(self) -> float:
        """The height of a heading, in mm."""
        return ABOVE + BELOW

    def paragraph(self, words: str, size: float = 7.5, indent: float = 0.0, most: int | None = None) -> None:
        """``words``, broken into lines, ``indent`` mm from the left; in at most so many lines."""
        for line in self._lines(words, size, indent, most):
            self.page.text(self.left + indent, self.y, line, Type(size))
            self.y -= LINE * size / MILLIMETRE

    def height_of(self, words: str, size: float = 7.5) -> float:
        """The height of a paragraph of ``words``, in mm."""
        return len(self._lines(words, size)) * LINE * size / MILLIMETRE

    def _lines(self, words: str, size: float, indent: float = 0.0, most: int | None = None) -> list[str]:
        width = int((self.width - indent) * MILLIMETRE / (LETTER * size))
        return wrap(words, width, max_lines=most, placeholder=" ... (all of it in the JSON file)")


def _in_font(words: str) -> str:
    """``words`` with a question mark for each sign that the font has not."""
    font = get_font(findfont(FONT))
    return "".join(sign if font.get_char_index(ord(sign)) else "?" for sign in words)


def print_head(page: Page, contents: Contents, title: str) -> None:
    """The title, the status in a frame, what the reader typed, and room for name and date of the recording.

    Whose ECG it is stands in no file of this app, so it is written by hand, on every sheet.
    """
    page.text(LEFT, 202.5, title, Type(12, bold=True))
    page.text(RIGHT - 1, 202.5, contents.status.upper(), Type(11, bold=True, align="right", frame=True))
    for words, left, start, stop in BY_HAND:
        page.text(left, HEAD_LINE, words, Type(8))
        page.line(np.array([start, stop]), np.array([HEAD_LINE - 0.8, HEAD_LINE - 0.8]), 0.15, GREY)
    reference = f"Reference: {contents.printed_reference}" if contents.printed_reference else ""
    made = f"report made {moment(contents.made.timestamp())}"
    small = Type(7, colour=GREY, align="right")
    page.text(RIGHT, HEAD_LINE, "      ".join(part for part in (reference, made) if part), small)


def print_foot(page: Page, number: tuple[int, int], words: str) -> None:
    """The disclaimer, ``words``, and which page of how many this is."""
    page.text(LEFT, 11.5, f"{DISCLAIMER} {words}", Type(colour=GREY))
    page.text(RIGHT, 11.5, f"page {number[0]} of {number[1]}", Type(colour=GREY, align="right"))


@dataclass(frozen=True)
class Section:
    """A heading and the sentences under it."""

    heading: str
    sentences: tuple[str, ...]


def print_section(column: Column, section: Section) -> Section | None:
    """Print the sentences that fit above the foot, the heading only with the first; return the rest."""
    head = column.heading_height
    n_printed = 0
    for sentence in section.sentences:
        if column.y - head - column.height_of(sentence, SMALL) < FOOT:
            break
        if not n_printed:
            column.heading(section.heading)
            head = 0.0
        column.paragraph(sentence, SMALL)
        n_printed += 1
    rest = section.sentences[n_printed:]
    return Section(section.heading, rest) if rest else None


def print_all(column: Column, sections: Sequence[Section]) -> tuple[Section, ...]:
    """Print sections below each other as far as they fit; return what is left of each."""
    left = (print_section(column, section) for section in sections if section.sentences)
    return tuple(rest for rest in left if rest is not None)


def height_of_all(column: Column, sections: Sequence[Section]) -> float:
    """The height that ``sections`` take in ``column``, in mm."""
    known = [section for section in sections if section.sentences]
    sentences = (sentence for section in known for sentence in section.sentences)
    return len(known) * column.heading_height + sum(
        column.height_of(sentence, SMALL) for sentence in sentences
    )
