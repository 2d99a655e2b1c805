"""Precision-recall points, intervals of any statistic, and reconstruction errors."""

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from ecgapp.errors import ConfigError
from ecgapp.evaluate import bootstrap_interval, precision_recall_points, reconstruction_metrics, window_errors


def scored(n_records, seed=0):
    rng = np.random.default_rng(seed)
    targets = (rng.random(n_records) < 0.3).astype(float)
    return (rng.normal(size=n_records) + targets).round(1), targets


def test_each_point_of_the_curve_is_what_its_threshold_gives():
    scores, targets = scored(400)
    curve = precision_recall_points(scores, targets)
    for recall, precision, threshold in zip(curve.recall, curve.precision, curve.thresholds, strict=True):
        assert recall == pytest.approx(recall_score(targets, scores >= threshold))
        assert precision == pytest.approx(precision_score(targets, scores >= threshold))


def test_a_curve_runs_from_its_first_hit_to_full_recall_in_at_most_two_hundred_points():
    rng = np.random.default_rng(1)
    targets = (rng.random(5000) < 0.4).astype(float)
    curve = precision_recall_points(rng.random(5000), targets)
    assert len(curve.recall) == 200
    assert (np.diff(curve.recall) > 0).all()
    assert (np.diff(curve.thresholds) < 0).all()
    assert curve.recall[0] == pytest.approx(1 / targets.sum())
    assert curve.recall[-1] == 1


def test_decimation_keeps_steps_of_recall_even():
    rng = np.random.default_rng(2)
    targets = (rng.random(5000) < 0.4).astype(float)
    steps = np.diff(precision_recall_points(rng.random(5000), targets, max_points=50).recall)
    assert steps.max() < 1.2 * steps.min()


def test_unknown_targets_are_not_on_the_curve_and_no_positives_give_an_empty_one():
    scores, targets = scored(100)
    hidden = np.concatenate([targets, np.full(50, np.nan)])
    padded = precision_recall_points(np.concatenate([scores, np.ones(50)]), hidden)
    np.testing.assert_array_equal(padded.precision, precision_recall_points(scores, targets).precision)
    assert len(precision_recall_points(scores, np.zeros(100)).recall) == 0


def test_the_interval_of_a_mean_is_near_the_normal_one():
    values = np.random.default_rng(3).normal(size=2000)
    interval = bootstrap_interval(lambda weights: values @ weights / weights.sum(axis=0), len(values))
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)


def test_an_undefined_statistic_and_no_records_have_no_interval():
    assert bootstrap_interval(lambda weights: np.full(weights.shape[1], np.nan), 10) is None
    assert bootstrap_interval(lambda weights: weights.sum(axis=0), 0) is None


def test_a_statistic_that_few_draws_define_has_no_interval():
    def rarely(weights):
        return (
            np.where(weights[0] == 1, 1.0, np.nan)
            if weights.shape[1] == 1
            else np.full(weights.shape[1], np.nan)
        )

    assert bootstrap_interval(rarely, 10) is None


def test_a_windows_error_is_its_mean_square_over_leads_and_samples():
    inputs = np.zeros((2, 3, 4), dtype=np.float32)
    outputs = inputs.copy()
    outputs[1, 0] = 3
    np.testing.assert_allclose(window_errors(inputs, outputs), [0, 3])


def test_the_summed_error_is_the_error_a_sample_times_the_windows_length():
    metrics = reconstruction_metrics(np.array([0.2, 0.4, 0.3]), np.array(["a", "a", "b"]), 2048, "made up")
    assert (metrics.n, metrics.n_windows) == (2, 3)
    assert metrics.mse_per_sample.value == pytest.approx(0.3)
    assert metrics.mse_summed.value == pytest.approx(0.3 * 2048)
    assert metrics.mse_summed.high == pytest.approx(metrics.mse_per_sample.high * 2048)


def test_copies_of_a_window_within_a_record_do_not_narrow_the_interval():
    errors = np.random.default_rng(0).random(40)
    once = reconstruction_metrics(errors, np.arange(40), 100, "made up")
    copied = reconstruction_metrics(np.repeat(errors, 9), np.repeat(np.arange(40), 9), 100, "made up")
    assert copied.mse_per_sample.low == pytest.approx(once.mse_per_sample.low)
    assert copied.mse_per_sample.high == pytest.approx(once.mse_per_sample.high)


@pytest.mark.parametrize(
    ("errors", "records"), [([], []), ([0.1], [1, 2]), ([np.nan], [1])], ids=["none", "uneven", "nan"]
)
def test_errors_that_cannot_be_measured_are_refused(errors, records):
    with pytest.raises(ConfigError):
        reconstruction_metrics(np.array(errors), np.array(records), 100, "made up")
