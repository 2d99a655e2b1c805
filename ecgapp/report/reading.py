"""What readers said, on page 2: who stands for the findings since when, and against what of the model."""

from collections.abc import Iterable

from ecgapp.report.contents import Contents
from ecgapp.report.page import Column
from ecgapp.reviews import Answer, Read, State, against, moment

UNTIL = "Every finding is unconfirmed until a clinician has read the ECG."
LONGEST = 240  # characters of what a reader wrote that are printed
SMALL = 6.8  # points
LOWEST = 24.0  # mm above the page's lower edge: below it no further paragraph begins


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
    """Whether there is anything for ``print_words`` to print."""
    review = contents.review
    return review is not None and bool(review.reads or review.comments)


def print_words(column: Column, contents: Contents) -> None:
    """Reads that were made before the model's output was shown, and comments, as far as the page goes."""
    review = contents.review
    if review is None or not has_words(contents):
        return
    told = [_read_in_words(read) for read in review.reads]
    told += [f"Comment, {one.by}, {moment(one.at)}: {one.text}" for one in reversed(review.comments)]
    column.heading("What readers wrote")
    for words in told:
        if column.y < LOWEST:
            column.paragraph("More is in the JSON file.", SMALL)
            return
        column.paragraph(_short(words), SMALL)


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
