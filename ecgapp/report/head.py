"""What stands at the head and the foot of every page: whose, when, unconfirmed, not a medical device."""

from ecgapp.config import DISCLAIMER
from ecgapp.report.contents import Contents
from ecgapp.report.page import GREY, Page, Type

LEFT, RIGHT = 16.0, 281.0  # mm between which everything stands
PAGES = 2


def print_head(page: Page, contents: Contents, title: str, *facts: str) -> None:
    """The title, the status in a frame, and below them what the reader typed, ``facts`` and the date."""
    page.text(LEFT, 201, title, Type(12, bold=True))
    page.text(RIGHT - 1, 201, contents.status.upper(), Type(11, bold=True, align="right", frame=True))
    reference = f"Reference: {contents.printed_reference}" if contents.printed_reference else ""
    made = f"report made {contents.made:%Y-%m-%d %H:%M} UTC"
    page.text(LEFT, 195.5, "      ".join(part for part in (reference, *facts, made) if part), Type(9))


def print_foot(page: Page, number: int, words: str) -> None:
    """The disclaimer, ``words`` and the page's number."""
    page.text(LEFT, 11.5, f"{DISCLAIMER} {words}", Type(colour=GREY))
    page.text(RIGHT, 11.5, f"page {number} of {PAGES}", Type(colour=GREY, align="right"))
