"""Validation predictions on disk: they come back as they were, names and all; what does not fit, does not."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models

from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models import Origin, RecordNames, pack, unpack_predictions
from ecgapp.models.predictions import from_bytes, to_bytes

ORIGINS = (Origin("ward", "d1", "east"), Origin("Klinik süd", "d2", ""))


def named(n=200):
    ids = tuple(f"folder/{k:06d}" for k in range(n))
    return RecordNames(ids, ORIGINS, np.arange(n, dtype=np.int64) % 2)


def test_predictions_come_back_as_they_were_with_their_records():
    known = replace(tiny_models.predictions(9), names=named())
    again = from_bytes(to_bytes(known))
    for name in ("probabilities", "targets", "folds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(known, name))
    assert (again.names.ids, again.names.origins) == (known.names.ids, ORIGINS)
    assert again.names.origin(3) == ORIGINS[1]


def test_predictions_of_an_earlier_version_have_no_names_and_no_members_and_are_not_refused():
    again = from_bytes(to_bytes(tiny_models.predictions(9)))
    assert (again.names, again.members) == (None, None)


def test_the_member_that_answered_for_each_record_comes_back():
    members = np.arange(200, dtype=np.int64) % 4
    known = replace(tiny_models.predictions(9), members=members)
    np.testing.assert_array_equal(from_bytes(to_bytes(known)).members, members)


@pytest.mark.parametrize("members", [np.zeros(199, np.int64), np.full(200, -1), np.zeros(200, np.int32)])
def test_members_that_do_not_fit_the_answers_are_refused(members):
    with pytest.raises(ConfigError, match="number of the member"):
        replace(tiny_models.predictions(9), members=members)


def test_names_that_do_not_fit_the_answers_are_refused():
    with pytest.raises(ConfigError, match="more records"):
        from_bytes(to_bytes(replace(tiny_models.predictions(9), names=named(199))))
    for places in (np.full(4, 2), np.full(4, -1), np.zeros(3), np.zeros((4, 1))):
        with pytest.raises(ConfigError, match="origin"):
            RecordNames(("a", "b", "c", "d"), ORIGINS, places.astype(np.int64))
    with pytest.raises(ConfigError, match="origin"):
        RecordNames(("a",), ORIGINS, np.zeros(1, np.int32))


def test_a_model_whose_predictions_name_too_many_records_is_refused():
    model, known = tiny_models.classifier()
    packed = pack(model, replace(known, names=named(201)))
    with pytest.raises(WeightsMismatchError, match="not those its card describes"):
        unpack_predictions(packed.card, packed.predictions)
