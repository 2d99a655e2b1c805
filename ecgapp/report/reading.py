"""What readers said, on page 2: who stands for the findings since when, and against what of the model."""

from ecgapp.report.contents import Contents
from ecgapp.report.page import Column
from ecgapp.reviews import Read, Review, State, changes, moment

UNTIL = "Every finding is unconfirmed until a clinician has read the ECG."
LONGEST = 240  # characters of what a reader wrote that are printed
SMALL = 6.8  # points


def by_whom(contents: Contents) -> str:
    """The rest of the page's title."""
    review = contents.review
    if review is None or not review.is_confirmed:
        return "to be confirmed by a clinician"
    return f"{review.status} by a reader"


def print_reading(column: Column, contents: Contents) -> None:
    """Nothing where nobody has said anything."""
    review = contents.review
    if review is None or not (review.answered or review.comments):
        return
    column.heading("Reading")
    words = review.words
    column.paragraph(f"{words[0].upper()}{words[1:]}.")
    if review.is_confirmed:
        differing = ", ".join(changes(review.answers))
        column.paragraph(f"Against the model: {differing}." if differing else "As the model says.")
        column.paragraph(f"Present: {', '.join(_present(review)) or 'none of the classes'}.")
    for read in review.reads:
        column.paragraph(_read_in_words(read), SMALL)
    for comment in review.comments:
        column.paragraph(_short(f"Comment, {comment.by}, {moment(comment.at)}: {comment.text}"), SMALL)


def _present(review: Review) -> list[str]:
    found = [answer.label for answer in review.answers if answer.state is State.PRESENT]
    return [*found, *review.statements]


def _read_in_words(read: Read) -> str:
    """A read that was made before the model's output was shown."""
    present = [answer.label for answer in read.answers if answer.state is State.PRESENT]
    told = ", ".join([*present, *read.statements]) or "none of the classes"
    shown = f"; shown the model's output {moment(read.shown)}" if read.shown else ""
    return _short(f"Read first by {read.by}, committed {moment(read.committed)}{shown}: {told}.")


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 30]}... (all of it in the JSON file)"
