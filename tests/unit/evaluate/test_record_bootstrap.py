"""Intervals over records: draws that keep every label, and differences on the same records."""

import numpy as np
import pytest
from sklearn import metrics

from ecgapp.errors import ConfigError
from ecgapp.evaluate import (
    macro_auroc,
    macro_auroc_interval,
    macro_auroc_statistic,
    paired_difference,
    weighted_f1_statistic,
)
from ecgapp.evaluate.bootstrap import bootstrap_draws, draw_weights, interval
from ecgapp.evaluate.ranking import LabelRanking
from ecgapp.evaluate.redrawing import redrawn_weights


def predictions(n_records=200, seed=0, shares=(0.02, 0.2, 0.5)):
    rng = np.random.default_rng(seed)
    targets = (rng.random((n_records, len(shares))) < shares).astype(float)
    targets[0] = 1
    return np.round(0.4 * targets + rng.normal(0.3, 0.2, targets.shape), 2), targets


def test_the_interval_is_that_of_the_mean_of_the_labels_draws():
    scores, targets = predictions()
    rankings = [LabelRanking.of(score, truth) for score, truth in zip(scores.T, targets.T, strict=True)]
    draws = bootstrap_draws(lambda w: np.mean([r.draws(w)[0] for r in rankings], axis=0), 200, 300, 4)
    expected = interval(macro_auroc(scores, targets), draws)
    measured = macro_auroc_interval(scores, targets, n_bootstrap=300, seed=4)
    assert (measured.low, measured.high) == (expected.low, expected.high)
    assert measured.value == pytest.approx(expected.value, abs=1e-12)


def test_a_draw_has_the_macro_auroc_of_its_records():
    scores, targets = predictions()
    statistic = macro_auroc_statistic(scores, targets)
    for weights in redrawn_weights(targets == 1, 20, 0):
        for draw, value in zip(weights.T, statistic(weights), strict=True):
            rows = np.repeat(np.arange(200), draw.astype(int))
            assert value == pytest.approx(metrics.roc_auc_score(targets[rows], scores[rows]), abs=1e-9)


def test_redrawn_draws_have_all_records_and_a_positive_of_every_label():
    _, targets = predictions()
    weights = np.concatenate(list(redrawn_weights(targets == 1, 500, 1)), axis=1)
    assert weights.shape == (200, 500)
    assert (weights.sum(axis=0) == 200).all()
    assert (targets.T @ weights > 0).all()


def test_redrawn_draws_are_distributed_as_draws_that_are_refused_and_repeated():
    positives = np.zeros((12, 3), dtype=bool)
    positives[0, 0] = positives[[1, 2], 1] = positives[3:9, 2] = True
    quick = np.concatenate(list(redrawn_weights(positives, 20_000, 0)), axis=1)
    plain = np.concatenate(list(draw_weights(12, 60_000, 1)), axis=1)
    plain = plain[:, (positives.T.astype(float) @ plain > 0).all(axis=0)]
    assert quick.mean(axis=1) == pytest.approx(plain.mean(axis=1), abs=0.04)
    assert np.cov(quick).ravel() == pytest.approx(np.cov(plain).ravel(), abs=0.05)
    for times in range(4):
        shares = (quick[0] == times).mean(), (plain[0] == times).mean()
        assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_a_label_with_many_positives_is_kept_too():
    positives = np.zeros((14, 1), dtype=bool)
    positives[:13] = True  # above the bound of the rare ones, and the last record is no positive
    weights = np.concatenate(list(redrawn_weights(positives, 200, 0)), axis=1)
    assert (weights[:13].sum(axis=0) > 0).all()


def test_redrawing_keeps_the_value_and_repeats_with_its_seed():
    scores, targets = predictions()
    one, again, plain = (
        macro_auroc_interval(scores, targets, n_bootstrap=200, seed=3, redraw_until_complete=redraw)
        for redraw in (True, True, False)
    )
    assert one == again
    assert one.value == plain.value
    assert (one.low, one.high) == pytest.approx((plain.low, plain.high), abs=0.03)


def test_draws_that_can_hardly_be_complete_are_refused():
    with pytest.raises(ConfigError, match="every label"):
        list(redrawn_weights(np.eye(40, dtype=bool), 1, 0))


def test_without_a_label_to_rank_there_is_no_interval():
    assert macro_auroc_interval(np.zeros((3, 1)), np.zeros((3, 1))) is None


@pytest.mark.parametrize("figure", ["auroc", "f1"])
def test_a_prediction_does_not_differ_from_itself_and_differs_from_noise(figure):
    scores, targets = predictions(400)
    noise = np.random.default_rng(9).random(scores.shape)
    better, worse = (
        macro_auroc_statistic(each, targets)
        if figure == "auroc"
        else weighted_f1_statistic(each > 0.5, targets)
        for each in (scores, noise)
    )
    same = paired_difference(better, better, 400, 200)
    assert (same.difference.value, same.difference.low, same.difference.high, same.p) == (0, 0, 0, 1)
    gain = paired_difference(worse, better, 400, 200)
    assert gain.difference.value == pytest.approx(gain.second - gain.first)
    assert gain.difference.low > 0
    assert (gain.n, gain.p) == (400, 1 / 200)


def test_a_paired_interval_is_narrower_than_that_of_separate_draws():
    scores, targets = predictions(300, shares=(0.2, 0.3))
    nearly = scores + np.random.default_rng(2).normal(0, 0.02, scores.shape)
    first, second = macro_auroc_statistic(scores, targets), macro_auroc_statistic(nearly, targets)
    paired = paired_difference(first, second, 300, 300).difference
    apart = bootstrap_draws(second, 300, 300, 1) - bootstrap_draws(first, 300, 300, 2)
    assert paired.high - paired.low < 0.5 * np.ptp(np.percentile(apart, [2.5, 97.5]))
