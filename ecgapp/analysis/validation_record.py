"""The record behind a validation answer, in a data set of this machine, and the member that answered."""

from dataclasses import replace

import numpy as np

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store, store_names
from ecgapp.errors import DatasetError
from ecgapp.models import Classifier, Ensemble, EnsembleConfig, ModelCard, Origin, Predictions, TrainedModel
from ecgapp.records import ECGRecord

_NUMBERED = "folder"  # its ids count the files, and change their meaning when files come or go
_CHANGED = (
    "The data set {name} has changed since this model was validated, so that its records may be others. "
    "Train again to see where the model is wrong about them."
)


def validated_record(card: ModelCard, predictions: Predictions, row: int, settings: Settings) -> ECGRecord:
    """The record of ``row`` of the ``predictions`` that came with this card.

    A data set that was imported anew or grew is accepted where its ids are those of its publisher and
    the record's fold and labels are still those that the model was judged by.

    Raises:
        DatasetError: the predictions name no records, the data set is not on this machine, or the record
            is not in it any more.
    """
    if predictions.names is None:
        raise DatasetError("These predictions do not say which records they are of. Train the model again.")
    origin, record_id = predictions.names.origin(row), predictions.names.ids[row]
    store = _store_of(origin, settings)
    same = store.manifest.digest == origin.digest
    ids = store.record_ids()
    place = ids.index(record_id) if record_id in ids else None
    if place is None or not (same or store.manifest.layout != _NUMBERED):
        raise DatasetError(_CHANGED.format(name=origin.store))
    there = np.array([place], np.int64)
    truth = np.zeros((1, 0)) if card.task is None else store.targets(card.task, there)
    known = np.array_equal(truth[0], predictions.targets[row], equal_nan=True)
    if store.folds[place] != predictions.folds[row] or not known:
        raise DatasetError(_CHANGED.format(name=origin.store))
    return store.record(place)


def answering_member(model: TrainedModel, predictions: Predictions, row: int) -> TrainedModel | None:
    """The member of a cross-fitted ensemble that answered for the record of ``row``, as a model of its own.

    It had not learnt from the record. None if the model is no ensemble, or was not cross-fitted.
    """
    config, network = model.card.network, model.network
    if not (isinstance(config, EnsembleConfig) and isinstance(network, Ensemble)):
        return None
    number = _member_number(model.card, predictions, row, len(network.members))
    if number is None or number >= len(network.members):
        return None
    member: Classifier = network.members[number]  # type: ignore[assignment]
    return TrainedModel(member, replace(model.card, network=config.member))


def _member_number(card: ModelCard, predictions: Predictions, row: int, n_members: int) -> int | None:
    """The number of the answering member; for predictions of version 0.2 it follows from the folds."""
    if predictions.members is not None:
        return int(predictions.members[row])
    if not card.is_cross_fitted:
        return None
    folds = np.unique(predictions.folds)
    return int(np.searchsorted(folds, predictions.folds[row])) % n_members


def missing_stores(predictions: Predictions, settings: Settings) -> tuple[str, ...]:
    """The data sets that are named in the predictions and are not on this machine."""
    if predictions.names is None:
        return ()
    named = dict.fromkeys(origin.store for origin in predictions.names.origins)
    return tuple(name for name in named if name not in store_names(settings))


def _store_of(origin: Origin, settings: Settings) -> DatasetStore:
    if origin.store not in store_names(settings):
        raise DatasetError(
            f"The data set {origin.store} is not on this machine. Import it under this name on the Data page "
            "to open its records."
        )
    return open_store(origin.store, settings)
