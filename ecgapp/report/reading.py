"""What readers said, on page 2: who stands for the findings since when, and against what of the model."""

from collections.abc import Iterable

from ecgapp.report.contents import Contents
from ecgapp.report.page import Column
from ecgapp.report.section import Section
from ecgapp.reviews import Answer, Read, State, against, moment

UNTIL = "Every finding is unconfirmed until a clinician has read the ECG."
LONGEST = 240  # characters of what a reader wrote that are printed


def by_whom(contents: Contents) -> str:
    """The rest of the page's title."""
    review = contents.review
    if review is None or not review.is_confirmed:
        return "to be confirmed by a clinician"
    return f"{review.status} by a reader"


def print_decision(column: Column, contents: Contents) -> None:
    """Who stands for the findings, and where that differs from the model; nothing where nobody does."""
    review = contents.review
    if review is None or not review.is_confirmed:
        return
    words = review.words
    present = ", ".join(_present(review.standing, review.statements)) or "none of the classes"
    column.paragraph(
        _short(f"{words[0].upper()}{words[1:]}. {against(review.standing)} Present: {present}.", 2 * LONGEST)
    )
    column.y -= 1.0


def has_words(contents: Contents) -> bool:
    """Whether readers wrote anything."""
    review = contents.review
    return review is not None and bool(review.reads or review.comments)


def wrote(contents: Contents) -> Section:
    """Reads that were made before the model's output was shown, and comments, the last one first."""
    review = contents.review
    told: list[str] = []
    if review is not None:
        told += [_read_in_words(read) for read in review.reads]
        told += [f"Comment, {one.by}, {moment(one.at)}: {one.text}" for one in reversed(review.comments)]
    return Section("What readers wrote", tuple(_short(words) for words in told))


def _present(answers: Iterable[Answer], statements: Iterable[str]) -> list[str]:
    found = [answer.label for answer in answers if answer.state is State.PRESENT]
    return [*found, *statements]


def _read_in_words(read: Read) -> str:
    told = ", ".join(_present(read.answers, read.statements)) or "none of the classes"
    shown = f"; shown the model's output {moment(read.shown)}" if read.shown else ""
    return f"Read first by {read.by}, committed {moment(read.committed)}{shown}: {told}."


def _short(words: str, longest: int = LONGEST) -> str:
    words = " ".join(words.split())
    return words if len(words) <= longest else f"{words[: longest - 30]}... (all of it in the JSON file)"
