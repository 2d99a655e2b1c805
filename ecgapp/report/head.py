"""What stands at the head and the foot of every page: whose, when, unconfirmed, not a medical device."""

import numpy as np

from ecgapp.config import DISCLAIMER
from ecgapp.report.contents import Contents
from ecgapp.report.page import GREY, Page, Type

LEFT, RIGHT = 16.0, 281.0  # mm between which everything stands
LINE = 196.5  # mm: where name and date are written
BY_HAND = (  # what is asked, where it stands, and from where to where a line is ruled, in mm
    ("Name, date of birth", LEFT, 43.0, 113.0),
    ("Recorded on", 117.0, 134.5, 172.0),
)


def print_head(page: Page, contents: Contents, title: str) -> None:
    """The title, the status in a frame, what the reader typed, and room for name and date of the recording.

    Whose ECG it is stands in no file of this app, so it is written by hand, on every sheet.
    """
    page.text(LEFT, 202.5, title, Type(12, bold=True))
    page.text(RIGHT - 1, 202.5, contents.status.upper(), Type(11, bold=True, align="right", frame=True))
    for words, left, start, stop in BY_HAND:
        page.text(left, LINE, words, Type(8))
        page.line(np.array([start, stop]), np.array([LINE - 0.8, LINE - 0.8]), 0.15, GREY)
    reference = f"Reference: {contents.printed_reference}" if contents.printed_reference else ""
    made = f"report made {contents.made:%Y-%m-%d %H:%M} UTC"
    small = Type(7, colour=GREY, align="right")
    page.text(RIGHT, LINE, "      ".join(part for part in (reference, made) if part), small)


def print_foot(page: Page, number: tuple[int, int], words: str) -> None:
    """The disclaimer, ``words``, and which page of how many this is."""
    page.text(LEFT, 11.5, f"{DISCLAIMER} {words}", Type(colour=GREY))
    page.text(RIGHT, 11.5, f"page {number[0]} of {number[1]}", Type(colour=GREY, align="right"))
