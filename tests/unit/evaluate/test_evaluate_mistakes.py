"""Mistakes of a model: the records, the confused labels, the data sets."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from sklearn import metrics

from ecgapp.evaluate import Mistake, by_origin, confusion_matrix, metrics_at, mistakes
from ecgapp.models import Origin, RecordNames
from ecgapp.tasks import task

NINE = task("nine_class")
HALF = (0.5,) * 9


def test_mistakes_are_those_of_a_two_by_two_and_the_worst_comes_first():
    known = tiny_models.predictions(9)
    for column, counts in enumerate(metrics_at(NINE, known.probabilities, known.targets, HALF).per_label):
        scores, truths = known.probabilities[:, column], known.targets[:, column]
        alarms = mistakes(scores, truths, 0.5, Mistake.FALSE_POSITIVE)
        missed = mistakes(scores, truths, 0.5, Mistake.FALSE_NEGATIVE)
        assert (len(alarms), len(missed)) == (counts.false_positive, counts.false_negative)
        assert (np.diff(scores[alarms]) <= 0).all()
        assert (np.diff(scores[missed]) >= 0).all()
        assert not truths[alarms].any()
        assert truths[missed].all()


def test_nobody_is_wrong_where_the_truth_is_unknown_and_a_probability_at_the_threshold_is_found():
    scores, truths = np.array([0.9, 0.5, 0.1, 0.5]), np.array([np.nan, 0, np.nan, 1])
    assert mistakes(scores, truths, 0.5, Mistake.FALSE_POSITIVE).tolist() == [1]
    assert mistakes(scores, truths, 0.5, Mistake.FALSE_NEGATIVE).tolist() == []


def test_of_records_with_one_label_and_one_answer_the_matrix_is_scikit_learns():
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    matrix = confusion_matrix(0.9 * np.eye(4)[found], np.eye(4)[truth], (0.5,) * 4)
    np.testing.assert_array_equal(matrix.predicted[:4, :4], metrics.confusion_matrix(truth, found))
    assert not matrix.predicted[:, 4].any()
    assert not matrix.predicted[4].any()
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_array_equal(matrix.wrong[:4, :4][off], matrix.predicted[:4, :4][off])
    assert not matrix.wrong.diagonal().any()


def test_its_diagonal_holds_the_true_positives_of_every_label():
    known = tiny_models.predictions(9)
    matrix = confusion_matrix(known.probabilities, known.targets, HALF)
    counts = metrics_at(NINE, known.probabilities, known.targets, HALF).per_label
    assert matrix.predicted.diagonal()[:9].tolist() == [of.true_positive for of in counts]
    assert matrix.n[:9].tolist() == [of.n_positive for of in counts]


def test_a_record_with_two_labels_stands_in_both_rows_and_nothing_in_it_is_wrong():
    matrix = confusion_matrix(np.array([[0.9, 0.8, 0.1]]), np.array([[1, 1, 0]]), (0.5,) * 3)
    assert matrix.predicted.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert not matrix.wrong.any()


def test_records_with_none_of_the_labels_have_a_row_and_what_finds_nothing_a_column():
    targets = np.array([[0, 0], [0, 0], [1, 0], [np.nan, 0]])
    matrix = confusion_matrix(np.array([[0.9, 0.1], [0.1, 0.1], [0.1, 0.1], [0.9, 0.1]]), targets, (0.5, 0.5))
    assert matrix.n.tolist() == [1, 0, 2]
    assert matrix.predicted[2].tolist() == [1, 0, 1]
    assert matrix.wrong[2].tolist() == [1, 0, 0]
    assert matrix.predicted[0].tolist() == matrix.wrong[0].tolist() == [0, 0, 1]


def by_store(*origins):
    known = tiny_models.predictions(9, n_records=600)
    places = np.arange(600, dtype=np.int64) % len(origins)
    ids = tuple(str(k) for k in range(600))
    return replace(known, names=RecordNames(ids, tuple(Origin(*origin) for origin in origins), places))


def test_each_data_set_has_the_figures_of_its_own_records():
    known = by_store(("one", "", "a"), ("two", "", "b"))
    one, two = by_origin(NINE, known, HALF, n_bootstrap=20)
    assert (one.name, one.n, two.name, two.n) == ("one", 300, "two", 300)
    alone = metrics_at(NINE, known.probabilities[::2], known.targets[::2], HALF)
    for found, expected in zip(one.evaluation.per_label, alone.per_label, strict=False):
        assert found.auroc.value == pytest.approx(expected.auroc.value, abs=1e-12)
    assert [row.label for row in one.evaluation.per_label] == list(NINE.label_names[:-1])  # STE is too rare


def test_a_data_set_without_a_label_judges_the_others_at_their_own_thresholds():
    lines, known = np.linspace(0.2, 0.8, 9), by_store(("one", "", "a"))
    targets = known.targets.copy()
    targets[:, 2] = 0
    (one,) = by_origin(NINE, replace(known, targets=targets), lines, n_bootstrap=0)
    expected = metrics_at(NINE, known.probabilities, targets, lines).per_label
    kept = [row for row in expected if row.sufficient and row.label != NINE.label_names[2]]
    counts = ("label", "threshold", "true_positive", "false_positive")
    assert [[getattr(row, name) for name in counts] for row in one.evaluation.per_label] == [
        [getattr(row, name) for name in counts] for row in kept
    ]


def test_a_data_set_of_several_sources_is_shown_whole_and_by_source():
    known = by_store(("one", "", "a"), ("two", "", "b"), ("two", "", "c"))
    names = [part.name for part in by_origin(NINE, known, HALF, n_bootstrap=0)]
    assert names == ["one", "two", "two: b", "two: c"]


def test_predictions_without_names_have_no_parts():
    assert by_origin(NINE, tiny_models.predictions(9), HALF) == ()
