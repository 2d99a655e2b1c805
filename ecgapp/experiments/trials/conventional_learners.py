"""Conventional learners of scikit-learn on features: one binary learner for each label.

Every learner gets features that were standardised on the training part, and answers with scores whose sigmoid
is its probability. A learner knows its own strengths, from the simplest model to the most flexible one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC, LinearSVC

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Bools, Floats
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows

Scores = Callable[[FloatArray], Floats]  # inputs (n, ...) -> scores (n,)
_ITERATIONS = 300


class BinaryLearner(ABC):
    """A binary learner; ``strengths`` are its settings to choose from, the simplest model first.

    A ``probabilistic`` learner minimises the log loss of its scores. Scores of any other are calibrated.
    """

    title: ClassVar[str]
    probabilistic: ClassVar[bool] = False
    strengths: tuple[float, ...]

    def inputs(self, train: FloatArray, other: FloatArray) -> FloatArray:
        """The inputs made of the standardised features of ``other``, where ``train`` is the training part."""
        return other

    @abstractmethod
    def fit(self, inputs: FloatArray, rows: Rows, truths: Bools, strength: float) -> Scores:
        """The scores learnt from ``rows`` of ``inputs``, whose answers are ``truths`` (n_rows,)."""


class Logistic(BinaryLearner):
    """Logistic regression with a squared penalty; a strength is scikit-learn's C."""

    title = "logistic regression"
    probabilistic = True
    strengths = (0.003, 0.01, 0.03, 0.1)

    def fit(self, inputs: FloatArray, rows: Rows, truths: Bools, strength: float) -> Scores:
        model = LogisticRegression(C=strength, max_iter=_ITERATIONS, tol=1e-3)
        model.fit(inputs[rows], truths)
        return lambda other: np.asarray(model.decision_function(other), np.float64)


class LinearMargin(BinaryLearner):
    """A linear support vector machine with squared hinge loss; a strength is scikit-learn's C."""

    title = "linear SVM"
    strengths = (0.0003, 0.001)

    def fit(self, inputs: FloatArray, rows: Rows, truths: Bools, strength: float) -> Scores:
        model = LinearSVC(C=strength, dual=False, tol=0.1, random_state=0)
        model.fit(inputs[rows], truths)
        return lambda other: np.asarray(model.decision_function(other), np.float64)


class RadialMargin(BinaryLearner):
    """A support vector machine with a radial kernel of width 1 / n_features; a strength is C.

    The inputs are values of the kernel against the training part, computed once for all labels.
    """

    title = "RBF SVM"
    strengths = (1.0, 10.0)

    def inputs(self, train: FloatArray, other: FloatArray) -> FloatArray:
        kernel: FloatArray = rbf_kernel(other, train)
        return kernel

    def fit(self, inputs: FloatArray, rows: Rows, truths: Bools, strength: float) -> Scores:
        model = SVC(C=strength, kernel="precomputed", tol=1e-2)
        model.fit(inputs[np.ix_(rows, rows)], truths)
        return lambda other: np.asarray(model.decision_function(other[:, rows]), np.float64)


class Boosting(BinaryLearner):
    """Gradient boosting of small trees on the most informative features; a strength is the number of trees.

    Of all features those with the highest F statistic on the training records are kept, because histograms
    of all of them take minutes.
    """

    title = "gradient boosting"
    probabilistic = True
    strengths = (10.0, 25.0)
    n_features = 32

    def fit(self, inputs: FloatArray, rows: Rows, truths: Bools, strength: float) -> Scores:
        seen = inputs[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.nan_to_num(f_classif(seen[:, seen.std(0) > 0], truths)[0])
        varying = np.flatnonzero(seen.std(0) > 0)
        best = np.sort(varying[np.argsort(-statistic, kind="stable")[: self.n_features]])
        model = HistGradientBoostingClassifier(
            learning_rate=0.15, max_iter=int(strength), max_leaf_nodes=8, max_bins=32, l2_regularization=1.0,
            min_samples_leaf=10, early_stopping=False, random_state=0,
        )  # fmt: skip
        model.fit(seen[:, best], truths)
        return lambda other: np.asarray(model.decision_function(other[:, best]), np.float64)


LEARNERS: dict[str, type[BinaryLearner]] = {
    "logistic": Logistic,
    "linear-svm": LinearMargin,
    "rbf-svm": RadialMargin,
    "boosting": Boosting,
}


def learner_named(name: str) -> BinaryLearner:
    """A learner of ``LEARNERS`` with its usual strengths.

    Raises:
        ConfigError: there is no such learner.
    """
    if name not in LEARNERS:
        raise ConfigError(f"There is no learner {name}; there are {', '.join(LEARNERS)}.")
    return LEARNERS[name]()
