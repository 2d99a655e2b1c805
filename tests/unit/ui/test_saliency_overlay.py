"""Saliency and error bands lie where they belong, on one scale for all leads."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models

from ecgapp import analysis
from ecgapp.analysis import Explanation
from ecgapp.explain import GRAD_CAM, Attribution
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.ui.review import reconstruction_strips
from ecgapp.ui.tracing import saliency_overlay
from ecgapp.ui.tracing.paper_layout import height_per_width

RECORD = synthesise(SyntheticConfig(duration=25.0)).record


def explanation(sampling_rate=100.0, start=5.0, at=432, lead="V1", value=2.0):
    """A map with one sample of one lead, and a weak one of the opposite sign in V2."""
    values = np.zeros((12, round(10 * sampling_rate)), dtype=np.float32)
    values[LEADS.index(lead), at] = value
    values[LEADS.index("V2"), at] = -value / 4
    attribution = Attribution(values, 0.01, "integrated_gradients", "zeros", 1.0, -1.0)
    return Explanation("AF", LEADS, values, sampling_rate, start, attribution)


def bands(figure):
    return {trace.name: trace for trace in figure.data if trace.type == "heatmap"}


@pytest.mark.parametrize("sampling_rate", [100.0, 250.0, 500.0])
def test_a_sample_colours_the_stretch_of_the_recording_in_which_it_lies(sampling_rate):
    at = 432
    band = bands(saliency_overlay.saliency(RECORD, explanation(sampling_rate, at=at)))["V1"]
    strongest = int(np.argmax(band.z[1]))
    middle = band.x0 + strongest * band.dx
    assert abs(5.0 + at / sampling_rate - middle) <= band.dx / 2
    assert np.count_nonzero(band.z) == 1


def test_binning_loses_no_attribution():
    values = np.random.default_rng(0).normal(size=(12, 999)).astype(np.float32)
    attribution = Attribution(values, 0.0, "integrated_gradients", "zeros", 0.0, 0.0)
    bins, rate = saliency_overlay.binned(Explanation("AF", LEADS, values, 100.0, 0.0, attribution))
    np.testing.assert_allclose(bins.sum(axis=1), values.sum(axis=1), rtol=1e-4, atol=1e-4)
    assert rate == 50.0


def test_all_leads_share_one_colour_scale_symmetric_about_zero():
    figure = saliency_overlay.saliency(RECORD, explanation())
    assert {band.coloraxis for band in bands(figure).values()} == {"coloraxis"}
    assert figure.layout.coloraxis.cmin == -figure.layout.coloraxis.cmax
    strong, weak = bands(figure)["V1"].z, bands(figure)["V2"].z
    assert strong.max() > 0 > weak.min()


def test_what_speaks_for_the_class_lies_above_what_speaks_against_it():
    figure = saliency_overlay.saliency(RECORD, explanation())
    against, towards = bands(figure)["V1"].z
    assert (against == 0).all()
    assert (towards >= 0).all()
    against, towards = bands(figure)["V2"].z
    assert (against <= 0).all()
    assert (towards == 0).all()


def test_every_lead_has_its_band_at_its_own_row():
    figure = saliency_overlay.saliency(RECORD, explanation())
    assert sorted(bands(figure)) == sorted(LEADS)
    lines = {line.name: line for line in figure.data if line.type == "scatter"}
    for lead, band in bands(figure).items():
        assert band.y[0] < np.median(lines[lead].y) < band.y[-1]


def test_the_bars_are_the_shares_of_the_leads():
    figure = saliency_overlay.saliency(RECORD, explanation())
    bar = next(trace for trace in figure.data if trace.type == "bar")
    assert sum(bar.x) == pytest.approx(100.0)
    assert bar.text[list(LEADS).index("V1")] == "V1 80 %"


def test_the_overlay_keeps_the_papers_aspect():
    layout = saliency_overlay.saliency(RECORD, explanation()).layout
    assert (layout.yaxis.scaleanchor, layout.yaxis.scaleratio) == ("x", 0.4)


@pytest.fixture(scope="module")
def reconstruction():
    autoencoder = tiny_models.autoencoder()
    return analysis.reconstruct(analysis.prepare(RECORD, autoencoder), autoencoder, 1)


def test_the_reconstruction_lies_over_its_input_at_the_windows_time(reconstruction):
    figure = reconstruction_strips.reconstruction(reconstruction)
    pairs = [trace for trace in figure.data if trace.type == "scatter"]
    assert len(pairs) == 24
    assert {trace.x0 for trace in pairs} == {5.0}
    drawn = np.asarray(pairs[0].y) * reconstruction_strips.UNIT
    np.testing.assert_allclose(drawn, reconstruction.input[0], atol=reconstruction_strips.UNIT)


def test_the_error_bands_are_darkest_where_the_error_is(reconstruction):
    figure = reconstruction_strips.reconstruction(reconstruction)
    bins, rate = reconstruction_strips.binned_error(reconstruction)
    lead, column = np.unravel_index(bins.argmax(), bins.shape)
    band = [trace for trace in figure.data if trace.type == "heatmap"][lead]
    assert band.z[0][column] == reconstruction_strips.STEPS
    assert band.dx == 1 / rate


def test_the_words_name_the_summed_error_and_the_error_per_sample(reconstruction):
    words = reconstruction_strips.in_words(reconstruction, tiny_models.autoencoder().card)
    assert f"{reconstruction.mse_per_sample:.3f}" in words
    assert f"{reconstruction.mse_summed:.1f}" in words


def test_a_method_that_knows_no_leads_gets_no_bars():
    made = explanation()
    blind = replace(made, attribution=replace(made.attribution, method=GRAD_CAM))
    assert not [trace for trace in saliency_overlay.saliency(RECORD, blind).data if trace.type == "bar"]
    assert "bars" not in saliency_overlay.method_in_words(blind)
    assert "bars" in saliency_overlay.method_in_words(made)


@pytest.mark.parametrize("opacity", [0.2, 0.85, 1.0])
def test_the_strength_of_the_colours_changes_neither_map_nor_scale(opacity):
    figure = saliency_overlay.saliency(RECORD, explanation(), opacity)
    scale = figure.layout.coloraxis.colorscale
    assert scale[0][1].endswith(f",{opacity:.3g})")
    assert scale[2][1].endswith(",0)")
    np.testing.assert_array_equal(
        bands(figure)["V1"].z, bands(saliency_overlay.saliency(RECORD, explanation()))["V1"].z
    )


def test_the_papers_height_leaves_room_for_the_bars_and_no_blank_paper():
    figure = saliency_overlay.saliency(RECORD, explanation())
    first, last = figure.layout.xaxis.domain
    (left, right), (bottom, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert height_per_width(figure) * (right - left) / (last - first) == pytest.approx(0.4 * (top - bottom))
