"""Accuracy, weighted F1, the challenge's score with intervals, and the calibration errors of all labels."""

import numpy as np
import pytest
from sklearn import metrics

from ecgapp.errors import ConfigError
from ecgapp.evaluate import (
    calibration_errors,
    challenge_2021,
    overall_figures,
    scored_labels,
    weighted_f1,
)
from ecgapp.evaluate.challenge.reward_matrix import challenge_parts, score_of_parts
from ecgapp.tasks.task import Label, Task, task

NINE = task("nine_class")
NAN = float("nan")


def predictions(seed=0, n_records=400, n_labels=9):
    rng = np.random.default_rng(seed)
    targets = (rng.random((n_records, n_labels)) < 0.2).astype(float)
    return np.clip(0.25 + 0.4 * targets + rng.normal(0, 0.2, targets.shape), 0, 1), targets


def test_accuracy_is_the_share_of_records_with_every_label_right():
    probabilities, targets = predictions()
    overall = overall_figures(NINE, probabilities, targets, 0.5, n_bootstrap=50)
    right = metrics.accuracy_score(targets, probabilities >= 0.5)
    assert overall.accuracy.figure.value == pytest.approx(right, abs=1e-9)
    assert overall.accuracy.n == 400
    assert overall.accuracy.figure.low <= right <= overall.accuracy.figure.high
    assert overall.label_accuracy.figure.value == pytest.approx(
        1 - metrics.hamming_loss(targets, probabilities >= 0.5)
    )


def test_weighted_f1_is_scikit_learns():
    probabilities, targets = predictions()
    expected = metrics.f1_score(targets, probabilities >= 0.5, average="weighted")
    assert weighted_f1(probabilities >= 0.5, targets) == pytest.approx(expected, abs=1e-9)
    overall = overall_figures(NINE, probabilities, targets, 0.5, n_bootstrap=0)
    assert overall.weighted_f1.figure.value == pytest.approx(expected, abs=1e-9)


def test_weighted_f1_of_one_label_a_record_is_that_of_classes():
    rng = np.random.default_rng(1)
    truth, answer = rng.integers(0, 4, (2, 200))
    expected = metrics.f1_score(truth, answer, average="weighted")
    assert weighted_f1(np.eye(4, dtype=bool)[answer], np.eye(4)[truth]) == pytest.approx(expected, abs=1e-9)


def test_a_weighted_f1_worked_out_by_hand():
    targets = np.array([[1, 0], [1, 0], [1, 1]])
    decisions = np.array([[1, 0], [0, 1], [1, 0]], dtype=bool)
    # label 0: 2 hits, 1 miss: F1 = 4/5, three positives; label 1: no hit: 0, one positive
    assert weighted_f1(decisions, targets) == pytest.approx(3 / 4 * 4 / 5, abs=1e-12)
    assert weighted_f1(np.zeros((2, 1), dtype=bool), np.zeros((2, 1))) is None


def test_records_with_an_unknown_label_do_not_count_for_accuracy():
    probabilities, targets = (
        np.array([[0.9, 0.1], [0.9, 0.9], [0.1, 0.1]]),
        np.array([[1, 0], [1, NAN], [1, 0]]),
    )
    labels = Task("two", "Two", (Label("A", frozenset({"X:a"})), Label("B", frozenset({"X:b"}))))
    overall = overall_figures(labels, probabilities, targets, 0.5, n_bootstrap=0)
    assert (overall.accuracy.n, overall.accuracy.figure.value) == (2, 0.5)
    assert overall.label_accuracy.n == 3
    assert overall.challenge_2021 is None


def test_the_challenge_score_of_a_task_is_that_of_its_scored_labels_where_they_are_known():
    probabilities, targets = predictions(3)
    targets[:, NINE.label_names.index("STE")] = NAN  # not scored, so it does not matter
    targets[:50, 0] = NAN
    scored = scored_labels(NINE)
    flags = (scored.merged(probabilities >= 0.5)[50:], scored.merged(targets == 1)[50:])
    expected = score_of_parts(challenge_parts(*flags, challenge_2021()).sum(axis=1))
    overall = overall_figures(NINE, probabilities, targets, 0.5, n_bootstrap=200)
    assert overall.challenge_2021.n == 350
    assert overall.challenge_2021.figure.value == pytest.approx(expected, abs=1e-12)
    assert overall.challenge_2021.figure.low < expected < overall.challenge_2021.figure.high
    assert overall.accuracy.n == 0
    assert overall.accuracy.figure is None


def test_predictions_of_another_task_are_refused():
    with pytest.raises(ConfigError, match="9 labels"):
        overall_figures(NINE, np.zeros((2, 3)), np.zeros((2, 3)), 0.5)


def test_a_calibration_error_worked_out_by_hand():
    # two bins: 0.1 and 0.3 with one positive of two, 0.9 with one of one
    probabilities, targets = np.array([[0.1], [0.3], [0.9]]), np.array([[0], [1], [1]])
    expected = 2 / 3 * abs(0.2 - 0.5) + 1 / 3 * abs(0.9 - 1)
    errors = calibration_errors(probabilities, targets, 2, n_bootstrap=50)
    assert errors.mean.value == errors.pooled.value == pytest.approx(expected, abs=1e-12)


def test_calibration_errors_are_those_of_a_loop_over_bins():
    probabilities, targets = predictions(5)
    targets[:40, 2] = NAN

    def error(scores, truths, places, n_bins=15):
        inside = [places == place for place in range(n_bins)]
        gaps = [abs(scores[rows].mean() - truths[rows].mean()) * rows.mean() for rows in inside if rows.any()]
        return sum(gaps)

    def by_width(scores):
        return np.minimum((scores * 15).astype(int), 14)

    known = ~np.isnan(targets)
    columns = [(probabilities[known[:, k], k], targets[known[:, k], k]) for k in range(9)]
    errors = calibration_errors(probabilities, targets, n_bootstrap=50)
    assert errors.mean.value == pytest.approx(
        np.mean([error(s, t, by_width(s)) for s, t in columns]), abs=1e-9
    )
    pooled = probabilities[known], targets[known]
    assert errors.pooled.value == pytest.approx(error(*pooled, by_width(pooled[0])), abs=1e-9)
    even = [error(s, t, np.minimum(np.searchsorted(np.sort(s), s) * 15 // len(s), 14)) for s, t in columns]
    assert errors.adaptive.value == pytest.approx(np.mean(even), abs=1e-9)


def test_records_with_one_probability_lie_in_one_adaptive_bin():
    probabilities, targets = np.full((90, 1), 0.5), np.tile([0, 1], 45)[:, None]
    errors = calibration_errors(probabilities, targets, n_bootstrap=50)
    assert errors.adaptive.value == pytest.approx(0, abs=1e-12)


def test_without_known_targets_there_is_no_calibration_error():
    errors = calibration_errors(np.full((3, 1), 0.5), np.full((3, 1), NAN), n_bootstrap=30)
    assert (errors.mean, errors.pooled, errors.adaptive) == (None, None, None)
