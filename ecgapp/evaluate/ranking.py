"""AUROC and AUPRC, also for a thousand bootstrap draws at once.

The figures themselves are scikit-learn's: AUROC by trapezoids, ties counting half; AUPRC the sum of
recall steps times precision. The draws use the same definitions on weighted records.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from ecgapp.evaluate.arrays import AnyFloats, Floats, checked, ratio
from ecgapp.evaluate.challenge_scores import mean_defined


def auroc_and_auprc(probabilities: Floats, targets: Floats) -> tuple[float, float]:
    """AUROC and AUPRC of one label's records (n_records,); NaN without positives or negatives."""
    known = ~np.isnan(targets)
    scores, truths = probabilities[known], targets[known]
    if not 0 < truths.sum() < truths.size:
        return float("nan"), float("nan")
    return float(roc_auc_score(truths, scores)), float(average_precision_score(truths, scores))


def macro_auroc(probabilities: AnyFloats, targets: AnyFloats) -> float | None:
    """The unweighted mean AUROC of the labels with positives and negatives; None without any."""
    scores, truths = checked(probabilities, targets)
    mean = mean_defined(np.array([_auroc(s, t) for s, t in zip(scores.T, truths.T, strict=True)]))
    return None if np.isnan(mean) else mean


def _auroc(probabilities: Floats, targets: Floats) -> float:
    """AUROC of one label's records (n_records,); NaN without positives or negatives."""
    known = ~np.isnan(targets)
    scores, truths = probabilities[known], targets[known]
    return float(roc_auc_score(truths, scores)) if 0 < truths.sum() < truths.size else float("nan")


@dataclass(frozen=True, eq=False)
class LabelRanking:
    """One label's records in descending order of score, prepared for weights.

    ``positives`` are row numbers. ``negatives`` is a sparse matrix (n_groups, n_records) of ones: group g
    has the negatives that score between two neighbouring positives, so that a draw's negatives are counted
    in one product. The other arrays have one entry for each positive: the number of groups of negatives
    that score higher or at least as high, and of positives that score at least as high.
    """

    positives: NDArray[np.intp]
    negatives: csr_array
    groups_above: NDArray[np.intp]
    groups_from: NDArray[np.intp]
    positives_from: NDArray[np.intp]

    @classmethod
    def of(cls, probabilities: Floats, targets: Floats) -> "LabelRanking":
        """The ranking of one label's records (n_records,); unknown targets are left out."""
        order = np.argsort(-probabilities, kind="stable")
        positives, negatives = order[targets[order] == 1], order[targets[order] == 0]
        up, down = -probabilities[positives], -probabilities[negatives]
        above, at_least = (np.searchsorted(down, up, side=side) for side in ("left", "right"))
        ends = np.unique(np.concatenate([above, at_least]))
        groups = np.searchsorted(ends, np.arange(len(negatives)), side="right")
        matrix = csr_array(
            (np.ones(len(negatives)), (groups, negatives)), shape=(len(ends) + 1, len(probabilities))
        )
        return cls(
            positives,
            matrix,
            np.searchsorted(ends, above),
            np.searchsorted(ends, at_least),
            np.searchsorted(up, up, side="right"),
        )

    def auroc(self, weights: Floats) -> Floats:
        """AUROC for each column of ``weights`` (n_records, n_draws): (n_draws,); NaN if undefined."""
        return self._auroc(weights[self.positives], np.cumsum(self.negatives @ weights, axis=0))

    def draws(self, weights: Floats) -> Floats:
        """AUROC and AUPRC for each column of ``weights`` (n_records, n_draws): (2, n_draws)."""
        hits, alarms = weights[self.positives], np.cumsum(self.negatives @ weights, axis=0)
        caught = _running(hits)[self.positives_from]
        # 0 / 0 only if the positive weighs 0
        precision = caught / np.maximum(caught + alarms[self.groups_from], 1)
        auprc = ratio(np.einsum("ij,ij->j", hits, precision), hits.sum(axis=0))
        return np.stack([self._auroc(hits, alarms), np.where(alarms[-1] > 0, auprc, np.nan)])

    def _auroc(self, hits: Floats, alarms: Floats) -> Floats:
        """AUROC from the weights of the positives and the running sums of the groups of negatives."""
        positives, negatives = hits.sum(axis=0), alarms[-1]
        losses = np.einsum("ij,ij->j", hits, alarms[self.groups_above] + alarms[self.groups_from]) / 2
        return ratio(negatives * positives - losses, positives * negatives)


def _running(weights: Floats) -> Floats:
    """The sums over the first 0, 1, 2, ... rows: (n_rows + 1, n_draws)."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]))
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Precision and recall at each threshold, from the highest down: float64 arrays of one length."""

    recall: Floats
    precision: Floats
    thresholds: Floats


def precision_recall_points(
    probabilities: AnyFloats, targets: AnyFloats, max_points: int = 200
) -> PrecisionRecallCurve:
    """One label's precision-recall curve for drawing: the best precision at each recall.

    Both arrays are (n_records,). The curve has at most ``max_points`` (at least 2) in even steps of recall,
    with both ends; it is empty without positives.
    """
    scores, truths = checked(np.asarray(probabilities)[:, None], np.asarray(targets)[:, None])
    known = ~np.isnan(truths[:, 0])
    scores, truths = scores[known, 0], truths[known, 0]
    if not truths.any():
        empty = np.zeros(0)
        return PrecisionRecallCurve(empty, empty, empty)
    curve = precision_recall_curve(truths, scores)
    precision, recall, thresholds = (values[: len(curve[2])][::-1] for values in curve)
    best = np.flatnonzero(np.diff(recall, prepend=0.0))  # the highest threshold that reaches each recall
    rows = best[np.unique(np.linspace(0, len(best) - 1, max_points).round().astype(np.intp))]
    return PrecisionRecallCurve(recall[rows], precision[rows], thresholds[rows])
