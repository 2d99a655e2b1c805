"""Sentences under a heading: what of them does not fit on page 2 goes on to a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecgapp.report.page import Column

FOOT = 16.0  # mm above the page's lower edge: no line stands below it
SMALL = 6.8  # points


@dataclass(frozen=True)
class Section:
    """A heading and the sentences under it."""

    heading: str
    sentences: tuple[str, ...]


def print_section(column: Column, section: Section) -> Section | None:
    """Print the sentences that fit above the foot, the heading only with the first; what is left of it."""
    head = column.heading_height
    told = 0
    for sentence in section.sentences:
        if column.y - head - column.height_of(sentence, SMALL) < FOOT:
            break
        if not told:
            column.heading(section.heading)
            head = 0.0
        column.paragraph(sentence, SMALL)
        told += 1
    rest = section.sentences[told:]
    return Section(section.heading, rest) if rest else None


def print_all(column: Column, sections: Sequence[Section]) -> tuple[Section, ...]:
    """One below the other, as far as they fit; what is left of each."""
    left = (print_section(column, section) for section in sections if section.sentences)
    return tuple(rest for rest in left if rest is not None)


def height_of_all(column: Column, sections: Sequence[Section]) -> float:
    """What ``sections`` take in ``column``, in mm."""
    known = [section for section in sections if section.sentences]
    told = (sentence for section in known for sentence in section.sentences)
    return len(known) * column.heading_height + sum(column.height_of(sentence, SMALL) for sentence in told)
