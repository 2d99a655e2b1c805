"""Behind every chart stands its table, and no line melts into the ground of either theme."""

import math

import numpy as np
import pytest
import tiny_models

from ecgapp import analysis
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.runs import curve_tables
from ecgapp.runs.run_figures import RunFigures
from ecgapp.ui.review import preprocessing_steps, reconstruction_strips
from ecgapp.ui.tracing import paging
from ecgapp.ui.training import curves

RECORD = synthesise(SyntheticConfig(duration=25.0)).record
GROUNDS = ("#ffffff", "#171614")  # of the light and the dark theme


def luminance(colour):
    """As WCAG 2 has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", GROUNDS)
def test_every_curve_stands_out_from_its_ground_three_to_one(ground):
    lines = {curves.TRAIN, curves.VALIDATION, curves.MEMBER, curves.MACRO, *curves.LABEL_COLOURS}
    for colour in lines:
        low, high = sorted((luminance(colour), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 3, colour


def test_a_curves_table_has_every_point_of_it_and_gaps_where_one_curve_has_none():
    figures = RunFigures(
        train_loss=((1, 0.5), (2, 0.25)), validation_loss=((2, 0.3),), f1_by_label={"AF": ((1, 0.1),)}
    )
    table = curve_tables.by_epoch(figures).set_index("Epoch")
    assert list(table.columns) == ["Training loss", "Validation loss", "F1 of AF"]
    assert table.loc[2, "Validation loss"] == 0.3
    assert math.isnan(table.loc[1, "Validation loss"])
    assert curve_tables.by_step(RunFigures()).empty


def test_a_step_that_was_taken_twice_stands_once_with_its_last_value():
    table = curve_tables.joined("Step", {"loss": ((1, 5.0), (2, 4.0), (1, 3.0))})
    assert table.to_dict("list") == {"Step": [1, 2], "loss": [3.0, 4.0]}


def test_the_steps_table_tells_each_step_of_the_lead():
    model, _ = tiny_models.classifier()
    prepared = analysis.prepare(RECORD, model)
    table = preprocessing_steps.table(prepared, "II")
    assert list(table["Step"]) == [step.name for step in prepared.steps]
    assert float(table["Standard deviation"].iloc[-1]) == pytest.approx(1.0, abs=0.01)


def test_the_reconstructions_table_has_the_errors_of_its_bars():
    autoencoder = tiny_models.autoencoder()
    result = analysis.reconstruct(analysis.prepare(RECORD, autoencoder), autoencoder, 1)
    table = reconstruction_strips.table(result)
    assert list(table["Lead"]) == list(result.leads)
    np.testing.assert_allclose(table["MSE per sample (SD²)"].astype(float), result.mse_per_lead, atol=6e-4)
    assert (table["at (s)"].astype(float) >= result.start).all()


def test_the_overviews_table_keeps_the_highest_point_of_the_stretch():
    table = paging.overview_table(RECORD, (0.0, 25.0))
    lead = RECORD.select(["II"])[0]
    highest = float(lead.max() - np.median(lead))
    assert table["II, highest (mV)"].astype(float).max() == pytest.approx(highest, abs=0.02)
    assert (table["From"].iloc[0], table["To"].iloc[-1]) == ("0:00", "0:25")
