"""The temperature of a model: found again where it was planted, and ranks untouched."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import roc_auc_score

from ecgapp.errors import ConfigError
from ecgapp.evaluate import calibration_errors, fit_temperature


def planted(temperature, n_records=20000, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n_records, 3))
    return logits * temperature, (rng.random(logits.shape) < expit(logits)).astype(float)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(temperature):
    assert fit_temperature(*planted(temperature)) == pytest.approx(temperature, rel=0.03)


def test_a_planted_softmax_temperature_is_found():
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=2, size=(20000, 4))
    drawn = (rng.random((20000, 1)) > softmax(logits, axis=1).cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(2.0 * logits, np.eye(4)[drawn], multilabel=False) == pytest.approx(2.0, rel=0.03)


def test_scaling_the_logits_scales_the_temperature():
    logits, targets = planted(1.0, 500)
    assert fit_temperature(4 * logits, targets) == pytest.approx(
        4 * fit_temperature(logits, targets), rel=1e-4
    )


def test_unknown_targets_say_nothing():
    logits, targets = planted(2.0, 600)
    more = np.concatenate([logits, 9 * logits]), np.concatenate([targets, np.full_like(targets, np.nan)])
    assert fit_temperature(*more) == pytest.approx(fit_temperature(logits, targets), rel=1e-5)


def test_the_temperature_does_not_move_the_auroc():
    logits, targets = planted(2.0, 500)
    calibrated = expit(logits / fit_temperature(logits, targets))
    assert roc_auc_score(targets, calibrated) == pytest.approx(
        roc_auc_score(targets, expit(logits)), abs=1e-12
    )


@pytest.mark.parametrize("multilabel", [True, False])
def test_records_without_known_labels_cannot_calibrate(multilabel):
    with pytest.raises(ConfigError, match="known"):
        fit_temperature(np.zeros((2, 2)), np.full((2, 2), np.nan), multilabel)


def test_the_temperature_lowers_the_calibration_error_of_overconfident_logits():
    logits, targets = planted(3.0, 3000)
    before, after = (
        calibration_errors(expit(logits / temperature), targets, n_bootstrap=50).mean.value
        for temperature in (1.0, fit_temperature(logits, targets))
    )
    assert after < before / 4
