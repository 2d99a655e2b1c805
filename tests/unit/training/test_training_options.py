"""Optimisers, schedules, losses, and what is learnt first: each option of a training against a law."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import CLASSIFIERS
from small_training import COLUMNS, FINETUNING, PRETRAINING, Recorder, load_records, small_settings
from torch.nn import functional as F

from ecgapp import training
from ecgapp.config import PROJECT
from ecgapp.errors import ConfigError
from ecgapp.models import ClassifierShape, build
from ecgapp.runs.next_config import continued, restarted
from ecgapp.storage import documents
from ecgapp.tasks import csv_task
from ecgapp.training import AugmentationConfig, Initialisation, TrainingConfig
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.inference import Inference
from ecgapp.training.loop.learner import Learner, Pace
from ecgapp.training.loop.schedule import GRADED, cycles, parameter_groups
from ecgapp.training.objective import ClassificationObjective, objective_for

QUIET = AugmentationConfig(0, 0, 0, 0, 0, 0, 0)
PLAIN = replace(
    FINETUNING,
    network=replace(FINETUNING.network, dropout=0.0),
    augmentation=QUIET,
    clip_gradient=0.0,
    ema_decay=0.0,
    weight_decay=0.0,
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_settings(tmp_path_factory.mktemp("home"), n_records=24)


@pytest.fixture(scope="module")
def records(settings):
    return load_records(PLAIN, open_stores(PLAIN, settings), Recorder())


@pytest.fixture(scope="module")
def pretrained(settings):
    """A finished run of another classifier of the same architecture, as a config names it."""
    training.train(replace(FINETUNING, epochs=1), Recorder(), settings.runs / "0123456789ab", settings)
    return "run:0123456789ab"


def learner(config, network=None):
    torch.manual_seed(1)
    network = network or build(config.network)
    weights = [np.ones(len(COLUMNS), np.float32)]
    objective = ClassificationObjective(config.labels(), weights, config)
    return Learner(config, [(network, 0)], objective, Pace.of(config, 2, config.batch_size))


def batch(config):
    generator = torch.Generator().manual_seed(2)
    shape = config.network.shape
    windows = torch.randn(config.batch_size, 1, shape.n_leads, shape.n_samples, generator=generator)
    return windows, torch.randint(2, (config.batch_size, 1, shape.n_labels), generator=generator).float()


def copied(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize(
    ("optimiser", "torchs"),
    [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)],
)
def test_a_step_is_that_of_torchs_optimiser_at_the_scheduled_rate(optimiser, torchs):
    config = replace(PLAIN, optimiser=optimiser, schedule="constant", learning_rate=0.01, weight_decay=0.1)
    learning = learner(config)
    reference = build(config.network)
    reference.load_state_dict(learning.network.state_dict())
    groups = [
        {
            "params": [w for w in reference.parameters() if (w.ndim > 1) is decays],
            "weight_decay": 0.1 * decays,
        }
        for decays in (False, True)
    ]
    plain = torchs(groups, lr=0.01)
    windows, targets = batch(config)
    reference.train()
    F.binary_cross_entropy_with_logits(reference(windows[:, 0]), targets[:, 0]).backward()
    plain.step()
    learning.start_epoch()
    learning.step(0, windows, targets)
    for name, weight in reference.named_parameters():
        torch.testing.assert_close(learning.network.get_parameter(name), weight, atol=1e-5, rtol=1e-4)


def test_a_constant_learning_rate_stays_and_one_cycle_does_not(settings, tmp_path):
    rates = {}
    for schedule in ("constant", "one-cycle"):
        recorder = Recorder()
        config = replace(PLAIN, schedule=schedule, learning_rate=0.005, epochs=2)
        training.train(config, recorder, tmp_path / schedule, settings)
        rates[schedule] = {step.learning_rate for step in recorder.steps}
    assert rates["constant"] == {0.005}
    assert len(rates["one-cycle"]) > 1


def test_the_categorical_loss_of_several_true_labels_is_that_of_keras():
    """Sigmoid answers divided by their sum, the logarithm of those of true labels, a mean over records."""
    config = replace(PLAIN, loss="categorical", label_columns=("a", "b", "c"), network=with_labels(3))
    weights = [np.ones(3, np.float32)]
    objective = ClassificationObjective(csv_task(("a", "b", "c")), weights, config)
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0]])
    targets = torch.tensor([[1.0, 0.0, 1.0], [0.0, torch.nan, 1.0]])
    answers = torch.sigmoid(logits)
    shares = answers / answers.sum(1, keepdim=True)
    expected = -(shares[0, 0].log() + shares[0, 2].log() + shares[1, 2].log()) / 2
    torch.testing.assert_close(objective.losses(logits, logits, targets[:, None]), expected[None])


def with_labels(n_labels):
    return replace(PLAIN.network, n_labels=n_labels)


@pytest.mark.parametrize("loss", ["binary", "categorical"])
def test_no_constant_answer_has_a_lower_loss_than_the_one_that_is_named(loss, records):
    config = replace(PLAIN, loss=loss)
    objective = objective_for(config, records.targets, [records.rows((1, 2, 3))])
    rows = records.rows((1, 2, 3, 4))
    network = build(config.network).eval().requires_grad_(False)
    network.head[-1].weight.zero_()
    inference = Inference(network, torch.device("cpu"), torch.float32)
    best = objective.judge(inference, records, rows).constant_loss
    generator = np.random.default_rng(0)
    lowest = np.inf
    for _ in range(60):
        network.head[-1].bias.copy_(torch.from_numpy(generator.normal(0, 2, 2)))
        lowest = min(lowest, objective.judge(inference, records, rows).loss)
    assert best <= lowest
    assert lowest < best + 0.2


@pytest.mark.parametrize("by", ["score", "loss"])
def test_the_best_epoch_is_that_of_the_figure_that_is_asked_for(by, records):
    objective = objective_for(replace(PLAIN, keep_best_by=by), records.targets, [records.rows((1, 2, 3))])
    inference = Inference(build(PLAIN.network).eval(), torch.device("cpu"), torch.float32)
    scores = objective.judge(inference, records, records.rows((1, 2, 3, 4)))
    assert scores.auroc is not None
    assert scores.score == (scores.auroc if by == "score" else -scores.loss)


def transferred(pretrained, **changes):
    return replace(FINETUNING, initialisation=Initialisation.TRANSFER, pretrained=pretrained, **changes)


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_while_the_head_learns_alone_the_encoder_stays_bit_by_bit(name):
    config = transferred("x", network=CLASSIFIERS[name], head_epochs=1, graded_rates=True)
    learning = learner(config)
    before = copied(learning.network)
    learning.start_epoch(head_alone=True)
    learning.step(0, *batch(config))
    middle = copied(learning.network)
    assert all(torch.equal(before[key], middle[key]) for key in before if key.startswith("encoder."))
    assert not torch.equal(before["head.1.weight"], middle["head.1.weight"])
    learning.start_epoch()
    learning.step(2, *batch(config))
    after = copied(learning.network)
    changed = [name for name, _ in learning.network.encoder.named_parameters()]
    assert any(not torch.equal(middle[f"encoder.{key}"], after[f"encoder.{key}"]) for key in changed)


def test_rates_are_graded_after_the_epochs_of_the_head_alone():
    config = transferred("x", network=CLASSIFIERS["xresnet1d101"], head_epochs=1, graded_rates=True)
    config = replace(config, learning_rate=1.0, schedule="constant")
    learning = learner(config)
    owner = {id(w): name for name, w in learning.network.named_parameters()}
    learning.start_epoch(head_alone=True)
    learning.step(0, *batch(config))
    assert learning.learning_rate == 1.0
    learning.start_epoch()
    learning.step(2, *batch(config))
    for group in learning.optimiser.param_groups:
        for weight in group["params"]:
            name = owner[id(weight)]
            stem = name.startswith("encoder.stem.")
            expected = 0.001 if stem else 0.01 if name.startswith("encoder.") else 0.1
            assert group["lr"] == pytest.approx(expected)


def test_graded_groups_hold_every_weight_once():
    network = build(CLASSIFIERS["inception1d"])
    groups = parameter_groups(network, 1.0, 0.1, GRADED)
    chosen = [id(weight) for group in groups for weight in group["params"]]
    assert sorted(chosen) == sorted(map(id, network.parameters()))
    assert {group["top"] for group in groups} == {0.1, 0.01, 0.001}


def test_the_epochs_of_the_head_are_a_cycle_of_their_own_with_the_full_rate():
    assert max(cycles(step, (100, 100, 100), 0.25, planned=2) for step in range(200)) == 1
    assert max(cycles(step, (100, 100, 100), 0.25, planned=2) for step in range(100, 200)) == 1
    assert max(cycles(step, (100, 100, 100), 0.25, planned=2) for step in range(200, 300)) == 0.5


def test_a_training_with_epochs_of_the_head_alone_goes_on_to_the_same_bits(settings, pretrained, tmp_path):
    config = transferred(pretrained, head_epochs=2, epochs=2, graded_rates=True)
    whole = Recorder()
    model = training.train(config, whole, tmp_path / "whole", settings)
    assert len(whole.epochs) == 4
    steps = whole.steps[-1].step
    for stop_after in (steps // 4, 3 * steps // 4):
        folder = tmp_path / str(stop_after)
        with pytest.raises(training.Stopped):
            training.train(config, Recorder(stop_after), folder, settings)
        again = training.train(config, Recorder(), folder, settings)
        assert again.card.sha256 == model.card.sha256


def test_more_epochs_follow_those_of_the_head_and_a_new_run_keeps_them_apart(pretrained):
    config = transferred(pretrained, head_epochs=3, epochs=4)
    more = continued(config, 2)
    assert (more.cycles, more.all_epochs) == ((3, 4, 2), 9)
    assert restarted(more) == replace(config, epochs=6)


WIDE = CLASSIFIERS["xresnet1d101"].with_shape(ClassifierShape(12, 128, 2))


@pytest.mark.parametrize(
    ("config", "changes", "words"),
    [
        (FINETUNING, {"optimiser": "lion"}, "adamw, adam or sgd"),
        (FINETUNING, {"schedule": "steps"}, "one-cycle or constant"),
        (FINETUNING, {"loss": "focal"}, "binary or categorical"),
        (FINETUNING, {"keep_best_by": "f1"}, "score or loss"),
        (FINETUNING, {"head_epochs": 1}, "transferred"),
        (FINETUNING, {"graded_rates": True}, "transferred"),
        (FINETUNING, {"head_epochs": -1}, "transferred"),
        (FINETUNING, {"network": WIDE}, "number of leads"),
        (PRETRAINING, {"network": WIDE}, "autoencoder"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_in_a_sentence(config, changes, words):
    with pytest.raises(ConfigError, match=words):
        replace(config, **changes)


@pytest.mark.parametrize(
    ("recipe", "digest"),
    [
        ("cae_12lead", "8bfb1b8717950796728e0813d92eb112fde8ec82edb5b023f420edd458cd60fe"),
        ("ptbxl_superclass", "ef155287992a3b5c41a6d88fb2c39adb40fae42df39a71f140ae280d413618c2"),
    ],
)
def test_a_run_that_an_earlier_version_began_goes_on(recipe, digest):
    """Its checkpoint names the digest that the settings had before these options existed."""
    config = documents.load(TrainingConfig, (PROJECT / "docs" / "recipes" / f"{recipe}.json").read_text())
    assert config.digest == digest
    assert replace(config, schedule="constant").digest != digest
