"""Reviews in words: times, what an answer does to a model's finding, where reader and model differ."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from ecgapp.reviews.review_events import Answer, State
from ecgapp.tasks.meanings import NORMALS


def moment(at: float) -> str:
    """A time as it is printed, to the minute."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def verdict(state: State, positive: bool) -> str:
    """What a reader's answer does to a finding that the model has, or has not."""
    if state is State.NOT_JUDGED:
        return str(State.NOT_JUDGED)
    if (state is State.PRESENT) == positive:
        return "confirmed"
    return "added" if state is State.PRESENT else "rejected"


def changes(answers: Iterable[Answer]) -> tuple[str, ...]:
    """Where reader and model differ: ``added PVC``, ``rejected AF``, ``did not judge STE``.

    A class that the model did not find and the reader did not judge is no difference.
    """
    told = []
    for answer in answers:
        if answer.models is None or answer.confirms:
            continue
        word = verdict(answer.state, answer.models is State.PRESENT)
        told.append(f"{word if answer.is_judged else 'did not judge'} {answer.label}")
    return tuple(told)


def against(answers: Collection[Answer]) -> str:
    """The same in a sentence, with how many classes were judged; another one where no model was asked."""
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


def present(answers: Iterable[Answer], statements: Iterable[str] = ()) -> tuple[str, ...]:
    """The labels that a reader calls present, then the reader's own statements."""
    return (*(answer.label for answer in answers if answer.state is State.PRESENT), *statements)


def beside_normal(answers: Iterable[Answer]) -> tuple[str, ...]:
    """The labels called present, where one of them says normal and another one does not; else nothing."""
    found = tuple(dict.fromkeys(present(answers)))
    normal = [label in NORMALS for label in found]
    return found if any(normal) and not all(normal) else ()


def in_a_row(words: Sequence[str]) -> str:
    """``Normal and AF``; ``Normal, AF and PVC``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
