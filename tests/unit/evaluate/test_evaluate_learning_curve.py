"""The learning curve index, on curves worked out by hand."""

import pytest

from ecgapp.errors import ConfigError
from ecgapp.evaluate import indices_by_epoch, learning_curve_index


def test_the_index_is_mean_rise_over_mean_drop_times_the_best():
    index = learning_curve_index([0.2, 0.5, 0.4, 0.8, 0.7])
    # rises 0.3 and 0.4, drops 0.1 and 0.1, best 0.8 in the fourth epoch
    assert index.mean_positive == pytest.approx(0.35)
    assert index.mean_negative == pytest.approx(0.1)
    assert (index.n_positive, index.n_negative) == (2, 2)
    assert (index.best, index.best_epoch) == (0.8, 4)
    assert index.value == pytest.approx(0.35 / 0.1 * 0.8)


def test_a_curve_that_never_dropped_has_no_index_but_keeps_its_numbers():
    index = learning_curve_index([0.1, 0.2, 0.4])
    assert index.value is None
    assert (index.n_positive, index.n_negative, index.mean_negative) == (2, 0, 0.0)
    assert index.best == 0.4


def test_a_curve_that_only_dropped_has_the_index_zero():
    index = learning_curve_index([0.5, 0.4])
    assert (index.value, index.best, index.best_epoch) == (0.0, 0.5, 1)


def test_equal_epochs_are_neither_a_rise_nor_a_drop():
    index = learning_curve_index([0.3, 0.3, 0.3])
    assert (index.n_positive, index.n_negative, index.value) == (0, 0, None)


@pytest.mark.parametrize("curve", [[], [0.4]])
def test_before_the_second_epoch_there_is_no_index(curve):
    index = learning_curve_index(curve)
    assert index.value is None
    assert index.best == (0.4 if curve else None)
    assert index.best_epoch == (1 if curve else None)


def test_the_first_epoch_that_reaches_the_best_is_named():
    assert learning_curve_index([0.1, 0.9, 0.2, 0.9]).best_epoch == 2


def test_a_smoother_curve_to_the_same_best_has_the_larger_index():
    assert (
        learning_curve_index([0.1, 0.5, 0.49, 0.8]).value > learning_curve_index([0.1, 0.5, 0.2, 0.8]).value
    )


def test_an_f1_that_is_not_a_number_is_refused():
    with pytest.raises(ConfigError, match="finite"):
        learning_curve_index([0.1, float("nan")])


@pytest.mark.parametrize("curve", [[], [0.4], [0.1, 0.2, 0.4], [0.2, 0.5, 0.4, 0.4, 0.8, 0.7], [0.5, 0.4]])
def test_the_index_over_epochs_is_that_of_each_epochs_past(curve):
    expected = [learning_curve_index(curve[:epochs]).value for epochs in range(1, len(curve) + 1)]
    assert indices_by_epoch(curve) == pytest.approx(tuple(expected))


def test_the_index_over_epochs_refuses_what_is_no_number():
    with pytest.raises(ConfigError):
        indices_by_epoch([0.1, float("nan")])
