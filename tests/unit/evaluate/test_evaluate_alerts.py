"""A threshold in patients: the arithmetic, its laws, and the same figures from another library."""

import numpy as np
import pytest
from sklearn import metrics

from ecgapp.errors import ConfigError
from ecgapp.evaluate import alerts_by_threshold, share_of

GRID = np.linspace(0, 1, 21)


def answers(n=400, share=0.2, seed=0):
    rng = np.random.default_rng(seed)
    targets = (rng.random(n) < share).astype(np.float32)
    scores = 1 / (1 + np.exp(-(2 * targets + rng.normal(size=n) - 1)))
    return (20 * scores).round().astype(np.float32) / 20, targets


def test_the_figures_are_those_of_a_confusion_matrix_at_every_threshold():
    probabilities, targets = answers()
    found = alerts_by_threshold(probabilities, targets, GRID, 0.07, n_bootstrap=50)
    for line, told in zip(GRID, found, strict=True):
        (tn, fp), (fn, tp) = metrics.confusion_matrix(targets, probabilities >= line)
        flagged = 100 * (0.07 * tp / (tp + fn) + 0.93 * fp / (fp + tn))
        assert told.alerts.value == pytest.approx(flagged, abs=1e-9)
        assert told.right.value == pytest.approx(7 * tp / (tp + fn), abs=1e-9)
        assert told.sensitivity.value == pytest.approx(
            metrics.recall_score(targets, probabilities >= line), abs=1e-9
        )


def test_at_the_records_own_share_the_alerts_are_those_of_the_records():
    probabilities, targets = answers()
    (found,) = alerts_by_threshold(probabilities, targets, [0.5], share_of(targets), n_bootstrap=50)
    assert found.alerts.value == pytest.approx(100 * np.mean(probabilities >= 0.5))
    assert found.missed.value == pytest.approx(100 * np.mean((probabilities < 0.5) & (targets == 1)))


@pytest.mark.parametrize("prevalence", [0.0, 0.01, 0.5, 1.0])
def test_the_found_and_the_missed_are_all_who_have_it_and_alerts_fall_as_the_threshold_rises(prevalence):
    found = alerts_by_threshold(*answers(), GRID, prevalence, n_bootstrap=50)
    alerts = [told.alerts.value for told in found]
    assert alerts == sorted(alerts, reverse=True)
    assert alerts[0] == pytest.approx(100)
    for told in found:
        assert told.right.value + told.missed.value == pytest.approx(100 * prevalence)
        assert told.right.value <= told.alerts.value + 1e-9
        for figure in (told.alerts, told.right, told.missed, told.sensitivity):
            assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9


def test_intervals_narrow_with_more_records_and_are_the_same_with_the_same_seed():
    few, again, many = (
        alerts_by_threshold(*answers(n), [0.5], 0.1, n_bootstrap=200)[0] for n in (100, 100, 5000)
    )
    assert few == again
    assert many.alerts.high - many.alerts.low < few.alerts.high - few.alerts.low


def test_unknown_answers_say_nothing():
    probabilities, targets = answers()
    more = np.append(probabilities, [0.9, 0.1]), np.append(targets, [np.nan, np.nan])
    one = alerts_by_threshold(*more, [0.5], 0.1, n_bootstrap=20)[0]
    other = alerts_by_threshold(probabilities, targets, [0.5], 0.1, n_bootstrap=20)[0]
    assert one == other


def test_without_positives_there_is_no_sensitivity_and_no_figure():
    (found,) = alerts_by_threshold(np.full(40, 0.3), np.zeros(40), [0.5], 0.1, n_bootstrap=20)
    assert (found.alerts, found.right, found.missed, found.sensitivity) == (None,) * 4
    assert share_of(np.full(3, np.nan)) == 0.0


@pytest.mark.parametrize("prevalence", [-0.1, 1.1, float("nan")])
def test_a_prevalence_that_is_no_share_is_refused(prevalence):
    with pytest.raises(ConfigError, match="between 0 and 100"):
        alerts_by_threshold(*answers(), [0.5], prevalence)
