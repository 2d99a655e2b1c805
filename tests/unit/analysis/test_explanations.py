"""Maps lie in the recording where the evidence lies, whatever rate, window, method and baseline."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_models
import torch

from ecgapp import analysis, explain
from ecgapp.analysis import SaliencyQuestion
from ecgapp.errors import ModelError, SignalError
from ecgapp.explain import BASELINES, GRAD_CAM, METHODS, OCCLUSION, Baseline, Recipe
from ecgapp.models import TrainedModel
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.signals import r_peaks

V1 = LEADS.index("V1")


class Energy(torch.nn.Module):
    """Every logit is the energy of the whole window."""

    def forward(self, x):
        return x.square().sum((1, 2), keepdim=False)[:, None].expand(-1, 9)


@pytest.fixture(scope="module")
def classifier():
    return tiny_models.classifier()[0]


@pytest.fixture(scope="module")
def energy(classifier):
    return TrainedModel(Energy(), classifier.card)


def ecg(duration=10.0, seed=0, **changes):
    return synthesise(SyntheticConfig(duration=duration, noise=0.02, seed=seed, **changes)).record


def explained(record, model, question, recipe=None, autoencoder=None):
    return analysis.explain(analysis.prepare(record, model), model, question, recipe, autoencoder)


@pytest.mark.parametrize("sampling_rate", [100.0, 250.0, 257.0, 500.0, 1000.0])
@pytest.mark.parametrize("window", [0, 2])
@pytest.mark.parametrize("method", [method for method in METHODS if method != GRAD_CAM])
def test_a_spike_is_explained_at_its_time_in_the_recording(energy, sampling_rate, window, method):
    record = ecg(25.0, sampling_rate=sampling_rate)
    start = analysis.prepare(record, energy).start(window)
    sample = round((start + 6.52) * sampling_rate)
    spiked = replace(record, signal=0.01 * record.signal)
    spiked.signal[V1, sample] = 50.0
    found = explained(spiked, energy, SaliencyQuestion("AF", window), Recipe(method))
    strongest = found.times[np.flatnonzero(found.values[V1] == found.values[V1].max())]
    assert len(strongest) == (20 if method == OCCLUSION else 1)
    assert strongest[0] - 0.005 <= sample / sampling_rate + 1e-9
    assert sample / sampling_rate <= strongest[-1] + 0.005 + 1e-9


@pytest.mark.parametrize("baseline", BASELINES[:3])
def test_a_short_records_padding_gets_nothing_from_any_baseline(classifier, baseline):
    found = explained(ecg(6.0), classifier, SaliencyQuestion("AF", 0, baseline))
    assert found.attribution.baseline == baseline
    assert found.values.shape == (12, 600)
    assert not found.attribution.values[:, 600:].any()


def test_integrated_gradients_are_complete_against_every_baseline(energy):
    autoencoder = tiny_models.autoencoder()
    for baseline in BASELINES:
        found = explained(ecg(), energy, SaliencyQuestion("AF", 0, baseline), autoencoder=autoencoder)
        assert found.attribution.completeness_error < 0.01


def test_the_reconstruction_is_a_baseline_only_where_an_autoencoder_reads_the_same(classifier):
    autoencoder = tiny_models.autoencoder()
    assert analysis.fits(autoencoder.card, classifier.card)
    assert not analysis.fits(tiny_models.autoencoder(leads=("II",)).card, classifier.card)
    assert not analysis.fits(tiny_models.autoencoder(sampling_rate=250.0).card, classifier.card)
    assert not analysis.fits(classifier.card, classifier.card)
    asked = SaliencyQuestion("AF", 0, explain.RECONSTRUCTION)
    expected = analysis.reconstruct(analysis.prepare(ecg(), autoencoder), autoencoder).output
    found = explained(ecg(), classifier, asked, autoencoder=autoencoder).attribution
    window = analysis.prepare(ecg(), classifier).windows.windows[0]
    by_hand = explain.attribute(classifier, window, "AF", None, Baseline("by hand", expected))
    np.testing.assert_array_equal(found.values, by_hand.values)
    with pytest.raises(ModelError, match="needs an autoencoder"):
        explained(ecg(), classifier, asked)


def test_the_median_beat_leaves_of_a_regular_rhythm_little_and_of_a_premature_beat_much(classifier):
    def left_over(rhythm):
        window = analysis.prepare(ecg(rhythm=rhythm), classifier).windows.windows[0]
        baseline = explain.median_beat(window, 100.0)
        return float(np.square(window - baseline.values).mean())

    assert left_over("sinus") < 0.1
    assert left_over("PVC") > 3 * left_over("sinus")


def test_the_median_beats_r_peaks_are_those_of_the_window(classifier):
    window = analysis.prepare(ecg(), classifier).windows.windows[0]
    baseline = explain.median_beat(window, 100.0)
    own, laid = r_peaks(window, 100.0), r_peaks(baseline.values, 100.0)
    inner = own[(own > 50) & (own < 950)]
    assert all(np.abs(laid - peak).min() <= 1 for peak in inner)


def test_a_window_without_beats_has_no_median_beat():
    with pytest.raises(SignalError, match="another baseline"):
        explain.median_beat(np.zeros((12, 1000), dtype=np.float32), 100.0)


def test_all_methods_are_examined_at_once_and_placed_alike(classifier):
    found = analysis.examine(analysis.prepare(ecg(6.0), classifier), classifier, SaliencyQuestion("AF"))
    assert list(found.explanations) == list(METHODS) == list(found.examination.reliability)
    for made in found.explanations.values():
        assert made.values.shape == (12, 600)
