"""Thresholds: proven the best by trying all of them, and never behind the downhill simplex."""

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.evaluate import best_thresholds, challenge_weights, f_beta_g_beta, nelder_mead_thresholds
from ecgapp.evaluate.thresholds import UNDECIDED


def f_of(scores, truths, weights, beta, threshold):
    known = ~np.isnan(truths)
    passed = scores >= threshold
    hits = weights[known & passed & (truths == 1)].sum()
    alarms = weights[known & passed & (truths == 0)].sum()
    misses = weights[known & ~passed & (truths == 1)].sum()
    return (1 + beta**2) * hits / ((1 + beta**2) * hits + alarms + beta**2 * misses)


def random_case(seed, n_records=14, n_labels=3):
    """Few distinct probabilities, so that ties are frequent; some targets unknown; a positive everywhere."""
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, 8, (n_records, n_labels)).astype(np.float32) / 7
    targets = (rng.random((n_records, n_labels)) < 0.4).astype(np.float32)
    targets[rng.random(targets.shape) < 0.15] = np.nan
    targets[0] = 1
    return probabilities, targets


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "challenge"])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_no_other_threshold_scores_higher(beta, weighted):
    for seed in range(40):
        probabilities, targets = random_case(seed)
        weights = challenge_weights(targets) if weighted else None
        chosen = best_thresholds(probabilities, targets, beta, weights)
        counts = np.ones(len(targets)) if weights is None else weights
        for scores, truths, threshold in zip(probabilities.T, targets.T, chosen, strict=True):
            tried = [f_of(scores, truths, counts, beta, line) for line in np.linspace(0, 1.1, 78)]
            assert f_of(scores, truths, counts, beta, threshold) == pytest.approx(max(tried), abs=1e-12)


def test_a_threshold_lies_halfway_between_the_probabilities_it_separates():
    chosen = best_thresholds(np.array([[0.9], [0.8], [0.2], [0.1]]), np.array([[1], [1], [0], [0]]))
    assert chosen == pytest.approx([0.5])


def test_where_every_record_should_pass_the_lowest_passes_too():
    probabilities = np.array([[0.6], [0.2]])
    assert (probabilities >= best_thresholds(probabilities, np.ones((2, 1)))).all()


def test_neighbouring_float32_probabilities_are_still_told_apart():
    high = np.float32(0.7)
    low = np.nextafter(high, np.float32(0))
    probabilities = np.array([[high], [low]], dtype=np.float32)
    chosen = best_thresholds(probabilities, np.array([[1], [0]]))
    assert (probabilities >= chosen).ravel().tolist() == [True, False]
    assert (probabilities >= float(chosen[0])).ravel().tolist() == [True, False]


def test_a_label_without_positives_gets_one_half():
    chosen = best_thresholds(np.array([[0.9, 0.9], [0.1, 0.1]]), np.array([[0, 1], [np.nan, 0]]))
    assert chosen[0] == UNDECIDED
    assert chosen[1] == pytest.approx(0.5)


def test_labels_are_chosen_alone():
    probabilities, targets = random_case(3)
    together = best_thresholds(probabilities, targets)
    alone = [best_thresholds(probabilities[:, [k]], targets[:, [k]])[0] for k in range(3)]
    assert together.tolist() == alone


def test_a_recall_loving_beta_never_raises_a_threshold():
    for seed in range(20):
        probabilities, targets = random_case(seed, n_records=60)
        assert (
            best_thresholds(probabilities, targets, 2.0) <= best_thresholds(probabilities, targets, 1.0)
        ).all()


def test_one_weight_a_record_is_needed():
    with pytest.raises(ConfigError, match="weight"):
        best_thresholds(np.zeros((3, 1)), np.zeros((3, 1)), 1.0, np.ones(2))


def test_the_downhill_simplex_improves_on_one_half_and_never_beats_the_scan():
    rng = np.random.default_rng(5)
    targets = (rng.random((300, 3)) < [0.1, 0.2, 0.4]).astype(float)
    probabilities = 1 / (1 + np.exp(-(2 * targets + rng.normal(size=targets.shape) - 3)))
    simplex = nelder_mead_thresholds(probabilities, targets)
    exact = best_thresholds(probabilities, targets, 2.0, challenge_weights(targets))
    score = {
        name: f_beta_g_beta(probabilities >= line, targets)[0]
        for name, line in {"half": 0.5, "simplex": simplex, "exact": exact}.items()
    }
    assert score["half"] + 0.1 < score["simplex"] <= score["exact"] + 1e-12
    assert ((simplex >= 0) & (simplex <= 1)).all()


@pytest.mark.parametrize("seed", range(12))
def test_exact_thresholds_are_never_below_the_downhill_simplex(seed):
    rng = np.random.default_rng(seed)
    n_records, n_labels = int(rng.integers(20, 150)), int(rng.integers(1, 6))
    targets = (rng.random((n_records, n_labels)) < rng.uniform(0.05, 0.6, n_labels)).astype(float)
    targets[rng.random(targets.shape) < 0.1] = np.nan
    targets[0] = 1
    spread = rng.choice([0.5, 2.0])
    probabilities = 1 / (1 + np.exp(-(np.nan_to_num(targets) + rng.normal(0, spread, targets.shape) - 1)))
    if seed % 2:
        probabilities = probabilities.round(1)  # many ties
    exact = best_thresholds(probabilities, targets, 2.0, challenge_weights(targets))
    simplex = nelder_mead_thresholds(probabilities, targets)
    best, other = (f_beta_g_beta(probabilities >= line, targets)[0] for line in (exact, simplex))
    assert best >= other - 1e-12
