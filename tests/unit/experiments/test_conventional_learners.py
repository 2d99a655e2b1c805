"""Conventional learners: choices inside the training part, units that do not matter, one kernel."""

import numpy as np
import pytest
from sklearn.svm import SVC

from ecgapp.errors import ConfigError, TrainingError
from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.trials.conventional_learners import LEARNERS, RadialMargin, learner_named
from ecgapp.experiments.trials.fitted_learner import FeatureData, fit_learner

N, FEATURES = 120, 12
TRAIN, TEST = np.arange(90), np.arange(90, N)
INNER = np.arange(90) % 3


def _data(seed=0, scale=1.0, shift=0.0):
    """Records of one to three windows; the first label follows the first feature, the second the square."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(N), rng.integers(1, 4, N))
    record = rng.standard_normal((N, FEATURES))
    windows = record[owners] + 0.1 * rng.standard_normal((len(owners), FEATURES))
    truths = np.stack([record[:, 0] > 0.5, record[:, 1] ** 2 > 1], axis=1).astype(np.float32)
    truths[::7, 1] = np.nan
    return FeatureData((windows * scale + shift).astype(np.float32), owners, truths)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_finds_a_label_that_follows_a_feature(name):
    data = _data()
    fitted = fit_learner(learner_named(name), data, TRAIN, INNER)
    answers = fitted.probabilities(data, TEST)
    assert answers.shape == (len(TEST), 2)
    assert macro_auroc(answers[:, :1], data.targets[TEST][:, :1]) > 0.9
    assert fitted.strength in learner_named(name).strengths


@pytest.mark.parametrize("name", LEARNERS)
def test_the_unit_of_a_feature_does_not_matter(name):
    one, other = _data(), _data(scale=1000.0, shift=5000.0)
    answers = [
        fit_learner(learner_named(name), data, TRAIN, INNER).probabilities(data, TEST)
        for data in (one, other)
    ]
    np.testing.assert_allclose(answers[0], answers[1], atol=0.02)


@pytest.mark.parametrize("name", LEARNERS)
def test_nothing_is_learnt_or_chosen_from_the_test_records(name):
    data, other = _data(), _data()
    other.targets[TEST] = 1 - other.targets[TEST]
    other.windows[np.isin(other.owners, TEST)] *= -3
    first, second = (fit_learner(learner_named(name), one, TRAIN, INNER) for one in (data, other))
    assert first.strength == second.strength
    assert np.array_equal(first.thresholds, second.thresholds)
    assert np.array_equal(first.probabilities(data, TEST), second.probabilities(data, TEST))


def test_the_kernel_computed_once_gives_the_scores_of_the_radial_machine():
    data = _data()
    fitted = fit_learner(RadialMargin(), data, TRAIN, INNER)
    direct = SVC(C=fitted.strength, kernel="rbf", gamma=1 / FEATURES, tol=1e-2)
    direct.fit(fitted.train, data.targets[TRAIN, 0] == 1)
    ready = ((data.windows - fitted.mean) / fitted.scale).astype(np.float32)
    calibrated = direct.decision_function(ready) * fitted.slopes[0] + fitted.offsets[0]
    np.testing.assert_allclose(fitted.scores(data.windows)[:, 0], calibrated, atol=1e-2)


def test_margins_become_probabilities_and_keep_their_order():
    data = _data()
    fitted = fit_learner(learner_named("linear-svm"), data, TRAIN, INNER)
    assert (fitted.slopes > 0).all()
    answers = fitted.probabilities(data, TRAIN)[:, 0]
    assert abs(answers.mean() - data.targets[TRAIN, 0].mean()) < 0.1


def test_a_label_without_positives_gets_a_low_probability():
    data = _data()
    data.targets[:, 1] = 0
    answers = fit_learner(learner_named("logistic"), data, TRAIN, INNER).probabilities(data, TEST)
    assert (answers[:, 1] < 1e-6).all()


def test_features_without_any_label_are_refused():
    data = _data()
    data.targets[:] = 0
    with pytest.raises(TrainingError, match="No label"):
        fit_learner(learner_named("logistic"), data, TRAIN, INNER)


def test_an_unknown_learner_is_refused_by_name():
    with pytest.raises(ConfigError, match="no learner forest"):
        learner_named("forest")
