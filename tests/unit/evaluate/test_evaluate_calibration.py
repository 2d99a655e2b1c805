"""Temperatures of a model and of each label: found again where they were planted, and ranks untouched."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import roc_auc_score

from ecgapp.errors import ConfigError
from ecgapp.evaluate import (
    LabelCalibration,
    expected_calibration_error,
    fit_label_temperatures,
    fit_temperature,
    macro_auroc,
)


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


def test_a_planted_temperature_and_shift_of_each_label_are_found():
    rng = np.random.default_rng(2)
    logits = rng.normal(scale=2, size=(20000, 3))
    targets = (rng.random(logits.shape) < expit(logits)).astype(float)
    temperatures, shifts = np.array([0.5, 1.0, 3.0]), np.array([-1.0, 0.0, 2.0])
    fitted = fit_label_temperatures((logits - shifts) * temperatures, targets)
    assert fitted.temperatures == pytest.approx(temperatures, rel=0.05)
    assert fitted.shifts == pytest.approx(shifts, abs=0.1)


def test_the_fit_of_a_label_has_no_better_neighbour():
    logits, targets = planted(2.0, 300)

    def loss(calibration):
        moved = calibration.logits(logits)[:, 0]
        return -np.mean(np.log(expit(np.where(targets[:, 0] == 1, moved, -moved))))

    fitted = fit_label_temperatures(logits, targets)
    for by, shift in ((1.02, 0), (0.98, 0), (1, 0.02), (1, -0.02)):
        near = LabelCalibration(
            (fitted.temperatures[0] * by, *fitted.temperatures[1:]),
            (fitted.shifts[0] + shift, *fitted.shifts[1:]),
        )
        assert loss(near) > loss(fitted)


def test_neither_kind_of_temperature_moves_the_auroc_of_any_label():
    logits, targets = planted(2.0, 500)
    logits += 3
    one, each = fit_temperature(logits, targets), fit_label_temperatures(logits, targets)
    before = macro_auroc(expit(logits), targets)
    assert macro_auroc(expit(logits / one), targets) == pytest.approx(before, abs=1e-12)
    assert macro_auroc(each.probabilities(logits), targets) == pytest.approx(before, abs=1e-12)
    for k in range(3):
        calibrated = roc_auc_score(targets[:, k], each.probabilities(logits)[:, k])
        assert calibrated == pytest.approx(roc_auc_score(targets[:, k], logits[:, k]), abs=1e-12)


def test_a_temperature_and_shift_lower_the_calibration_error_of_overconfident_shifted_logits():
    logits, targets = planted(3.0, 3000)
    logits[:, 0] += 2
    before = expected_calibration_error(expit(logits[:, 0]), targets[:, 0])
    after = expected_calibration_error(
        fit_label_temperatures(logits, targets).probabilities(logits)[:, 0], targets[:, 0]
    )
    assert after < before / 4


def test_a_label_without_positives_or_without_negatives_keeps_its_logits():
    logits = np.random.default_rng(0).normal(size=(50, 3))
    targets = np.column_stack([np.zeros(50), np.ones(50), np.full(50, np.nan)])
    assert fit_label_temperatures(logits, targets) == LabelCalibration((1.0,) * 3, (0.0,) * 3)


def test_labels_that_are_separated_perfectly_get_finite_temperatures():
    logits = np.linspace(-1, 1, 40)[:, None]
    fitted = fit_label_temperatures(logits, (logits > 0.3).astype(float))
    assert np.isfinite(fitted.probabilities(logits)).all()


@pytest.mark.parametrize(("temperatures", "shifts"), [((1.0,), ()), ((0.0,), (0.0,))])
def test_a_calibration_that_cannot_be_is_refused(temperatures, shifts):
    with pytest.raises(ConfigError):
        LabelCalibration(temperatures, shifts)
