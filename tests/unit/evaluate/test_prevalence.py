"""A finding in patients: Bayes at any prevalence, and at the validation's what was measured."""

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.evaluate.prevalence import meaning_at, shifted, validation_prevalence
from ecgapp.models import LabelMetrics


def counted(hits=80, alarms=40, misses=20, rest=860):
    return LabelMetrics("AF", hits + alarms + misses + rest, hits + misses, 0.5, hits, alarms, misses, rest)


def test_at_the_validation_prevalence_it_is_the_measured_precision_and_miss_rate():
    metrics = counted()
    prevalence = validation_prevalence(metrics)
    assert prevalence == 0.1
    assert meaning_at(metrics, prevalence, True).share.value == pytest.approx(80 / 120)
    assert meaning_at(metrics, prevalence, False).share.value == pytest.approx(20 / 880)


@pytest.mark.parametrize("positive", [True, False])
def test_the_commoner_the_disease_the_more_of_a_hundred_have_it(positive):
    found = [meaning_at(counted(), share, positive).share for share in (0.001, 0.01, 0.1, 0.5, 0.99)]
    assert [row.value for row in found] == sorted(row.value for row in found)
    assert all(row.low < row.value < row.high for row in found)


def test_the_answer_above_means_more_than_the_prevalence_and_the_one_below_less():
    for prevalence in (0.01, 0.3, 0.9):
        above, below = (meaning_at(counted(), prevalence, side).share.value for side in (True, False))
        assert below < prevalence < above


def test_more_records_make_the_interval_narrower():
    few, many = (
        meaning_at(counted(*counts), 0.05, True).share
        for counts in ((40, 20, 10, 430), (400, 200, 100, 4300))
    )
    assert few.value == pytest.approx(many.value)
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(150):
        hits, alarms = int(rng.binomial(60, 0.8)), int(rng.binomial(400, 0.05))
        share = meaning_at(counted(hits, alarms, 60 - hits, 400 - alarms), 0.03, True).share
        held += share.low <= 0.03 * 0.8 / (0.03 * 0.8 + 0.97 * 0.05) <= share.high
    assert 0.90 < held / 150 < 0.99


def test_the_figure_lies_in_its_interval_also_where_nobody_was_wrong():
    sure, missed_none = meaning_at(counted(alarms=0), 0.1, True), meaning_at(counted(misses=0), 0.1, False)
    assert (sure.share.value, sure.share.high) == (1, 1)
    assert 0 < sure.share.low < 1
    assert (missed_none.share.value, missed_none.share.low) == (0, 0)
    assert 0 < missed_none.share.high < 1


def test_few_positives_no_negatives_or_no_such_answer_have_no_percentage():
    assert meaning_at(counted(15, 5, 5, 900), 0.1, True) is None
    assert meaning_at(counted(100, 0, 0, 0), 0.1, True) is None
    assert meaning_at(counted(0, 0, 100, 900), 0.1, True) is None
    assert validation_prevalence(counted(0, 3, 0, 10)) is None


def test_a_shift_to_the_same_prevalence_changes_nothing_and_back_again_neither():
    for probability in (0.0, 0.02, 0.5, 0.97, 1.0):
        assert shifted(probability, 0.1, 0.1) == pytest.approx(probability)
        assert shifted(shifted(probability, 0.1, 0.4), 0.4, 0.1) == pytest.approx(probability)


def test_a_shift_keeps_the_order_and_moves_the_prevalence_onto_itself():
    moved = [shifted(probability, 0.1, 0.01) for probability in np.linspace(0, 1, 11)]
    assert moved == sorted(moved)
    assert shifted(0.1, 0.1, 0.01) == pytest.approx(0.01)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, 2.0])
def test_a_prevalence_of_none_or_all_is_refused(prevalence):
    with pytest.raises(ConfigError, match="above 0 and below 1"):
        meaning_at(counted(), prevalence, True)
    with pytest.raises(ConfigError):
        shifted(0.5, 0.1, prevalence)
