"""A classifier that is wrong about some records of a small data set, for tests of the browser."""

from dataclasses import replace

import numpy as np
import tiny_models
from admin_pages import twelve_lead_store

from ecgapp.evaluate import evaluate_predictions
from ecgapp.models import Origin, Predictions, RecordNames, save_model

N = 80  # records: even ones are normal, odd ones have atrial fibrillation
MISSED, ALARMED = (1, 3), (0, 2, 4)  # rows where AF is missed, and where it is found and not there


def mistaken(settings, store_name="hospital"):
    """The card and predictions of ``tiny_nine``, installed; the data set lies in ``settings.stores``."""
    store = twelve_lead_store(settings, store_name, N)
    model, _ = tiny_models.classifier()
    task = model.card.task
    targets = store.targets(task)
    scores = np.where(targets == 1, 0.8, 0.2).astype(np.float32)
    af = task.label_names.index("AF")
    scores[list(MISSED), af] = (0.3, 0.1)
    scores[list(ALARMED), af] = (0.6, 0.9, 0.7)
    names = RecordNames(
        tuple(store.record_ids()),
        (Origin(store.name, store.manifest.digest, "test"),),
        np.zeros(N, np.int64),
    )
    known = Predictions(scores, targets, store.folds.astype(np.int64), names)
    figures = evaluate_predictions(
        task, scores, targets, model.card.thresholds, f"{store_name}, folds 1-10", n_bootstrap=50
    )
    card = save_model(settings.weights, replace(model, card=replace(model.card, validation=figures)), known)
    return card, known
