"""The readers' statements on page 2: who confirmed the findings and when, and where the model differs."""

from collections.abc import Collection, Iterable

from ecgapp.report.contents import Contents
from ecgapp.report.page import Column, Section
from ecgapp.reviews import (
    Read,
    Review,
    ReviewAnswer,
    State,
    against,
    in_a_row,
    moment,
    present,
    stated_with_code,
)

UNTIL = "Every finding is unconfirmed until a clinician has read the ECG."
LONGEST = 240  # characters of what a reader wrote that are printed


def by_whom(contents: Contents) -> str:
    """The rest of the page's title."""
    review = contents.review
    if review is None or not review.is_confirmed:
        return "to be confirmed by a clinician"
    return f"{review.status} by a reader"


def print_decision(column: Column, contents: Contents) -> None:
    """Print who confirmed the findings, and where that differs from the model; nothing if unconfirmed."""
    review = contents.review
    if review is None or not review.is_confirmed:
        return
    column.paragraph(_short(f"{statement(review)} {against(review.standing)}", 2 * LONGEST))
    column.y -= 1.0


def statement(review: Review) -> str:
    """The description of a confirmed review: by whom, when, signed or not, and the state of each class."""
    words, standing = review.words, review.standing
    signed = "" if review.signature is not None else ", not signed"
    parts = [f"{words[0].upper()}{words[1:]}{signed}.", f"Present: {_named(standing, review.statements)}."]
    if review.beside_normal:
        parts.append(f"That {in_a_row(review.beside_normal)} are present together was confirmed.")
    absent = [answer.label for answer in standing if answer.state is State.ABSENT]
    parts += [f"Absent: {', '.join(absent)}."] if absent else []
    open_ones = [answer.label for answer in standing if not answer.is_judged]
    parts += [f"Not judged: {', '.join(open_ones)}."] if open_ones else []
    return " ".join(parts)


def wrote(contents: Contents) -> Section:
    """Reads that were made before the model's output was shown, and comments, the last one first."""
    review = contents.review
    sentences: list[str] = []
    if review is not None:
        sentences += [_read_in_words(read) for read in review.reads]
        sentences += [f"Comment, {one.by}, {moment(one.at)}: {one.text}" for one in reversed(review.comments)]
    return Section("What readers wrote", tuple(_short(words) for words in sentences))


def _named(answers: Collection[ReviewAnswer], statements: Iterable[str]) -> str:
    """The classes that are called present, in a row; else "none of the judged classes" or "not judged"."""
    judged = any(answer.is_judged for answer in answers)
    return ", ".join(present(answers, map(stated_with_code, statements))) or (
        "none of the judged classes" if judged else "not judged"
    )


def _read_in_words(read: Read) -> str:
    named = _named(read.answers, read.statements)
    when_shown = f"; shown the model's output {moment(read.shown)}" if read.shown else ""
    return f"Read first by {read.by}, saved {moment(read.committed)}{when_shown}: {named}."


def _short(words: str, longest: int = LONGEST) -> str:
    words = " ".join(words.split())
    return words if len(words) <= longest else f"{words[: longest - 30]}... (all of it in the JSON file)"
