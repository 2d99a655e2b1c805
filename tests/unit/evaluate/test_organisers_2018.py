"""The organisers' score of the 2018 challenge on cases computed by hand."""

import numpy as np
import pytest

from ecgapp.errors import ConfigError
from ecgapp.evaluate.challenge.organisers_2018 import ORDER, organisers_scores


def answers(*labels):
    targets = np.zeros((len(labels), len(ORDER)))
    for row, names in enumerate(labels):
        targets[row, [ORDER.index(name) for name in names]] = 1
    return targets, np.array([ORDER.index(names[0]) for names in labels])


def test_a_prediction_is_right_if_it_is_any_of_the_reference_labels():
    targets, first = answers(("AF", "RBBB"), ("Normal",), ("PVC",))
    predicted = np.array([ORDER.index(name) for name in ("RBBB", "Normal", "PAC")])
    scores = organisers_scores(predicted, targets, first)
    # the first counts for RBBB alone; the third is in the row PVC and the column PAC
    assert scores.f1["RBBB"] == scores.f1["Normal"] == 1.0
    assert scores.f1["PVC"] == scores.f1["PAC"] == 0.0
    assert np.isnan(scores.f1["AF"])
    assert scores.mean == pytest.approx(0.5, abs=1e-12)
    assert scores.groups["block"] == 1.0
    assert scores.groups["premature"] == 0.0


def test_a_wrong_prediction_counts_in_the_row_of_the_first_label():
    targets, first = answers(("STD", "AF"), ("STD",), ("Normal",))
    predicted = np.array([ORDER.index(name) for name in ("Normal", "STD", "Normal")])
    scores = organisers_scores(predicted, targets, first)
    assert scores.f1["STD"] == pytest.approx(2 * 1 / (2 + 1), abs=1e-12)
    assert scores.f1["Normal"] == pytest.approx(2 * 1 / (1 + 2), abs=1e-12)
    assert scores.groups["ST"] == pytest.approx(2 / 3, abs=1e-12)


def test_with_one_label_a_record_it_is_the_macro_f1_of_scikit_learn():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    first, predicted = rng.integers(9, size=(2, 500))
    scores = organisers_scores(predicted, np.eye(9)[first], first)
    assert scores.mean == pytest.approx(f1_score(first, predicted, average="macro"), abs=1e-9)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError):
        organisers_scores(np.zeros(3, np.int64), np.zeros((2, 9)), np.zeros(3, np.int64))
