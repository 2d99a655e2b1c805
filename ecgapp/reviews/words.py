"""Reviews in words: times, what an answer does to a model's finding, where reader and model differ."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from ecgapp.reviews.events import Answer, State


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
    """Where reader and model differ: ``added PVC``, ``rejected AF``, ``did not judge STE``."""
    told = []
    for answer in answers:
        if answer.models is None or answer.agrees:
            continue
        word = verdict(answer.state, answer.models is State.PRESENT)
        told.append(f"{'did not judge' if answer.state is State.NOT_JUDGED else word} {answer.label}")
    return tuple(told)


def against(answers: Collection[Answer]) -> str:
    """The same in a sentence; one of its own where no model had been asked."""
    if not any(answer.models for answer in answers):
        return "No model's output stood beside it."
    differing = ", ".join(changes(answers))
    return f"Against the model: {differing}." if differing else "It agrees with the model in every class."
