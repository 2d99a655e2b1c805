"""Networks stacked as one answer, learn and are averaged as each would alone."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from ecgapp.config import PROJECT
from ecgapp.errors import ConfigError
from ecgapp.models import (
    Dropout,
    ECGClassifierConfig,
    FoldAutoencoderConfig,
    InceptionConfig,
    JangAutoencoderConfig,
    Network,
    PatchAutoencoderConfig,
    ResNetWangConfig,
    XResNetConfig,
    architecture_names,
    build,
    load_model,
    set_mask_source,
    stack,
    unstack,
)
from ecgapp.training.loop.schedule import LayerRates, WeightAverage, parameter_groups

MEMBERS, BATCH = 3, 4
PATCH = PatchAutoencoderConfig(n_leads=2, n_samples=250, widths=(8, 12), depths=(1, 2), squeeze=4, latent=7)
FOLD = FoldAutoencoderConfig(n_leads=2, n_samples=128, patch=8, widths=(8, 16), squeeze=4, latent=6)
JANG = JangAutoencoderConfig(n_samples=512, filters=2, latent=5)
CONFIGS = {
    "patch_autoencoder": [PATCH],
    "fold_autoencoder": [FOLD],
    "jang_autoencoder": [JANG],
    "ecg_classifier": [ECGClassifierConfig(PATCH, n_labels=4), ECGClassifierConfig(JANG, n_labels=3)],
    "xresnet1d101": [XResNetConfig(2, 100, 4, depths=(1, 2), width=4, zero_start=False)],
    "resnet1d_wang": [ResNetWangConfig(2, 50, 4, width=6)],
    "inception1d": [InceptionConfig(2, 50, 4, filters=3, bottleneck=4)],
}
WAYS = ["in turn", "together"]


class Drawn:
    """Masks' numbers of some members: a stream each, as in a training."""

    def __init__(self, members):
        self.streams = [torch.Generator().manual_seed(member) for member in members]

    def uniform(self, *shape):
        return torch.stack([torch.rand(BATCH, *shape, generator=stream) for stream in self.streams], 1)


@pytest.fixture(
    params=[config for configs in CONFIGS.values() for config in configs],
    ids=lambda config: f"{config.architecture}-{getattr(config, 'shape', config).n_samples}",
)
def networks(request):
    torch.manual_seed(0)
    made = [build(request.param) for _ in range(MEMBERS)]
    for part in (part for network in made for part in network.modules()):
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    return made


@pytest.fixture(params=WAYS)
def stacked(request, networks, monkeypatch):
    if request.param == "together":  # as on a GPU
        monkeypatch.setattr("ecgapp.models.stacked.Stack._in_turn", lambda self, x: self.together(x))
    return stack(networks)


def windows(networks):
    """(batch, members, n_leads, n_samples)"""
    config = getattr(networks[0].config, "shape", networks[0].config)
    generator = torch.Generator().manual_seed(1)
    return torch.randn(BATCH, MEMBERS, config.n_leads, config.n_samples, generator=generator)


def seen_by(network, member, x, stack_of=1):
    """The answer to a training or an evaluation pass, with the masks of these members."""
    set_mask_source(network, Drawn(range(member, member + stack_of)))
    return network(x)


def one_by_one(networks, x):
    """(batch, members * n, ...) as the stack answers."""
    return torch.cat([seen_by(network, place, x[:, place]) for place, network in enumerate(networks)], 1)


def together(stacked, x):
    return seen_by(stacked, 0, x.flatten(1, 2), MEMBERS)


def close(one, other, atol=2e-5, rtol=1e-4):
    torch.testing.assert_close(one, other, atol=atol, rtol=rtol)


def same_state(stacked, networks, atol=2e-5):
    """The stack's weights and statistics are those of the networks within rounding."""
    copies = copy.deepcopy(networks)
    unstack(stacked, copies)
    for one, other in zip(copies, networks, strict=True):
        for found, alone in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            close(found, alone, atol)


def test_every_architecture_that_trains_alone_is_stacked_here():
    assert set(CONFIGS) == set(architecture_names()) - {
        "ensemble",
        "delineator",
        "gate",
        "readability",
        "ventricular",
        "spectral_classifier",  # members of a stack would share one transform of different windows
        "pooled_classifier",  # poolings of a stack's channels would mix its members
        "singstad_cnn_lstm",  # its LSTM cannot be stacked: its members learn one after another
    }


@pytest.mark.parametrize("training", [False, True])
def test_a_stack_answers_as_its_networks_do(stacked, networks, training):
    x = windows(networks)
    for network in [stacked, *networks]:
        network.train(training)
    close(together(stacked, x), one_by_one(networks, x))
    same_state(stacked, networks)  # batch norms followed the batch alike


def test_a_stack_answers_in_bfloat16_as_its_networks_do(stacked, networks):
    x = windows(networks)
    for network in [stacked, *networks]:
        network.eval()
    with torch.autocast("cpu", torch.bfloat16):
        found, alone = together(stacked, x).float(), one_by_one(networks, x).float()
    assert (found - alone).abs().max() <= 0.03 * alone.abs().max()


def learn(network, answers):
    """One step as in a training: the averaged network after it, and the gradients."""
    averaged = copy.deepcopy(network).eval().requires_grad_(False)
    average = WeightAverage(network, averaged, 0.9)
    optimiser = torch.optim.AdamW(parameter_groups(network, 1e-2, 0.05, LayerRates(1, 0.5, 0.5)), fused=True)
    answers().square().sum().backward()
    optimiser.step()
    average.update(1)
    return averaged, [weight.grad for weight in network.parameters()]


def test_a_stack_learns_as_its_networks_do(stacked, networks):
    """In float64, for rounding in a gradient near zero would turn the sign of Adam's first step."""
    x = windows(networks).double()
    averaged, gradients = learn(stacked.double(), lambda: together(stacked, x))
    alone = [
        learn(network.double(), lambda n=network, p=place: seen_by(n, p, x[:, p]))
        for place, network in enumerate(networks)
    ]
    for place, gradient in enumerate(gradients):
        close(gradient, torch.cat([of_member[place] for _, of_member in alone]), atol=1e-9, rtol=1e-9)
    same_state(stacked, networks, atol=1e-7)
    same_state(averaged, [network for network, _ in alone], atol=1e-7)


def test_unstacking_gives_back_every_bit(stacked, networks):
    others = [build(network.config) for network in networks]
    unstack(stacked, others)
    for one, other in zip(others, networks, strict=True):
        for found, kept in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
            assert torch.equal(found, kept)


def test_on_a_cpu_a_stack_answers_to_the_bit_as_its_networks_do(networks):
    x, stacked = windows(networks), stack(networks)
    assert torch.equal(together(stacked, x), one_by_one(networks, x))


def test_a_stack_does_not_share_weights_with_its_networks(networks):
    stacked = stack(networks)
    before = networks[0].state_dict()
    kept = {name: tensor.clone() for name, tensor in before.items()}
    for weight in stacked.parameters():
        weight.detach().zero_()
    assert all(torch.equal(before[name], tensor) for name, tensor in kept.items())


def test_a_frozen_encoder_stays_frozen_in_the_stack():
    members = [build(ECGClassifierConfig(PATCH, 2)) for _ in range(2)]
    for member in members:
        member.encoder.requires_grad_(False)
    stacked = stack(members).train()
    stacked.encoder.eval()
    before = [tensor.clone() for tensor in stacked.encoder.buffers()]
    stacked(torch.randn(2, 4, 250)).sum().backward()
    assert all(weight.grad is None for weight in stacked.encoder.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, stacked.encoder.buffers(), strict=True))


def test_networks_of_different_build_are_refused():
    with pytest.raises(ConfigError, match="built alike"):
        stack([build(PATCH), build(replace(PATCH, latent=8))])
    with pytest.raises(ConfigError, match="built alike"):
        stack([])


def test_a_layer_that_cannot_be_stacked_is_named():
    networks = [build(PATCH) for _ in range(2)]
    for network in networks:
        network.squeeze = nn.PReLU()
    with pytest.raises(ConfigError, match="PReLU"):
        stack(networks)


def test_unstacking_into_another_number_of_networks_is_refused():
    networks = [build(PATCH) for _ in range(3)]
    for stacked, into in ((stack(networks), networks[:2]), (networks[0], networks[:1])):
        with pytest.raises(ConfigError, match="as many"):
            unstack(stacked, into)


def test_dropout_keeps_the_mean_and_the_examples_apart():
    layer = Dropout(0.25).train()
    set_mask_source(layer, Drawn([0]))
    dropped = layer(torch.ones(BATCH, 5000))
    assert sorted(dropped.unique().tolist()) == pytest.approx([0.0, 4 / 3])
    close(dropped.mean(), torch.tensor(1.0), atol=0.05)
    assert not torch.equal(dropped[0], dropped[1])
    assert torch.equal(layer.eval()(dropped), dropped)


def test_dropout_without_a_source_draws_by_itself():
    torch.manual_seed(0)
    dropped = Dropout(0.5)(torch.ones(10_000))
    close(dropped.mean(), torch.tensor(1.0), atol=0.1)
    assert (dropped == 0).any()


def test_a_dropout_that_drops_everything_is_refused():
    with pytest.raises(ConfigError, match="below 1"):
        Dropout(1.0)


def test_a_shipped_classifier_pools_the_means_before_the_maxima():
    """Its head's weights were trained in that order; installed models rely on it."""
    network = load_model([PROJECT / "weights"], "ptbxl_superclass").network
    member = network.members[0]
    assert isinstance(member, Network)
    features = member.encoder(windows([build(replace(PATCH, n_leads=12, n_samples=1000))])[:, 0])
    close(member.pool(features), torch.cat([features.mean(-1), features.amax(-1)], 1), atol=0, rtol=0)
