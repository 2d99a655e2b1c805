"""Events of reviews, as a page would make them."""

from ecgapp.reviews import EventKind, ReviewAnswer, ReviewEvent, Stamp, State

RECORD = "a" * 64
OTHER = "b" * 64
MODEL = Stamp("tiny_nine", "nine_class", "c" * 64, "d" * 64)
P, A, N = State.PRESENT, State.ABSENT, State.NOT_JUDGED


def answers(probability=0.9, **states):
    """``AF=P``: the reader says present, and the model ``probability`` at a threshold of 0.5."""
    return tuple(
        ReviewAnswer("nine_class", label, state, probability, 0.5) for label, state in states.items()
    )


def unseen(**states):
    """Answers given before the model's were shown."""
    return tuple(ReviewAnswer("nine_class", label, state) for label, state in states.items())


def event(kind, by="AB", record=RECORD, **contents):
    return ReviewEvent(record, kind, by, MODEL, **contents)


def numbered(*events):
    """The events as the journal returns them, a minute apart."""
    return [
        ReviewEvent(**{**vars(one), "number": number, "at": 60.0 * number})
        for number, one in enumerate(events, start=1)
    ]


CONFIRMED = event(EventKind.CONFIRMED, answers=answers(AF=P))
EDITED = event(EventKind.EDITED, "CD", answers=(*answers(AF=A), *answers(0.1, PVC=P)))
SIGNED = event(EventKind.SIGNED, "EF")
