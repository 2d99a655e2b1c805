"""Attributions: exact where they can be, placed where evidence was planted, the same on every thread."""

import copy
import gc
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError, MissingSamplesError, ModelError, SignalError
from ecgapp.explain import METHODS, ZERO, Recipe, attribute, examine, private_networks, rank_correlation
from ecgapp.explain.private_networks import private_copy
from ecgapp.explain.randomised import shuffled
from ecgapp.models import (
    ArchitectureConfig,
    Classifier,
    ECGClassifierConfig,
    EnsembleConfig,
    JangAutoencoderConfig,
    ModelCard,
    PatchAutoencoderConfig,
    Provenance,
    TrainedModel,
    build,
)
from ecgapp.records.record import LEADS
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.tasks.task import Label, Task

N_SAMPLES = 160  # 1.6 s at 100 Hz
LABELS = ("one", "two", "three")
TASK = Task("made_up", "Made up", tuple(Label(name, frozenset({f"X:{name}"})) for name in LABELS))
PLANTED = LEADS.index("V1"), slice(60, 80)  # 200 ms of V1


class Linear(Classifier):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12 * N_SAMPLES, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1))


class Planted(Classifier):
    """Sees everything faintly, but answers by the energy in 200 ms of V1."""

    def __init__(self) -> None:
        super().__init__()
        self.faint = nn.Conv1d(12, 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        lead, span = PLANTED
        energy = x[:, lead, span].square().mean(1, keepdim=True).tanh()
        return energy * torch.tensor([1.0, -2.0, 3.0]) + 0.05 * self.faint(x).tanh().mean(-1)


def trained(kind, seed=0):
    """A model with random weights, of a config or a class; batch norms as if they had seen data."""
    torch.manual_seed(seed)
    config = kind if isinstance(kind, ArchitectureConfig) else ArchitectureConfig()
    network = (build(kind) if kind is config else kind()).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    preprocessing = PreprocessingConfig(window=N_SAMPLES, stride=N_SAMPLES)
    provenance = Provenance((), "1", "2", 0, 0, seed, 0, "random")
    return TrainedModel(
        network, ModelCard("made_up", "Made up", config, preprocessing, provenance, TASK, (0.5,) * 3)
    )


def small_classifier():
    encoder = PatchAutoencoderConfig(n_samples=N_SAMPLES, widths=(8, 12), depths=(1, 1), kernel=5)
    return ECGClassifierConfig(encoder, n_labels=3)


@pytest.fixture
def window():
    return np.random.default_rng(0).normal(size=(12, N_SAMPLES)).astype(np.float32)


def test_a_linear_models_attributions_are_its_weights_times_the_window(window):
    model = trained(Linear)
    found = attribute(model, window, "two", Recipe(steps=1))
    weights = model.network.layer.weight[1].numpy().reshape(12, N_SAMPLES)
    np.testing.assert_allclose(found.values, weights * window, rtol=1e-5, atol=1e-7)


def test_a_linear_models_attributions_sum_to_the_change_in_its_logit(window):
    found = attribute(trained(Linear), window, "two")
    assert found.values.sum(dtype=float) == pytest.approx(found.logit - found.baseline_logit, rel=1e-4)
    assert found.completeness_error < 1e-4


@pytest.mark.parametrize("label", LABELS)
def test_planted_evidence_gets_at_least_four_fifths_of_the_mass(window, label):
    mass = np.abs(attribute(trained(Planted), window, label).values)
    assert mass[PLANTED].sum() >= 0.8 * mass.sum()
    assert mass.sum(axis=1).argmax() == PLANTED[0]


def test_evidence_against_a_label_is_negative(window):
    model = trained(Planted)
    assert attribute(model, window, "one").values[PLANTED].sum() > 0
    assert attribute(model, window, "two").values[PLANTED].sum() < 0


@pytest.mark.parametrize(
    "config", [small_classifier(), EnsembleConfig(small_classifier(), 2)], ids=lambda c: c.architecture
)
def test_a_networks_attributions_are_complete_in_the_end(window, config):
    model = trained(config)
    found = attribute(model, window, 0, Recipe(steps=400))
    change = found.logit - found.baseline_logit
    assert found.completeness_error < 0.02
    assert found.completeness_error == pytest.approx(
        abs(found.values.sum(dtype=float) - change) / abs(change)
    )
    with torch.no_grad():
        logits = model.network(torch.stack([torch.tensor(window), torch.zeros(12, N_SAMPLES)]))[:, 0]
    assert (found.logit, found.baseline_logit) == pytest.approx(tuple(logits.tolist()), abs=1e-5)


class Steep(Classifier):
    """A network whose output changes only in one short part of the path."""

    def forward(self, x: Tensor) -> Tensor:
        return (10 * (x.mean((1, 2)) - 0.5)).sigmoid()[:, None].expand(-1, 3)


def test_a_path_too_steep_for_few_steps_is_walked_once_more_in_more():
    window = np.ones((12, N_SAMPLES), dtype=np.float32)
    few, more = (attribute(trained(Steep), window, "one", Recipe(steps=steps)) for steps in (4, 8))
    np.testing.assert_array_equal(few.values, more.values)
    assert few.completeness_error < 0.05


def test_an_ensembles_attributions_are_the_mean_of_its_members(window):
    member = small_classifier()
    ensemble = trained(EnsembleConfig(member, 2))
    alone = [
        attribute(TrainedModel(network, ensemble.card), window, "three", Recipe(steps=400)).values
        for network in ensemble.network.members
    ]
    together = attribute(ensemble, window, "three", Recipe(steps=400)).values
    np.testing.assert_allclose(together, np.mean(alone, axis=0), atol=1e-6)


def test_an_explanation_has_the_windows_shape_and_says_how_it_was_made(window):
    found = attribute(trained(small_classifier()), window, "one")
    assert found.values.shape == window.shape
    assert found.values.dtype == np.float32
    assert (found.method, found.baseline) == ("integrated_gradients", ZERO)


def test_a_flat_window_explains_nothing_and_has_no_error():
    found = attribute(trained(small_classifier()), np.zeros((12, N_SAMPLES), dtype=np.float32), "one")
    assert not found.values.any()
    assert found.completeness_error == 0


def test_a_label_may_be_given_by_name_or_by_position(window):
    model = trained(small_classifier())
    np.testing.assert_array_equal(
        attribute(model, window, "three").values, attribute(model, window, 2).values
    )


@pytest.mark.parametrize("method", METHODS)
def test_two_threads_give_what_one_gives(window, method):
    model, recipe = trained(small_classifier()), Recipe(method)
    asked = [(window * scale, label) for scale in (1, -1, 2, 0.5) for label in LABELS]
    one_by_one = [attribute(model, *question, recipe).values for question in asked]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda question: attribute(model, *question, recipe).values, asked))
    for one, other in zip(one_by_one, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_explaining_leaves_model_window_and_random_state_as_they_were(window):
    model = trained(small_classifier())
    state, given, random = copy.deepcopy(model.network.state_dict()), window.copy(), torch.get_rng_state()
    examine(model, window, "one")
    assert all(torch.equal(state[name], tensor) for name, tensor in model.network.state_dict().items())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.network.modules())
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    assert torch.equal(random, torch.get_rng_state())
    np.testing.assert_array_equal(window, given)


def test_an_explanation_is_that_of_inference_even_if_the_network_was_left_in_training(window):
    model = trained(small_classifier())
    expected = attribute(model, window, "one").values
    model.network.train()
    np.testing.assert_array_equal(attribute(model, window, "one").values, expected)
    assert model.network.training


def test_captum_does_not_warn_and_gradients_may_be_off(window):
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        assert attribute(trained(small_classifier()), window, "one").values.any()


def test_shuffled_weights_are_the_same_weights_in_another_order():
    network = trained(small_classifier()).network
    twin = shuffled([network], seed=1)[0].state_dict()
    for name, tensor in network.named_parameters():
        assert torch.equal(twin[name].flatten().sort().values, tensor.flatten().sort().values)
    assert not torch.equal(twin["head.1.weight"], network.head[1].weight)


def test_a_seed_fixes_the_shuffled_weights():
    network = trained(small_classifier()).network
    first, again, other = (shuffled([network], seed)[0].head[1].weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_rank_correlation_is_spearmans():
    one = np.array([0.1, 5.0, 2.0, 2.0], dtype=np.float32)
    assert rank_correlation(one, np.exp(one)) == pytest.approx(1)
    assert rank_correlation(one, -one) == pytest.approx(-1)
    assert rank_correlation(one, np.zeros(4, dtype=np.float32)) == 0


def test_a_label_that_the_model_does_not_have_is_refused_with_those_it_has(window):
    model = trained(small_classifier())
    for label in ("four", 3, -1):
        with pytest.raises(ModelError, match="one, two, three"):
            attribute(model, window, label)


def test_an_unknown_method_is_refused(window):
    with pytest.raises(ConfigError, match="integrated_gradients"):
        attribute(trained(small_classifier()), window, "one", Recipe("tea_leaves"))


def test_a_window_of_another_shape_is_refused(window):
    with pytest.raises(SignalError, match="12 leads and 160 samples"):
        attribute(trained(small_classifier()), window[:11], "one")


def test_missing_samples_are_refused(window):
    window[3, 7] = np.nan
    with pytest.raises(MissingSamplesError):
        attribute(trained(small_classifier()), window, "one")


def test_an_autoencoder_has_no_findings_to_explain(window):
    config = PatchAutoencoderConfig(n_samples=N_SAMPLES, widths=(8,), depths=(1,))
    provenance = Provenance((), "1", "2", 0, 0, 0, 0, "random")
    card = ModelCard(
        "cae", "CAE", config, PreprocessingConfig(window=N_SAMPLES, stride=N_SAMPLES), provenance
    )
    with pytest.raises(ModelError, match="classifier"):
        attribute(TrainedModel(build(config), card), window, 0)


@pytest.mark.parametrize("name", ["patch", "jang"])
def test_a_private_copy_gives_the_networks_own_numbers_and_leaves_it_alone(name):
    torch.manual_seed(2)
    encoder = {
        "patch": PatchAutoencoderConfig(3, 160, widths=(6, 8), depths=(1, 2), latent=5),
        "jang": JangAutoencoderConfig(n_samples=384, filters=2, latent=5),
    }[name]
    network = build(ECGClassifierConfig(encoder, 4))
    x = torch.randn(5, encoder.n_leads, encoder.n_samples)
    for _ in range(3):
        network(x)  # batch norms that are not the identity
    network.eval().requires_grad_(False)
    before, state = network(x), {key: value.clone() for key, value in network.state_dict().items()}
    with private_copy(network) as private:
        torch.testing.assert_close(private(x), before, atol=1e-5, rtol=1e-4)
        assert private is not network
    with private_copy(network) as again:
        assert again is private
    torch.testing.assert_close(network.state_dict(), state, atol=0, rtol=0)


def test_a_private_copy_goes_with_its_network():
    network = build(ECGClassifierConfig(PatchAutoencoderConfig(1, 64, widths=(4,), depths=(1,)), 2)).eval()
    with private_copy(network):
        pass
    assert network in private_networks._copies
    gc.collect()  # networks of earlier tests
    count = len(private_networks._copies)
    del network
    gc.collect()
    assert len(private_networks._copies) == count - 1
