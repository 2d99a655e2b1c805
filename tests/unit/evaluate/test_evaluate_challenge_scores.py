"""F2 and G2 of the CinC Challenge 2020, on cases worked out by hand."""

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.evaluate import challenge_weights, f_beta_g_beta

NAN = float("nan")


def test_a_record_counts_one_over_the_number_of_its_true_labels_and_one_where_it_has_none():
    targets = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [0, 0, 0], [1, NAN, NAN]])
    np.testing.assert_allclose(challenge_weights(targets), [1, 1 / 2, 1 / 3, 1, 1])


def test_f2_and_g2_of_three_records_and_two_labels_are_those_worked_out_by_hand():
    targets = np.array([[1, 0], [1, 1], [0, 0]])  # weights 1, 1/2, 1
    decisions = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
    # label 0: TP 1, FN 1/2, FP 1: F2 = 5 / (5 + 1 + 4/2) = 5/8, G2 = 1 / (1 + 1 + 2/2) = 1/3
    # label 1: TP 1/2, nothing else: both 1
    f2, g2 = f_beta_g_beta(decisions, targets)
    assert f2 == pytest.approx((5 / 8 + 1) / 2)
    assert g2 == pytest.approx((1 / 3 + 1) / 2)


@pytest.mark.parametrize(
    ("decisions", "f2_and_g2"),
    [([[1, 0], [1, 0]], (5 / 6, 1 / 2)), ([[1, 1], [0, 0]], (0.5, 0.5))],
    ids=["left out without alarms", "zero with a false alarm"],
)
def test_a_label_without_positives_counts_only_where_it_is_alarmed(decisions, f2_and_g2):
    targets = np.array([[1, 0], [0, 0]])
    assert f_beta_g_beta(np.array(decisions, dtype=bool), targets) == pytest.approx(f2_and_g2)


def test_no_label_is_forced_on_a_record_in_which_none_is_above_its_threshold():
    f2, g2 = f_beta_g_beta(np.zeros((2, 2), dtype=bool), np.array([[1, 0], [0, 1]]))
    assert (f2, g2) == (0.0, 0.0)


def test_an_unknown_target_is_neither_a_hit_nor_an_alarm_nor_a_miss():
    decisions = np.array([[1], [1], [0]], dtype=bool)
    assert f_beta_g_beta(decisions, np.array([[1], [NAN], [NAN]])) == (1.0, 1.0)


def test_beta_one_without_shared_labels_is_plain_f1_and_the_jaccard_index():
    targets = np.array([[1], [1], [0], [0]])
    decisions = np.array([[1], [0], [1], [0]], dtype=bool)
    assert f_beta_g_beta(decisions, targets, beta=1.0) == pytest.approx((1 / 2, 1 / 3))


def test_targets_that_are_neither_one_nor_zero_nor_unknown_are_refused():
    with pytest.raises(ConfigError, match="target"):
        f_beta_g_beta(np.zeros((1, 1), dtype=bool), np.array([[0.5]]))
