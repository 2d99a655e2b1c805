"""The order of the worklist: laws of urgency and uncertainty."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from ecgapp.analysis import Admission, GateAnswer, KnownFacts, judge
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.outcomes import REFUSED, SCORED, LabelScore, Outcome
from ecgapp.analysis.rules import Presence, Verdict
from ecgapp.tasks import task
from ecgapp.worklist import (
    BY_NUMBER,
    BY_UNCERTAINTY,
    BY_URGENCY,
    CRITICAL_FIRST,
    LEVELS,
    Item,
    ListView,
    arranged,
    level,
    uncertainty,
    urgency,
)
from ecgapp.worklist.item import UNREADABLE, WAITING
from ecgapp.worklist.urgency import (
    ABNORMAL,
    CONTRADICTION,
    MINOR,
    NORMAL,
    NOW,
    SOON,
    UNKNOWN,
    URGENCY,
    level_of,
    uncertainty_of,
)

LABELS = task("nine_class").label_names
THRESHOLD = 0.3


def item(number=1, state=SCORED, heart_rate=70.0, spread=0.0, critical=(), **above):
    """An item as it is judged; ``above`` holds probabilities, every other label has 0.01."""
    found = {name.replace("_", "-"): probability for name, probability in above.items()}
    scores = tuple(LabelScore(label, found.get(label, 0.01), THRESHOLD, spread) for label in LABELS)
    scores = scores if state == SCORED else ()
    refusal = Admission(GateAnswer(0.9, 0.5, True, "Too noisy to read.")) if state == REFUSED else None
    rules = {"Normal": Verdict("Normal", Presence.PRESENT, "all within limits")}
    known = KnownFacts(tuple(critical), scores, None, "", rules, heart_rate, None, None, refusal)
    judged = judge(known).lines if state in (SCORED, REFUSED) else ()
    outcome = Outcome(scores, heart_rate, "", known.refusal, tuple(critical), judged)
    return Item(number, 1, "k", 1, 1, 10.0, state, 0.0, outcome=outcome)


def alarm(kind):
    return CriticalFinding(kind, str(kind), ("II",), 0.0, 1.0, "", "", "")


def numbers(items, sort):
    return [found.number for found in arranged(items, ListView(sort))]


def test_every_label_of_the_shipped_tasks_has_a_level():
    names = {
        name
        for key in ("nine_class", "ptbxl_superclass", "cinc2017_rhythm")
        for name in task(key).label_names
    }
    assert names <= set(URGENCY)
    assert level_of("a label of your own") in LEVELS


def test_critical_findings_come_first_then_what_is_to_be_read_soon_down_to_the_normal_ecg():
    ranks = [
        item(critical=[alarm(CriticalKind.LONG_QT)]),
        item(STE=0.31),
        item(AF=0.99, Normal=0.99),
        item(AF=0.99),
        item(RBBB=0.99),
        item(),
        item(Normal=0.99),
    ]
    found = [urgency(each) for each in ranks]
    assert found == sorted(found, reverse=True)
    assert [int(each) for each in found] == [NOW, SOON, CONTRADICTION, ABNORMAL, MINOR, UNKNOWN, NORMAL]


def test_the_most_dangerous_kind_comes_first_whatever_the_network_says():
    items = [item(number, critical=[alarm(kind)], Normal=0.99) for number, kind in enumerate(CriticalKind)]
    assert numbers(items[::-1], BY_URGENCY) == list(range(len(items)))
    assert len({urgency(each) for each in items}) == len(items)


def test_who_reads_first_sees_critical_findings_first_and_all_others_by_number():
    items = [item(1, STE=0.9), item(2, Normal=0.9), item(3, critical=[alarm(CriticalKind.PAUSE)]), item(4)]
    assert numbers(items, CRITICAL_FIRST) == [3, 1, 2, 4]


def test_what_the_gate_cannot_read_comes_before_every_label_but_ste_and_what_waits_last():
    items = [
        item(1, state=WAITING),
        item(2, STE=0.99),
        item(3, state=REFUSED),
        item(4, Normal=0.9),
        item(5, state=UNREADABLE),
    ]
    assert numbers(items, BY_URGENCY) == [2, 3, 4, 1, 5]
    assert numbers(items, BY_UNCERTAINTY)[0] == 3
    assert numbers(items, BY_UNCERTAINTY)[-2:] == [1, 5]
    assert numbers(items, BY_NUMBER) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("label", [label for label in LABELS if label != "Normal"])
def test_urgency_grows_with_the_probability_of_a_label(label):
    values = [urgency(item(**{label.replace("-", "_"): p / 100})) for p in range(1, 101)]
    assert all(a <= b for a, b in itertools.pairwise(values))


def test_a_further_label_above_its_threshold_never_lowers_the_level():
    draw = random.Random(0)
    for _ in range(300):
        some = {label.replace("-", "_"): draw.random() for label in draw.sample(LABELS, 3)}
        further = draw.choice(LABELS).replace("-", "_")
        if further not in some and further != "Normal":
            before, after = item(**some), item(**some, **{further: 0.9})
            assert level(after) >= level(before)


@pytest.mark.parametrize("rate", [39.0, 131.0])
def test_a_heart_rate_far_off_is_to_be_read_soon(rate):
    assert level(item(Normal=0.9, heart_rate=rate)) == SOON
    assert level(item(AF=0.9, heart_rate=rate)) == SOON


@pytest.mark.parametrize("rate", [50.0, 100.0, None])
def test_a_usual_or_unknown_heart_rate_changes_nothing(rate):
    assert level(item(RBBB=0.9, heart_rate=rate)) == MINOR
    assert level(item(Normal=0.9, heart_rate=rate)) == NORMAL


def test_an_ecg_whose_scoring_broke_down_is_to_be_read_soon():
    broken = Outcome(sentence="Scoring it broke down.")
    assert level(replace(item(state=REFUSED), outcome=broken)) == SOON


def test_uncertainty_is_one_on_the_threshold_and_falls_on_both_sides():
    def of(probability):
        return uncertainty_of(LabelScore("AF", probability, THRESHOLD))

    assert of(THRESHOLD) == pytest.approx(1.0)
    below, above = ([of(p / 100) for p in span] for span in (range(31), range(30, 101)))
    assert all(a < b for a, b in itertools.pairwise(below))
    assert all(a > b for a, b in itertools.pairwise(above))


def test_members_that_disagree_make_it_less_certain():
    found = [uncertainty(item(AF=0.8, spread=spread)) for spread in (0.0, 0.5, 1.0, 3.0)]
    assert found == sorted(found)
    assert found[0] < found[-1] < 1


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0])
def test_with_members_that_disagree_it_is_what_averaging_over_their_logits_gives(spread):
    at, line = 1.2, 0.0  # logits
    points = np.linspace(-8, 8, 4001)
    weights = np.exp(-(points**2) / 2)
    below = 1 / (1 + np.exp(at - line + spread * points))
    score = LabelScore("AF", 1 / (1 + np.exp(-at)), 0.5, spread)
    assert uncertainty_of(score) == pytest.approx(2 * (below @ weights) / weights.sum(), abs=0.03)


@pytest.mark.parametrize("sort", [BY_URGENCY, BY_UNCERTAINTY, BY_NUMBER])
def test_the_order_does_not_depend_on_the_order_before(sort):
    draw = random.Random(1)
    items = [item(k, AF=draw.random(), STE=draw.random() / 2, Normal=draw.random()) for k in range(60)]
    found = numbers(items, sort)
    draw.shuffle(items)
    assert numbers(items, sort) == found
    assert sorted(found) == list(range(60))


def test_filters_let_through_only_what_fits_all_of_them():
    items = [
        item(1, AF=0.9),
        item(2, STE=0.9),
        replace(item(3, AF=0.8), opened=1.0),
        replace(item(4, AF=0.7), batch=2),
        item(5, state=REFUSED),
    ]

    def shown(**wish):
        return {found.number for found in arranged(items, ListView(**wish))}

    assert shown(labels=("AF",)) == {1, 3, 4}
    assert shown(labels=("AF", "STE")) == {1, 2, 3, 4}
    assert shown(labels=("AF",), unopened=True) == {1, 4}
    assert shown(labels=("AF",), unopened=True, batch=1) == {1}
    assert shown(states=(REFUSED,)) == {5}
    assert shown(levels=(SOON,)) == {2, 5}
