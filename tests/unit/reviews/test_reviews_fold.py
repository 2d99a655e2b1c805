"""The state of a review is a fold over its events: laws that hold whatever readers do."""

import random

import pytest
from review_events import CONFIRMED, EDITED, RECORD, SIGNED, A, N, P, answers, event, numbered, unseen

from ecgapp.errors import ReviewError
from ecgapp.reviews import EventKind, ReviewAnswer, ReviewEvent, Status, against, changes, fold, moment
from ecgapp.reviews.review import QUIET, after, refuse_impossible

READ = event(EventKind.READ, "GH", answers=unseen(AF=A, PVC=P), since=1.0)
SHOWN = event(EventKind.SHOWN, "GH", answers=(*answers(AF=P), *answers(0.1, PVC=A)))
EVERY = [
    event(EventKind.OPENED, ""), READ, SHOWN, CONFIRMED, EDITED, SIGNED,
    event(EventKind.COMMENTED, comment="old infarction?"), event(EventKind.REOPENED),
    event(EventKind.CALIPERS),
    event(EventKind.KEPT), event(EventKind.FORGOTTEN),
]  # fmt: skip


def review_of(*events):
    return fold(RECORD, numbered(*events))


def histories(length=12, n=200):
    """Random histories in which only what can happen happens."""
    rng = random.Random(7)
    for _ in range(n):
        review, past = fold(RECORD, []), []
        for number in range(1, length):
            one = ReviewEvent(**{**vars(rng.choice(EVERY)), "number": number, "at": 60.0 * number})
            try:
                refuse_impossible(review, one)
            except ReviewError:
                continue
            review = after(review, one)
            past.append(one)
        yield past


def test_without_events_a_review_is_unconfirmed_and_empty():
    review = fold(RECORD, [])
    assert (review.words, review.version, review.answers) == ("unconfirmed", 0, ())
    assert review.status_of("nine_class", "AF", positive=True) == "unconfirmed"


def test_the_same_events_give_the_same_review_and_folding_is_going_on_from_where_one_was():
    for past in histories():
        for cut in range(len(past)):
            begun = fold(RECORD, past[:cut])
            assert fold(RECORD, past) == _go_on(begun, past[cut:])


def _go_on(review, events):
    for one in events:
        review = after(review, one)
    return review


def test_only_a_confirmation_or_an_edit_makes_findings_other_than_unconfirmed():
    for past in histories():
        review, decided = fold(RECORD, past), False
        for one in past:
            decided = one.kind in (EventKind.CONFIRMED, EventKind.EDITED) or (
                decided and one.kind != EventKind.REOPENED
            )
        assert review.is_confirmed == decided


def test_a_signature_stands_only_while_nothing_has_changed_since():
    for past in histories():
        last = next((one for one in reversed(past) if one.kind is EventKind.SIGNED), None)
        changed = last and any(
            one.kind in (EventKind.CONFIRMED, EventKind.EDITED, EventKind.REOPENED)
            for one in past
            if one.number > last.number
        )
        assert (fold(RECORD, past).signature is not None) == bool(last and not changed)


def test_a_committed_read_is_never_changed_by_what_comes_after():
    for past in histories():
        reads = [read for read in fold(RECORD, past).reads if read.by == "GH"]
        assert len(reads) == len([one for one in past if one.kind is EventKind.READ])
        assert all(read.answers == READ.answers for read in reads)


def test_the_version_is_that_of_the_last_event_that_another_reader_must_see():
    for past in histories():
        assert fold(RECORD, past).version == max(
            (one.number for one in past if one.kind not in QUIET), default=0
        )


def test_every_comment_stays_with_its_author_and_time():
    for past in histories():
        told = [(one.by, one.at, one.comment) for one in past if one.comment]
        assert [(c.by, c.at, c.text) for c in fold(RECORD, past).comments] == told


def test_status_says_who_and_when():
    assert review_of(CONFIRMED).words == f"confirmed by AB at {moment(60)}"
    assert review_of(CONFIRMED, EDITED).words == f"edited by CD at {moment(120)}"
    signed = review_of(EDITED, SIGNED)
    assert signed.words == f"edited by CD at {moment(60)}, signed by EF at {moment(120)}"


def test_a_change_behind_a_signature_is_an_amendment_and_takes_the_signature_away():
    for change in (CONFIRMED, EDITED):
        review = review_of(CONFIRMED, SIGNED, change)
        assert review.status is Status.AMENDED
        assert review.signature is None
    again = review_of(CONFIRMED, SIGNED, event(EventKind.REOPENED), EDITED)
    assert again.status is Status.AMENDED


def test_reopening_makes_findings_unconfirmed_and_keeps_the_answers():
    review = review_of(EDITED, SIGNED, event(EventKind.REOPENED))
    assert review.words == "unconfirmed"
    assert review.answers == EDITED.answers


def test_answers_that_were_withdrawn_or_only_read_stay_unconfirmed_when_another_task_is_decided():
    other = event(EventKind.EDITED, answers=(ReviewAnswer("superclass", "MI", P, 0.9, 0.5),))
    for past in ((EDITED, event(EventKind.REOPENED)), (READ,)):
        review = review_of(*past, other)
        assert review.is_confirmed
        assert review.standing == other.answers
        assert review.status_of("nine_class", "AF", positive=True) == "unconfirmed"
        assert review.status_of("superclass", "MI", positive=True) == "confirmed"
        assert review.answer("nine_class", "AF") is not None


def test_each_row_says_what_the_reader_did_to_the_models_finding():
    review = review_of(event(EventKind.EDITED, answers=answers(AF=P, PVC=A, STE=N)))
    said = [review.status_of("nine_class", label, positive=True) for label in ("AF", "PVC", "STE", "STD")]
    assert said == ["confirmed", "rejected", "not judged", "unconfirmed"]
    assert review.status_of("nine_class", "AF", positive=False) == "added"
    assert review.status_of("superclass", "AF", positive=True) == "unconfirmed"


def test_changes_against_the_model_are_told_and_agreement_is_not():
    said = (*answers(AF=A, LBBB=P, STE=N), *answers(0.1, PVC=P, PAC=A))
    assert changes(said) == ("rejected AF", "did not judge STE", "added PVC")
    assert changes(unseen(AF=P)) == ()


def test_a_class_that_the_model_did_not_find_and_nobody_judged_is_no_difference():
    said = (*answers(AF=P), *answers(0.1, PVC=N, STE=N))
    assert changes(said) == ()
    assert against(said) == "It agrees with the model in every class that was judged: 1 of 3 classes."
    assert "rejected AF. Judged: 2 of 3 classes." in against((*answers(AF=A), *answers(0.1, PVC=A, STE=N)))
    assert against(answers(0.1, AF=N)) == "None of 1 classes was judged."


def test_a_confirmation_stands_for_what_the_model_found_and_leaves_the_rest_open_or_absent():
    said = (*answers(AF=P), *answers(0.1, PVC=N, STE=A))
    review = review_of(event(EventKind.CONFIRMED, answers=said))
    refuse_impossible(review_of(), event(EventKind.CONFIRMED, answers=said))
    words = [review.status_of("nine_class", label, positive=label == "AF") for label in ("AF", "PVC", "STE")]
    assert words == ["confirmed", "not judged", "confirmed"]
    added = event(EventKind.CONFIRMED, answers=(*answers(AF=P), *answers(0.1, PVC=P)))
    with pytest.raises(ReviewError, match="differ from the model's"):
        refuse_impossible(review_of(), added)


BOTH = answers(Normal=P, AF=P)


@pytest.mark.parametrize("kind", [EventKind.CONFIRMED, EventKind.EDITED, EventKind.READ])
def test_normal_beside_another_label_needs_a_confirmation_that_names_both(kind):
    with pytest.raises(ReviewError, match="You marked Normal and AF as present"):
        refuse_impossible(review_of(), event(kind, answers=BOTH))
    with pytest.raises(ReviewError, match="You marked Normal, AF and PVC as present"):
        refuse_impossible(
            review_of(), event(kind, answers=(*BOTH, *answers(PVC=P)), beside_normal=("Normal", "AF"))
        )
    told = event(kind, answers=BOTH, beside_normal=("Normal", "AF"))
    refuse_impossible(review_of(), told)
    assert review_of(told).beside_normal == ("Normal", "AF")


@pytest.mark.parametrize(
    "said",
    [answers(Normal=P, AF=A), answers(Normal=N, AF=P, PVC=P), answers(Normal=A, AF=P), answers(NORM=P)],
)
def test_normal_alone_or_not_called_present_needs_no_confirmation(said):
    refuse_impossible(review_of(), event(EventKind.EDITED, answers=said))


def test_normal_of_one_task_beside_a_disease_of_another_needs_the_confirmation_too():
    normal = event(EventKind.EDITED, answers=answers(Normal=P))
    infarct = event(EventKind.EDITED, answers=(ReviewAnswer("superclass", "MI", P, 0.9, 0.5),))
    with pytest.raises(ReviewError, match="Normal and MI"):
        refuse_impossible(review_of(normal), infarct)
    refuse_impossible(review_of(normal, event(EventKind.REOPENED)), infarct)


def test_a_first_read_is_not_held_back_by_what_another_reader_said():
    normal = event(EventKind.EDITED, answers=answers(Normal=P))
    refuse_impossible(review_of(normal), event(EventKind.READ, "GH", answers=unseen(AF=P)))


def test_an_older_review_that_calls_both_present_is_signed_only_once_that_is_confirmed():
    old = event(EventKind.CONFIRMED, answers=BOTH)
    with pytest.raises(ReviewError, match="Normal and AF"):
        refuse_impossible(review_of(old), SIGNED)
    signed = event(EventKind.SIGNED, beside_normal=("Normal", "AF"))
    refuse_impossible(review_of(old), signed)
    assert review_of(old, signed).beside_normal == ("Normal", "AF")


def test_without_a_models_output_nothing_is_said_to_agree_with_it():
    assert "No model" in against(unseen(AF=P))
    assert "agrees with the model" in against(answers(AF=P))
    assert against(answers(AF=A)) == "Against the model: rejected AF."


def test_answers_of_another_task_stay_beside_new_ones():
    other = ReviewAnswer("superclass", "AF", P, 0.9, 0.5)
    review = review_of(EDITED, event(EventKind.EDITED, answers=(other,)))
    assert review.answers == (*EDITED.answers, other)


def test_a_first_read_and_the_models_output_then_are_both_kept_with_their_times():
    review = review_of(READ, SHOWN, EDITED)
    (read,) = review.reads
    assert (read.by, read.opened, read.committed, read.shown) == ("GH", 1.0, 60.0, 120.0)
    assert read.answers == READ.answers
    assert read.output == SHOWN.answers
    assert review.answers == EDITED.answers


def test_a_first_read_gives_the_answers_but_confirms_nothing():
    review = review_of(READ)
    assert review.answers == READ.answers
    assert review.words == "unconfirmed"
    assert review_of(EDITED, READ).answers == EDITED.answers


def test_another_readers_read_does_not_count_as_ones_own():
    review = review_of(READ)
    assert review.read_by(" gh ") is not None
    assert review.read_by("AB") is None


@pytest.mark.parametrize(
    ("past", "asked", "reason"),
    [
        ([], SIGNED, "before you sign"),
        ([CONFIRMED, SIGNED], SIGNED, "signed already"),
        ([], event(EventKind.REOPENED), "nothing to withdraw"),
        ([READ], READ, "already saved your reading"),
        ([], event(EventKind.CONFIRMED, answers=answers(AF=A)), "differ from the model's"),
        ([], event(EventKind.CONFIRMED, answers=answers(AF=N, PVC=P)), "differ from the model's"),
        ([], event(EventKind.CONFIRMED, answers=answers(AF=N)), "No class is judged"),
        ([], event(EventKind.EDITED, answers=answers(0.1, AF=N)), "No class is judged"),
        ([], event(EventKind.CONFIRMED, answers=unseen(AF=P)), "differ from the model's"),
    ],
)
def test_what_cannot_happen_is_refused_in_a_sentence(past, asked, reason):
    with pytest.raises(ReviewError, match=reason):
        refuse_impossible(review_of(*past), asked)


@pytest.mark.parametrize(
    "said",
    [
        {"by": " "},
        {"by": "x" * 61},
        {"comment": "x" * 2001},
        {"statements": ("x",) * 13},
        {"statements": ("x" * 81,)},
    ],
)
def test_nobody_and_endless_words_are_refused(said):
    with pytest.raises(ReviewError):
        ReviewEvent(**{"record": RECORD, "kind": EventKind.COMMENTED, "by": "AB", **said})
