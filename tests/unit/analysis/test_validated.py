"""A record behind a prediction is found again, or a sentence says why it is not; never another record."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from dataset_sources import ecg, make_store, write_ptb_xl
from wrong_answers import mistaken

from ecgapp.analysis import missing_stores, validated_record
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, import_dataset
from ecgapp.errors import DatasetError
from ecgapp.models import Origin, Predictions, RecordNames


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path, tmp_path / "shipped")


def test_the_record_of_each_row_is_the_one_that_the_answer_is_of(settings):
    card, known = mistaken(settings)
    store = DatasetStore.open(settings.stores / "hospital")
    for row in (0, 1, 79):
        record = validated_record(card, known, row, settings)
        assert record.record_id == store.record_ids()[row]
        np.testing.assert_array_equal(record.signal, store.signal(row))
    assert missing_stores(known, settings) == ()


def test_a_data_set_that_is_not_here_is_named(settings):
    card, known = mistaken(settings)
    shutil.rmtree(settings.stores / "hospital")
    with pytest.raises(DatasetError, match="The data set hospital is not on this machine"):
        validated_record(card, known, 0, settings)
    assert missing_stores(known, settings) == ("hospital",)


def test_predictions_without_names_lead_to_no_record(settings):
    card, known = mistaken(settings)
    with pytest.raises(DatasetError, match="do not say which records"):
        validated_record(card, replace(known, names=None), 0, settings)
    assert missing_stores(replace(known, names=None), settings) == ()


def test_a_hospitals_data_set_that_was_imported_anew_may_have_other_records_under_the_same_numbers(settings):
    card, known = mistaken(settings)
    shutil.rmtree(settings.stores / "hospital")
    make_store(settings.stores / "hospital", [ecg(k, codes=("SCP:NORM",)) for k in range(5)])
    with pytest.raises(DatasetError, match="has changed"):
        validated_record(card, known, 0, settings)


def published(settings, tmp_path, **changes):
    """PTB-XL's layout, whose ids are the publisher's; predictions that were made on another import of it."""
    card, _ = mistaken(settings)
    import_dataset("ptb-xl", write_ptb_xl(tmp_path / "source"), settings.stores / "ptb-xl")
    store = DatasetStore.open(settings.stores / "ptb-xl")
    targets, folds = store.targets(card.task), store.folds.astype(np.int64)
    names = RecordNames(
        tuple(store.record_ids()), (Origin("ptb-xl", "another import's", "ptb-xl"),), np.zeros(3, np.int64)
    )
    return card, replace(Predictions(targets * 0, targets, folds, names), **changes), store


def test_a_published_data_set_opens_by_its_publishers_ids_from_any_import(settings, tmp_path):
    card, known, store = published(settings, tmp_path)
    record = validated_record(card, known, 2, settings)
    np.testing.assert_array_equal(record.signal, store.signal(2))


def test_a_record_with_another_fold_or_other_labels_is_not_the_one(settings, tmp_path):
    card, known, _ = published(settings, tmp_path)
    for other in (
        replace(known, folds=known.folds % 9 + 1),
        replace(known, targets=1 - known.targets),
        replace(known, names=replace(known.names, ids=("ptb-xl/99999",) * 3)),
    ):
        with pytest.raises(DatasetError, match="has changed"):
            validated_record(card, other, 0, settings)
