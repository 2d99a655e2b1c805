"""A learner fitted on one training part: its strength and thresholds are chosen inside that part alone."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from ecgapp.evaluate import best_thresholds, macro_auroc
from ecgapp.evaluate.arrays import Floats
from ecgapp.experiments.trials.conventional_learners import BinaryLearner, Scores
from ecgapp.experiments.trials.label_targets import (
    has_both_answers,
    label_log_losses,
    refuse_unlearnable,
)
from ecgapp.experiments.trials.pooled_features import mean_and_scale, scaled
from ecgapp.models.answers import combine_windows
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows

_FREE, _FLATTEST = 1e3, 1e-3  # penalty and smallest slope of the calibration, which keeps the order
_SURE = 20.0  # the score that stands for a label whose records all have the same answer


@dataclass(frozen=True, eq=False)
class FeatureData:
    """Features of windows, and the targets of their records.

    ``windows`` is float32 (n_windows, n_features), ``owners`` (n_windows,) each one's record, ``targets``
    float32 (n_records, n_labels) of 1, 0 and NaN.
    """

    windows: FloatArray
    owners: Rows
    targets: FloatArray

    def of_records(self, rows: Rows) -> FloatArray:
        """The features of ``rows``, (n_rows, n_features): the mean over each record's windows."""
        mine = np.isin(self.owners, rows)
        return combine_windows(self.windows[mine], self.owners[mine], rows, "mean")


@dataclass(frozen=True, eq=False)
class FittedLearner:
    """One fitted learner for each label, and what was chosen inside the training part.

    ``train`` is the training part, standardised by ``mean`` and ``scale`` (n_features,), the SD, which is
    infinite where a feature is constant. ``thresholds`` (n_labels,) have the best F1 on training records that
    were left out of the fit. ``slopes`` and ``offsets`` (n_labels,) calibrate the scores.
    """

    learner: BinaryLearner
    train: FloatArray
    by_label: tuple[Scores, ...]
    mean: Floats
    scale: Floats
    slopes: Floats
    offsets: Floats
    strength: float
    thresholds: Floats

    def standard_scores(self, ready: FloatArray) -> Floats:
        """Scores (n_windows, n_labels) of standardised features."""
        inputs = self.learner.inputs(self.train, ready)
        scores = np.stack([scores(inputs) for scores in self.by_label], axis=1)
        return np.asarray(scores * self.slopes + self.offsets, np.float64)

    def scores(self, windows: FloatArray) -> Floats:
        """Scores (n_windows, n_labels) of features as they are."""
        return self.standard_scores(scaled(windows, self.mean, self.scale))

    def probabilities(self, data: FeatureData, rows: Rows) -> FloatArray:
        """Probabilities of the records ``rows``, float32 (n_rows, n_labels): the mean over their windows."""
        mine = np.isin(data.owners, rows)
        answers = expit(self.scores(data.windows[mine])).astype(np.float32)
        return combine_windows(answers, data.owners[mine], rows, "mean")


def fit_learner(learner: BinaryLearner, data: FeatureData, train: Rows, inner_folds: Rows) -> FittedLearner:
    """Fit one learner for each label to the records ``train``.

    ``inner_folds`` (n_train,) divides the training part. The strength that does best on the records left out
    in turn is taken, the same for all labels; of equally good ones the simplest. Best is the lowest log loss
    for a learner that minimises it, which varies less than ranks of few positives, else the highest AUROC.

    Raises:
        TrainingError: no label has both answers in the training part.
    """
    features, targets = data.of_records(train), data.targets[train]
    mean, scale = mean_and_scale(features)
    ready = scaled(features, mean, scale)
    inputs = learner.inputs(ready, ready)
    refuse_unlearnable(targets)
    left_out = {one: _left_out(learner, inputs, targets, inner_folds, one) for one in learner.strengths}
    ranks = {one: _goodness(learner, scores, targets) for one, scores in left_out.items()}
    strength = max(learner.strengths, key=lambda one: ranks[one])
    rows = np.arange(len(train), dtype=np.int64)
    by_label = _fitted(learner, inputs, targets, rows, strength)
    slopes, offsets = _calibration(learner, left_out[strength], targets)
    thresholds = best_thresholds(expit(left_out[strength] * slopes + offsets), targets)
    return FittedLearner(learner, ready, by_label, mean, scale, slopes, offsets, strength, thresholds)


def _goodness(learner: BinaryLearner, scores: Floats, targets: FloatArray) -> float:
    """The higher the better: the negative mean over labels of the log loss, or the macro AUROC."""
    if not learner.probabilistic:
        return macro_auroc(scores, targets) or 0.0
    losses = label_log_losses(scores, targets)
    return -float(losses[~np.isnan(losses)].mean())


def _calibration(learner: BinaryLearner, scores: Floats, targets: FloatArray) -> tuple[Floats, Floats]:
    """Slope and offset of each label that make log odds of scores of records left out: Platt (1999) scaling.

    Scores of margins have another scale in every fold, so that folds could not be ranked together.
    """
    slopes, offsets = np.ones(targets.shape[1]), np.zeros(targets.shape[1])
    for label in range(0 if learner.probabilistic else targets.shape[1]):
        known = ~np.isnan(targets[:, label])
        if has_both_answers(targets[known, label]):
            model = LogisticRegression(C=_FREE).fit(scores[known, label, None], targets[known, label] == 1)
            slopes[label] = max(float(model.coef_[0, 0]), _FLATTEST)
            offsets[label] = float(model.intercept_[0])
    return slopes, offsets


def _left_out(
    learner: BinaryLearner, inputs: FloatArray, targets: FloatArray, inner_folds: Rows, strength: float
) -> Floats:
    """The scores of the training records, each by a fit without its inner fold: (n_train, n_labels)."""
    scores = np.zeros(targets.shape)
    for fold in np.unique(inner_folds):
        outside = inner_folds == fold
        rows = np.flatnonzero(~outside).astype(np.int64)
        for label, score in enumerate(_fitted(learner, inputs, targets, rows, strength)):
            scores[outside, label] = score(inputs[outside])
    return scores


def _fitted(
    learner: BinaryLearner, inputs: FloatArray, targets: FloatArray, rows: Rows, strength: float
) -> tuple[Scores, ...]:
    """The learners fitted to ``rows``, one for each label; unknown answers are not learnt from."""
    fitted = []
    for label in range(targets.shape[1]):
        known = rows[~np.isnan(targets[rows, label])]
        truths = targets[known, label] == 1
        if has_both_answers(targets[known, label]):
            fitted.append(learner.fit(inputs, known, truths, strength))
        else:
            fitted.append(partial(_constant, _SURE if truths.any() else -_SURE))
    return tuple(fitted)


def _constant(score: float, inputs: FloatArray) -> Floats:
    return np.full(len(inputs), score)
