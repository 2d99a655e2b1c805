"""A standardised multinomial linear head on frozen features, its penalty chosen on validation records."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from ecgapp.evaluate import weighted_f1
from ecgapp.evaluate.arrays import Bools
from ecgapp.experiments.trials.pooled_features import standardised
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows

_ITERATIONS, _TOLERANCE = 200, 1e-3  # enough for standardised features


@dataclass(frozen=True, eq=False)
class MultinomialHead:
    """A fitted linear head: its probabilities of the test records, its penalty, and its validation figure.

    ``probabilities`` is float32 (n_test, n_labels). ``inverse_penalty`` is scikit-learn's C.
    """

    probabilities: FloatArray
    inverse_penalty: float
    validation_f1: float


@dataclass(frozen=True, eq=False)
class HeadRecords:
    """The rows of features that a head is fitted to, judged by, and tested on; ``train`` may repeat rows."""

    train: Rows
    validation: Rows
    test: Rows


def fit_multinomial_head(
    features: FloatArray, targets: FloatArray, rows: HeadRecords, inverse_penalties: Sequence[float]
) -> MultinomialHead:
    """Multinomial logistic regression of records with one label each, with the best of these penalties.

    ``features`` is (n_records, n_features), ``targets`` (n_records, n_labels) of 0 and 1. The best penalty is
    the strongest of those with the highest weighted F1 on the validation records; the test records choose
    nothing. The last digits may depend on the number of threads.
    """
    ready = standardised(*(features[part] for part in (rows.train, rows.validation, rows.test)))
    labels = targets[rows.train].argmax(axis=1)
    best: MultinomialHead | None = None
    for penalty in sorted(inverse_penalties):
        model = LogisticRegression(C=penalty, max_iter=_ITERATIONS, tol=_TOLERANCE)
        model.fit(ready[0], labels)
        judged = _probabilities(model, ready[1], targets.shape[1])
        score = weighted_f1(most_probable(judged), targets[rows.validation]) or 0.0
        if best is None or score > best.validation_f1:
            best = MultinomialHead(_probabilities(model, ready[2], targets.shape[1]), penalty, score)
    if best is None:
        raise ValueError("A head needs at least one penalty to choose from.")
    return best


def most_probable(probabilities: FloatArray) -> Bools:
    """Decisions, bool (n_records, n_labels): true for each record's most probable label alone."""
    decided: Bools = np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    return decided


def _probabilities(model: LogisticRegression, features: FloatArray, n_labels: int) -> FloatArray:
    """Probabilities of all labels; those that no training record has are 0."""
    answers = np.zeros((len(features), n_labels), np.float32)
    answers[:, model.classes_] = model.predict_proba(features)
    return answers
