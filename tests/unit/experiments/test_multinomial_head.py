"""The linear head of frozen encoders: standardised on training records, chosen on validation records."""

import numpy as np

from ecgapp.experiments.trials.multinomial_head import HeadRecords, fit_multinomial_head, most_probable


def made(seed=0, n=240, n_labels=3):
    """Features of which two follow the label, and the split of the rows."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_labels, size=n)
    features = rng.normal(size=(n, 12)).astype(np.float32)
    features[:, 0] += labels
    features[:, 1] -= 2 * (labels == 1)
    every = np.arange(n, dtype=np.int64)
    rows = HeadRecords(every[:120], every[120:180], every[180:])
    return features, np.eye(n_labels, dtype=np.float32)[labels], rows


def test_probabilities_sum_to_one_and_are_better_than_chance():
    features, targets, rows = made()
    head = fit_multinomial_head(features, targets, rows, (0.1, 1.0))
    np.testing.assert_allclose(head.probabilities.sum(axis=1), 1, atol=1e-5)
    hits = (most_probable(head.probabilities) & (targets[rows.test] == 1)).any(axis=1)
    assert hits.mean() > 0.55


def test_units_of_the_features_do_not_matter():
    features, targets, rows = made()
    scaled = features * np.geomspace(1e-3, 1e3, features.shape[1], dtype=np.float32) + 7
    first, second = (fit_multinomial_head(each, targets, rows, (0.1,)) for each in (features, scaled))
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=5e-3)


def test_the_test_records_choose_nothing():
    features, targets, rows = made()
    other = targets.copy()
    other[rows.test] = np.roll(other[rows.test], 1, axis=1)
    first, second = (
        fit_multinomial_head(features, each, rows, (0.001, 0.1, 10.0)) for each in (targets, other)
    )
    assert first.inverse_penalty == second.inverse_penalty
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_of_equal_penalties_the_strongest_is_chosen():
    features, targets, rows = made()
    features[:, :3] = 10 * targets  # any penalty separates the labels
    assert fit_multinomial_head(features, targets, rows, (10.0, 1.0)).inverse_penalty == 1.0


def test_a_label_without_training_records_has_probability_0():
    features, targets, rows = made()
    labels = targets.argmax(axis=1)
    train = rows.train[labels[rows.train] != 2]
    head = fit_multinomial_head(features, targets, HeadRecords(train, rows.validation, rows.test), (1.0,))
    assert not head.probabilities[:, 2].any()
