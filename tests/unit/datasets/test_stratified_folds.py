"""Laws of stratified folds and of matched label shares."""

import numpy as np
import pytest

from ecgapp.datasets.label_matching import MOST, label_shares, matching_weights
from ecgapp.datasets.stratified_folds import stratified_folds
from ecgapp.errors import DatasetError


def drawn_targets(seed, n=600, n_labels=9):
    """Several labels a record, some of them rare."""
    rng = np.random.default_rng(seed)
    shares = np.geomspace(0.4, 0.02, n_labels)
    return (rng.random((n, n_labels)) < shares).astype(np.float32)


def counts_of(targets, folds, k):
    """Positives of each label, and the records, in each fold."""
    columns = np.column_stack([targets == 1, np.ones(len(targets))])
    return np.array([columns[folds == fold].sum(axis=0) for fold in range(1, k + 1)])


def one_each(n):
    return np.arange(n, dtype=np.uint64)


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("seed", range(3))
def test_every_label_and_the_records_are_within_one_of_equal_shares(k, seed):
    targets = drawn_targets(seed)
    folds = stratified_folds(targets, one_each(len(targets)), k, seed)
    counts = counts_of(targets, folds, k)
    assert counts.sum(axis=0).tolist() == [*targets.sum(axis=0), len(targets)]
    assert set(folds.tolist()) == set(range(1, k + 1))
    assert (np.abs(counts - counts.mean(axis=0)) < 1).all()


def test_one_label_a_record_is_shared_as_equally_as_whole_records_can_be():
    targets = np.eye(4, dtype=np.float32)[np.repeat(np.arange(4), [7, 50, 3, 141])]
    counts = counts_of(targets, stratified_folds(targets, one_each(201), 10), 10)
    assert (np.ptp(counts, axis=0) <= 1).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_patient_is_in_one_fold_and_shares_stay_near(seed):
    targets = drawn_targets(seed, 800)
    patients = np.random.default_rng(seed).integers(0, 300, 800).astype(np.uint64)
    folds = stratified_folds(targets, patients, 5, seed)
    assert all(len(set(folds[patients == patient])) == 1 for patient in np.unique(patients))
    counts = counts_of(targets, folds, 5)
    assert np.abs(counts - counts.mean(axis=0)).max() <= 3


def test_folds_follow_from_the_seed():
    targets = drawn_targets(1)
    first, again, other = (stratified_folds(targets, one_each(600), 5, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_unknown_answers_count_as_no():
    targets = drawn_targets(2)
    unknown = np.where(targets == 0, np.nan, 1).astype(np.float32)
    assert (stratified_folds(targets, one_each(600), 5) == stratified_folds(unknown, one_each(600), 5)).all()


@pytest.mark.parametrize(("n", "k"), [(4, 5), (10, 1)])
def test_more_folds_than_patients_are_refused(n, k):
    with pytest.raises(DatasetError, match="patients"):
        stratified_folds(drawn_targets(0, n), one_each(n), k)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_shares_of_the_source_are_those_of_the_target(seed):
    source, target = drawn_targets(seed, 2000), drawn_targets(seed + 10, 500)[:, ::-1]
    weights = matching_weights(source, target)
    np.testing.assert_allclose(label_shares(source, weights), label_shares(target), atol=1e-6)
    assert weights.mean() == pytest.approx(1)
    assert (weights > 0).all()


def test_a_target_of_the_same_shares_changes_nothing():
    source = drawn_targets(3)
    np.testing.assert_allclose(matching_weights(source, source), 1)


def test_records_that_answer_nothing_and_labels_without_both_answers_keep_their_weight():
    source = np.array([[1, np.nan], [0, np.nan], [np.nan, np.nan], [0, np.nan]], np.float32)
    target = np.array([[1, 1], [0, 0]], np.float32)
    weights = matching_weights(source, target)
    np.testing.assert_allclose(label_shares(source, weights)[0], 0.5)
    np.testing.assert_allclose(weights, [1.5, 0.75, 1, 0.75])


def test_a_label_that_the_target_never_has_leaves_the_source():
    source, target = np.array([[1], [0], [0]], np.float32), np.zeros((5, 1), np.float32)
    np.testing.assert_allclose(matching_weights(source, target), [0, 1.5, 1.5])


def test_few_records_get_no_boundless_weight():
    source = np.zeros((100_000, 1), np.float32)
    source[0] = 1
    weights = matching_weights(source, np.array([[1], [0]], np.float32))
    assert weights.max() == pytest.approx(MOST)
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("target", [np.zeros((2, 3)), np.full((2, 2), np.nan)])
def test_labels_that_cannot_be_compared_are_refused(target):
    with pytest.raises(DatasetError):
        matching_weights(np.zeros((2, 2)), target)
