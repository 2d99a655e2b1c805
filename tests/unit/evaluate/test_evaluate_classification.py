"""Figures per label and their means: scikit-learn's values, laws of the intervals, what is undefined."""

import numpy as np
import pytest
from sklearn import metrics

from ecgapp.errors import ConfigError
from ecgapp.evaluate import (
    evaluate_predictions,
    f1_by_label,
    f_beta_g_beta,
    macro_auroc,
    macro_f1,
    metrics_at,
)
from ecgapp.evaluate.bootstrap import draw_weights
from ecgapp.evaluate.ranking import LabelRanking
from ecgapp.models.validation_figures import Evaluation
from ecgapp.storage import documents
from ecgapp.tasks.task import Label, Task

FIGURES = ("precision", "recall", "specificity", "f1", "auroc", "auprc")
MACRO = ("macro_auroc", "macro_auprc", "macro_f1", "f2", "g2")


def task_of(n_labels):
    return Task("made_up", "Made up", tuple(Label(f"L{k}", frozenset({f"X:{k}"})) for k in range(n_labels)))


def predictions(n_records=300, seed=0, shares=(0.1, 0.3, 0.5)):
    """Probabilities in steps of 0.05, so that ties are frequent, and their targets."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n_records, len(shares))) < shares).astype(np.float32)
    probabilities = 1 / (1 + np.exp(-(2 * targets + rng.normal(size=targets.shape) - 1)))
    return (probabilities * 20).round().astype(np.float32) / 20, targets


def evaluated(probabilities, targets, thresholds=0.5, **options):
    return evaluate_predictions(
        task_of(targets.shape[1]), probabilities, targets, thresholds, "made up", **options
    )


def test_every_figure_of_every_label_is_scikit_learns():
    probabilities, targets = predictions()
    thresholds = np.array([0.3, 0.5, 0.65])
    evaluation = evaluated(probabilities, targets, thresholds, n_bootstrap=50)
    for k, label in enumerate(evaluation.per_label):
        truth, score, decision = targets[:, k], probabilities[:, k], probabilities[:, k] >= thresholds[k]
        (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, decision)
        counts = (label.true_negative, label.false_positive, label.false_negative, label.true_positive)
        assert counts == (tn, fp, fn, tp)
        assert label.precision.value == pytest.approx(metrics.precision_score(truth, decision))
        assert label.recall.value == pytest.approx(metrics.recall_score(truth, decision))
        assert label.specificity.value == pytest.approx(metrics.recall_score(truth, decision, pos_label=0))
        assert label.f1.value == pytest.approx(metrics.f1_score(truth, decision))
        assert label.auroc.value == pytest.approx(metrics.roc_auc_score(truth, score))
        assert label.auprc.value == pytest.approx(metrics.average_precision_score(truth, score))
    assert evaluation.macro_f1.value == pytest.approx(
        metrics.f1_score(targets, probabilities >= thresholds, average="macro")
    )
    assert evaluation.macro_auroc.value == pytest.approx(metrics.roc_auc_score(targets, probabilities))
    assert evaluation.macro_auprc.value == pytest.approx(
        metrics.average_precision_score(targets, probabilities)
    )


def test_f2_and_g2_are_the_challenges():
    probabilities, targets = predictions()
    evaluation = evaluated(probabilities, targets)
    expected = f_beta_g_beta(probabilities >= 0.5, targets)
    assert (evaluation.f2.value, evaluation.g2.value) == pytest.approx(expected)


def test_a_weighted_draw_ranks_as_scikit_learn_ranks_with_sample_weights():
    probabilities, targets = predictions(120)
    (weights,) = draw_weights(120, 30, seed=4)
    ranked = LabelRanking.of(probabilities[:, 0].astype(float), targets[:, 0].astype(float)).draws(weights)
    for draw, (auroc, auprc) in zip(weights.T, ranked.T, strict=True):
        truth, score = targets[:, 0], probabilities[:, 0]
        assert auroc == pytest.approx(metrics.roc_auc_score(truth, score, sample_weight=draw))
        assert auprc == pytest.approx(metrics.average_precision_score(truth, score, sample_weight=draw))


def test_an_interval_is_that_of_records_resampled_one_draw_at_a_time():
    probabilities, targets = predictions(150)
    interval = evaluated(probabilities, targets, n_bootstrap=200, seed=7).macro_f1
    (weights,) = draw_weights(150, 200, seed=7)
    values = []
    for draw in weights.T.astype(int):
        rows = np.repeat(np.arange(150), draw)
        values.append(metrics.f1_score(targets[rows], probabilities[rows] >= 0.5, average="macro"))
    assert (interval.low, interval.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_each_draw_has_as_many_records_as_there_are():
    for weights in draw_weights(30_000, 20, seed=0):  # several blocks
        assert weights.shape[0] == 30_000
        assert (weights.sum(axis=0) == 30_000).all()


def test_intervals_hold_their_values_and_narrow_with_more_records():
    wide, narrow = evaluated(*predictions(100)), evaluated(*predictions(3000))
    for name in MACRO:
        few, many = getattr(wide, name), getattr(narrow, name)
        assert few.low <= few.value <= few.high
        assert many.high - many.low < few.high - few.low


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        targets = np.ones((80, 1))
        probabilities = (rng.random((80, 1)) < 0.7).astype(float)  # recall is 0.7 in truth
        recall = evaluated(probabilities, targets, n_bootstrap=200, seed=seed).per_label[0].recall
        covered += recall.low <= 0.7 <= recall.high
    assert 175 <= covered <= 199


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    first, again, other = (evaluated(*predictions(), n_bootstrap=100, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_unknown_targets_are_left_out_of_their_label_alone():
    probabilities, targets = predictions()
    hidden = targets.copy()
    hidden[:100, 0] = np.nan
    evaluation = evaluated(probabilities, hidden, n_bootstrap=0)
    alone = evaluated(probabilities[100:], targets[100:], n_bootstrap=0)
    assert evaluation.per_label[0] == alone.per_label[0]
    assert evaluation.per_label[1] == evaluated(probabilities, targets, n_bootstrap=0).per_label[1]
    assert (evaluation.n, evaluation.per_label[0].n) == (300, 200)


def test_a_label_without_positives_has_no_recall_and_is_left_out_of_the_means():
    probabilities, targets = predictions()
    targets[:, 1] = 0
    evaluation = evaluated(probabilities, targets, n_bootstrap=100)
    label = evaluation.per_label[1]
    assert (label.recall, label.auroc, label.auprc, label.n_positive) == (None, None, None, 0)
    both = metrics.roc_auc_score(targets[:, [0, 2]], probabilities[:, [0, 2]])
    assert evaluation.macro_auroc.value == pytest.approx(both)


def test_a_label_that_is_never_called_has_no_precision_but_an_f1_of_zero():
    label = evaluated(np.zeros((40, 1)), np.tile([[1.0], [0.0]], (20, 1)), n_bootstrap=50).per_label[0]
    assert label.precision is None
    assert (label.recall.value, label.f1.value) == (0.0, 0.0)


def test_draws_that_lost_the_only_positive_do_not_pull_its_interval_to_zero():
    targets, decisions = np.zeros((2, 50, 1))
    targets[0] = decisions[0] = decisions[1] = 1  # one hit, one false alarm
    label = evaluated(decisions, targets, n_bootstrap=400).per_label[0]
    assert label.recall.low == 1
    assert min(label.precision.low, label.f1.low, label.auroc.low, label.auprc.low) > 0


def test_one_bad_label_does_not_empty_the_means_of_the_others():
    probabilities, targets = predictions()
    targets[:, 0] = np.nan
    evaluation = evaluated(probabilities, targets, n_bootstrap=50)
    assert evaluation.per_label[0].n == 0
    assert all(getattr(evaluation.per_label[0], figure) is None for figure in FIGURES)
    assert all(getattr(evaluation, figure) is not None for figure in MACRO)


def test_no_records_give_no_figures():
    evaluation = evaluated(np.zeros((0, 2)), np.zeros((0, 2)))
    assert (evaluation.n, evaluation.macro_auroc, evaluation.f2) == (0, None, None)


def test_an_evaluation_survives_its_document():
    probabilities, targets = predictions()
    targets[:, 0] = 0
    evaluation = evaluated(probabilities, targets, n_bootstrap=50)
    assert documents.load(Evaluation, documents.dump(evaluation)) == evaluation


def test_trying_thresholds_gives_the_values_of_the_full_evaluation():
    probabilities, targets = predictions()
    tried = metrics_at(task_of(3), probabilities, targets, (0.2, 0.4, 0.6))
    full = evaluated(probabilities, targets, (0.2, 0.4, 0.6))
    for name in MACRO:
        assert getattr(tried, name).value == getattr(full, name).value
    for quick, slow in zip(tried.per_label, full.per_label, strict=True):
        assert quick.f1.value == slow.f1.value
        assert quick.true_positive == slow.true_positive


def test_raising_a_threshold_moves_recall_and_leaves_the_auroc():
    probabilities, targets = predictions()
    low, high = (metrics_at(task_of(3), probabilities, targets, line, 100) for line in (0.3, 0.8))
    assert high.per_label[2].recall.high < low.per_label[2].recall.low
    assert high.macro_auroc == low.macro_auroc


def test_macro_f1_and_auroc_of_an_epoch_are_those_of_the_evaluation():
    probabilities, targets = predictions()
    evaluation = evaluated(probabilities, targets, n_bootstrap=0)
    assert macro_f1(probabilities, targets) == pytest.approx(evaluation.macro_f1.value)
    assert macro_auroc(probabilities, targets) == pytest.approx(evaluation.macro_auroc.value)
    assert f1_by_label(probabilities, targets) == pytest.approx([m.f1.value for m in evaluation.per_label])


def test_macro_figures_of_nothing_are_none():
    assert macro_f1(np.zeros((3, 2)), np.zeros((3, 2))) is None
    assert macro_auroc(np.zeros((3, 2)), np.zeros((3, 2))) is None


@pytest.mark.parametrize(
    ("probabilities", "targets", "thresholds", "word"),
    [
        (np.zeros((3, 2)), np.zeros((3, 3)), 0.5, "one row a record"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), 0.5, "not a finite"),
        (np.zeros((3, 2)), np.full((3, 2), 2.0), 0.5, "target"),
        (np.zeros((3, 2)), np.zeros((3, 2)), (0.5, 0.5, 0.5), "threshold"),
        (np.zeros((3, 3)), np.zeros((3, 3)), 0.5, "labels of the task"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_words(probabilities, targets, thresholds, word):
    with pytest.raises(ConfigError, match=word):
        evaluate_predictions(task_of(2), probabilities, targets, thresholds, "made up")
