"""Reliability: perfect probabilities are found perfect, wrong ones as wrong as they are."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from ecgapp.errors import ConfigError
from ecgapp.evaluate.reliability_diagram import reliability, wilson


def drawn(n_records=4000, seed=0, bent=1.0):
    """Truths drawn with the probabilities raised to ``bent``: 1 is perfect calibration."""
    rng = np.random.default_rng(seed)
    probabilities = rng.random(n_records)
    return probabilities, (rng.random(n_records) < probabilities**bent).astype(float)


def test_bins_and_brier_agree_with_another_implementation():
    probabilities, targets = drawn()
    found = reliability(probabilities, targets, n_bootstrap=50)
    share, mean = calibration_curve(targets, probabilities, n_bins=10)
    assert [row.share for row in found.bins] == pytest.approx(share)
    assert [row.mean_probability for row in found.bins] == pytest.approx(mean)
    assert found.brier.value == pytest.approx(brier_score_loss(targets, probabilities))


def test_the_error_is_the_mean_distance_of_the_bins_weighed_by_their_records():
    found = reliability(*drawn(bent=3.0), n_bootstrap=50)
    apart = sum(row.n * abs(row.share - row.mean_probability) for row in found.bins) / found.n
    assert found.ece.value == pytest.approx(apart)
    assert found.ece.low < found.ece.value < found.ece.high


def test_true_probabilities_have_a_smaller_error_than_bent_ones():
    assert reliability(*drawn(), n_bootstrap=50).ece.value < 0.03
    assert reliability(*drawn(bent=3.0), n_bootstrap=50).ece.value > 0.1


def test_unknown_targets_say_nothing_and_empty_bins_are_left_out():
    probabilities, targets = np.array([0.05, 0.06, 0.95, 0.5]), np.array([0.0, 1.0, 1.0, np.nan])
    found = reliability(probabilities, targets, n_bootstrap=50)
    assert [(row.n, row.share) for row in found.bins] == [(2, 0.5), (1, 1.0)]
    assert (found.n, found.n_positive) == (3, 2)
    nothing = reliability(probabilities, np.full(4, np.nan))
    assert (nothing.bins, nothing.ece, nothing.brier) == ((), None, None)


def test_probabilities_of_nought_and_one_lie_in_the_outer_bins():
    found = reliability(np.array([0.0, 1.0]), np.array([0.0, 1.0]), n_bootstrap=50)
    assert [row.mean_probability for row in found.bins] == [0.0, 1.0]
    assert found.ece.value == 0


def test_wilsons_interval_is_the_textbooks():
    found = wilson(10, 100)
    assert (found.low, found.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 0) is None
    assert wilson(0, 20).low == 0
    assert wilson(20, 20).high == 1


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError):
        reliability(np.zeros(3), np.zeros(4))
