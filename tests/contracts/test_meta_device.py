"""Every network on PyTorch's ``meta`` device: a tensor that is created on another device raises.

Tensors of ``meta`` have shapes and a device but no numbers, and most operations between two devices fail.
So a training step, an inference and each attribution method run with network and batch on ``meta``, and
what only works because everything is on the CPU shows itself, without a GPU. Occlusion cannot run so: it
chooses the pieces of its second pass by numbers. The tests on a GPU cover it.
"""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import AUTOENCODERS, CLASSIFIERS, N_LABELS, N_LEADS, N_SAMPLES
from small_training import COLUMNS, FINETUNING, PRETRAINING

from ecgapp.explain import methods as attribution_methods
from ecgapp.explain.methods import METHODS, OCCLUSION, Question
from ecgapp.explain.private_networks import private_copy
from ecgapp.models import build, network_class, stack
from ecgapp.training import Initialisation
from ecgapp.training.inference import Inference
from ecgapp.training.loop import learner as learning
from ecgapp.training.loop.learner import Learner, Pace
from ecgapp.training.objective import ClassificationObjective, ReconstructionObjective

META = torch.device("meta")
ALL = AUTOENCODERS | CLASSIFIERS
BATCH = 4


class MetaDraws:
    """Random numbers without numbers: ``meta`` has no generator."""

    def __init__(self, seeds, seed, device):
        assert device == META
        self.device, self.seed, self.members = device, seed, len(seeds)
        self.batch, self.part = 1, slice(0, 1)

    def set_batch(self, batch, part):
        self.batch, self.part = batch, part

    def uniform(self, *shape):
        return torch.empty(self.batch, self.members, *shape, device=META)

    normal = uniform

    def shared(self, choices):
        return choices - 1


@pytest.fixture
def on_meta(monkeypatch):
    """Learners train on ``meta``."""
    monkeypatch.setattr(learning, "resolve_device", lambda name, rank: META)
    monkeypatch.setattr(learning, "Draws", MetaDraws)
    monkeypatch.setattr(learning, "autocast", lambda device, precision: nullcontext())  # meta has none


def step(config, members=1, **start):
    """One training step of the config's network, or of a stack of it, on ``meta``."""
    networks = [build(config.network) for _ in range(members)]
    objective = ReconstructionObjective()
    if not config.pretraining:
        weights = members * [np.ones(N_LABELS, np.float32)]
        objective = ClassificationObjective(config.labels(), weights, config)
    pace = Pace.of(config, 2, BATCH)
    learner = Learner(config, [(network, 0) for network in networks], objective, pace)
    learner.start_epoch(**start)
    windows = torch.empty(BATCH, members, N_LEADS, N_SAMPLES, device=META)
    learner.step(0, windows, torch.empty(BATCH, members, N_LABELS, device=META))
    assert learner.losses.device == META
    assert {weight.device for weight in learner.network.parameters()} == {META}
    assert {tensor.device for tensor in learner.averaged.state_dict().values()} == {META}


def config_of(name, **changes):
    base = replace(PRETRAINING if name in AUTOENCODERS else FINETUNING, batch_size=BATCH)
    augmentation = replace(base.augmentation, muscle=0.0)  # its bank is drawn by a generator of the device
    return replace(base, network=ALL[name], augmentation=augmentation, **changes)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_training_step_creates_no_tensor_on_another_device(on_meta, name):
    step(config_of(name))


@pytest.mark.parametrize("optimiser", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("loss", ["binary", "categorical"])
def test_every_optimiser_and_loss_stays_on_the_device(on_meta, optimiser, loss):
    step(config_of("ecg_classifier", optimiser=optimiser, loss=loss))


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_a_head_learns_alone_on_the_device(on_meta, name):
    config = config_of(name, initialisation=Initialisation.TRANSFER, pretrained="x", head_epochs=1)
    step(replace(config, graded_rates=True), head_alone=True)


@pytest.mark.parametrize(
    "name", sorted(name for name in ALL if getattr(network_class(name), "stackable", True))
)
def test_networks_learn_together_on_the_device(on_meta, name):
    changes = {"members": 2} if name in CLASSIFIERS else {}
    step(config_of(name, **changes), members=2)


@pytest.mark.parametrize("name", sorted(ALL))
def test_an_inference_creates_no_tensor_on_another_device(name):
    network = build(ALL[name]).to(META).eval()
    inference = Inference(network, META, torch.float32)
    with torch.no_grad():
        answer = inference.network(torch.empty(3, N_LEADS, N_SAMPLES, device=META))
    assert answer.device == META
    assert answer.shape == ((3, N_LABELS) if name in CLASSIFIERS else (3, N_LEADS, N_SAMPLES))


def without_values(monkeypatch):
    """Replace the two steps of Grad-CAM that read numbers: the place of a step, and its interpolation."""
    monkeypatch.setattr(attribution_methods, "_first_centre", lambda encoder, x, n_steps, step: 0.0)
    monkeypatch.setattr(
        attribution_methods,
        "_at_samples",
        lambda steps, first, step, n_samples: torch.empty(n_samples, device=steps.device),
    )


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
@pytest.mark.parametrize("method", sorted(set(METHODS) - {OCCLUSION}))
def test_an_attribution_creates_no_tensor_on_another_device(name, method, monkeypatch):
    without_values(monkeypatch)
    network = build(CLASSIFIERS[name]).eval().requires_grad_(False).to(META)
    x = torch.empty(N_LEADS, N_SAMPLES, device=META)
    with private_copy(network) as private:
        maps = METHODS[method]([private], Question(x, torch.zeros_like(x), 0, 8, 4, 0))
    assert maps.device == META
    assert maps.shape[1:] == (N_LEADS, N_SAMPLES)


def test_a_stack_of_classifiers_answers_on_the_device():
    networks = [build(CLASSIFIERS["inception1d"]) for _ in range(3)]
    answer = stack(networks).to(META).eval()(torch.empty(2, 3 * N_LEADS, N_SAMPLES, device=META))
    assert answer.device == META
    assert answer.shape == (2, 3 * N_LABELS)


def test_a_tensor_on_another_device_is_noticed():
    """What the tests above rest on."""
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.empty(3, device=META) + torch.zeros(3)
    assert len(COLUMNS) == N_LABELS
