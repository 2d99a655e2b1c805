"""Many records at once get the probabilities that each gets alone, and that thresholds are fitted on."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from small_training import FINETUNING, Recorder, small_settings
from stored_predictions import load_predictions

from ecgapp import analysis
from ecgapp.datasets import open_store
from ecgapp.errors import MissingSamplesError, SignalError
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.training import train

ROUNDING = 1e-6  # of a probability: a batch of another size rounds a convolution in another way


def ecg(seed, duration=10.0, **changes):
    record = synthesise(SyntheticConfig(duration=duration, noise=0.02, seed=seed)).record
    return replace(record, **changes)


@pytest.mark.parametrize("aggregation", ["mean", "max"])
def test_many_records_find_what_each_finds_alone(aggregation):
    model, _ = tiny_models.classifier()
    model = replace(model, card=replace(model.card, aggregation=aggregation, temperature=1.7))
    records = [ecg(1), ecg(2, 25.0), ecg(3), ecg(4, 6.0), ecg(5, sampling_rate=250.0)]
    for together, record in zip(analysis.find_many(records, model), records, strict=True):
        alone = analysis.find(record, model)
        assert [row.label for row in together.rows] == [row.label for row in alone.rows]
        for values, expected in (
            ([row.probability for row in together.rows], [row.probability for row in alone.rows]),
            (together.window_probabilities, alone.window_probabilities),
            (together.prepared.windows.windows, alone.prepared.windows.windows),
        ):
            np.testing.assert_allclose(values, expected, rtol=0, atol=ROUNDING)
        assert together.warnings == alone.warnings


def test_a_record_that_the_model_cannot_take_has_its_error_and_leaves_the_others_alone():
    model, _ = tiny_models.classifier()
    gap = ecg(1).signal.copy()
    gap[3, 100:120] = np.nan
    first, broken, last = analysis.find_many([ecg(1), ecg(1, signal=gap), ecg(2)], model)
    assert isinstance(broken, MissingSamplesError)
    assert not isinstance(first, SignalError)
    assert not isinstance(last, SignalError)
    assert analysis.find_many([], model) == []


def test_a_record_of_no_ensemble_has_no_spread():
    model, _ = tiny_models.classifier()
    found = analysis.find(ecg(1), model)
    assert not found.spread.any()
    np.testing.assert_array_equal(found.member_probabilities[0], [row.probability for row in found.rows])


@pytest.mark.parametrize("aggregation", ["mean", "max"])
def test_thresholds_are_fitted_on_the_probabilities_that_the_app_shows(tmp_path, aggregation):
    """Of several windows a record: what training kept of its validation records is predicted again."""
    settings = small_settings(tmp_path)
    config = replace(FINETUNING, aggregation=aggregation, epochs=2)
    model = train(config, Recorder(), tmp_path / "run", settings)
    fitted = load_predictions([tmp_path / "run" / "result"], config.name)
    predicted = analysis.predict_store(model, open_store("small", settings), config.validation_folds)

    def in_order(predictions):
        return predictions.probabilities[np.lexsort(predictions.probabilities.T)]

    np.testing.assert_allclose(in_order(predicted), in_order(fitted), rtol=0, atol=1e-7)
