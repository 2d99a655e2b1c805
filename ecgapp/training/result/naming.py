"""Which records the validation answers are of, in the words of their data sets."""

from collections.abc import Sequence

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.errors import DatasetError
from ecgapp.models import Origin, RecordNames
from ecgapp.training.data.window_sampling import RecordSet, Rows


def named(records: RecordSet, rows: Rows, stores: Sequence[DatasetStore]) -> RecordNames | None:
    """The names of ``rows`` of ``records``; ``stores`` are those of the records, in their order.

    None where a data set was removed meanwhile: a training has its signals in memory, and goes on.
    """
    try:
        return _named(records, rows, stores)
    except DatasetError:
        return None


def _named(records: RecordSet, rows: Rows, stores: Sequence[DatasetStore]) -> RecordNames:
    ids, origins = [""] * len(rows), [Origin("", "", "")] * len(rows)
    for number, store in enumerate(stores):
        mine = np.flatnonzero(records.store_of[rows] == number)
        there = records.row_of[rows[mine]]
        named = zip(mine.tolist(), store.record_ids(there), store.sources(there), strict=True)
        for place, record_id, source in named:
            ids[place] = record_id
            origins[place] = Origin(store.name, store.manifest.digest, source)
    distinct = tuple(dict.fromkeys(origins))
    places = {origin: place for place, origin in enumerate(distinct)}
    return RecordNames(tuple(ids), distinct, np.array([places[origin] for origin in origins], np.int64))
