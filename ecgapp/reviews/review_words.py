"""Text on reviews: times, and the differences between the answers of reader and model."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from ecgapp.reviews.review_events import ReviewAnswer, State
from ecgapp.tasks.meanings import NORMALS


def moment(at: float) -> str:
    """A time to the minute, UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def verdict(state: State, positive: bool) -> str:
    """The effect of a reader's answer on a finding of the model: confirmed, added or rejected."""
    if state is State.NOT_JUDGED:
        return str(State.NOT_JUDGED)
    if (state is State.PRESENT) == positive:
        return "confirmed"
    return "added" if state is State.PRESENT else "rejected"


def changes(answers: Iterable[ReviewAnswer]) -> tuple[str, ...]:
    """The differences between reader and model: ``added PVC``, ``rejected AF``, ``did not judge STE``.

    A negative class that the reader did not judge is no difference.
    """
    differences = []
    for answer in answers:
        if answer.models is None or answer.confirms:
            continue
        word = verdict(answer.state, answer.models is State.PRESENT)
        differences.append(f"{word if answer.is_judged else 'did not judge'} {answer.label}")
    return tuple(differences)


def against(answers: Collection[ReviewAnswer]) -> str:
    """The sentence on the differences between reader and model, with the number of judged classes."""
    seen = [answer for answer in answers if answer.models is not None]
    if not seen:
        return "No model's output stood beside it."
    n_judged, differing = sum(answer.is_judged for answer in seen), ", ".join(changes(seen))
    of_all = f"{n_judged} of {len(seen)} classes"
    if differing:
        left = f" Judged: {of_all}." if n_judged < len(seen) else ""
        return f"Against the model: {differing}.{left}"
    if not n_judged:
        return f"None of {len(seen)} classes was judged."
    if n_judged == len(seen):
        return "It agrees with the model in every class."
    return f"It agrees with the model in every class that was judged: {of_all}."


def present(answers: Iterable[ReviewAnswer], statements: Iterable[str] = ()) -> tuple[str, ...]:
    """The labels that a reader calls present, then the reader's own statements."""
    return (*(answer.label for answer in answers if answer.state is State.PRESENT), *statements)


def beside_normal(answers: Iterable[ReviewAnswer]) -> tuple[str, ...]:
    """The labels called present, if one of them is a normal label and another is not; else empty."""
    labels = tuple(dict.fromkeys(present(answers)))
    normal = [label in NORMALS for label in labels]
    return labels if any(normal) and not all(normal) else ()


def in_a_row(words: Sequence[str]) -> str:
    """A list as text: ``Normal and AF``; ``Normal, AF and PVC``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
