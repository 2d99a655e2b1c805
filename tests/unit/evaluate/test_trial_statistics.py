"""Statistics of repeated trials: hand-computed and scipy's values, and what is undefined."""

import numpy as np
import pytest
from scipy import stats

from ecgapp.errors import ConfigError
from ecgapp.evaluate import paired_test, trial_summary, welch_test

RANDOM, TRANSFER = [0.50, 0.52, 0.49, 0.55, 0.51], [0.53, 0.56, 0.50, 0.58, 0.56]


def test_the_mean_and_the_sample_sd_of_trials():
    summary = trial_summary([1.0, 2.0, 3.0, 6.0])
    assert (summary.n, summary.mean) == (4, 3.0)
    assert summary.sd == pytest.approx((14 / 3) ** 0.5, abs=1e-12)
    assert trial_summary([0.8]).sd is None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (welch_test, lambda a, b: stats.ttest_ind(b, a, equal_var=False)),
        (paired_test, lambda a, b: stats.ttest_rel(b, a)),
    ],
)
def test_t_tests_are_scipys(ours, theirs):
    tested, expected = ours(RANDOM, TRANSFER), theirs(RANDOM, TRANSFER)
    bounds = expected.confidence_interval(0.95)
    assert tested.p == pytest.approx(expected.pvalue, abs=1e-12)
    assert (tested.low, tested.high) == pytest.approx((bounds.low, bounds.high), abs=1e-12)
    assert tested.degrees == pytest.approx(expected.df)
    assert tested.difference == pytest.approx(np.mean(TRANSFER) - np.mean(RANDOM))


def test_a_paired_test_worked_out_by_hand():
    tested = paired_test([0.0, 0.0, 0.0], [1.0, 2.0, 3.0])
    # mean 2, SD 1, standard error 1 / sqrt(3); t with two degrees of freedom at 97.5 % is 4.302653
    assert tested.difference == 2.0
    assert tested.high - 2 == pytest.approx(4.302652729911275 / 3**0.5, abs=1e-9)
    assert tested.p == pytest.approx(0.0741799, abs=1e-6)


def test_exchanging_the_arms_changes_the_sign_alone():
    for test in (welch_test, paired_test):
        there, back = test(RANDOM, TRANSFER), test(TRANSFER, RANDOM)
        assert (there.difference, there.low, there.high) == (-back.difference, -back.high, -back.low)
        assert there.p == back.p


def test_pairs_see_a_difference_that_the_spread_of_seeds_hides():
    assert paired_test(RANDOM, TRANSFER).p < 0.01 < 0.05 < welch_test(RANDOM, TRANSFER).p


def test_trials_without_any_spread_have_a_difference_and_no_p():
    for test in (welch_test, paired_test):
        tested = test([0.1, 0.1, 0.1], [0.3, 0.3, 0.3])
        assert tested.difference == pytest.approx(0.2)
        assert (tested.low, tested.high, tested.p) == (None, None, None)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        seeds = rng.normal(size=8)
        tested = paired_test(seeds, seeds + rng.normal(0.3, 0.5, 8))
        covered += tested.low <= 0.3 <= tested.high
    assert 365 <= covered <= 394


@pytest.mark.parametrize(
    ("first", "second"), [([0.1], [0.2]), ([0.1, float("nan")], [0.1, 0.2]), ([0.1, 0.2], [0.1, 0.2, 0.3])]
)
def test_arms_that_cannot_be_paired_are_refused(first, second):
    with pytest.raises(ConfigError):
        paired_test(first, second)
