"""Every registered network that a training can fit: it learns, is saved, loaded, explained and promoted."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_networks import AUTOENCODERS, CLASSIFIERS, N_LEADS, N_SAMPLES, trainable
from small_training import COLUMNS, FINETUNING, PRETRAINING, Recorder, small_record, small_settings

from ecgapp import training
from ecgapp.analysis.findings import find
from ecgapp.explain import GRAD_CAM, METHODS, attribute, examine, methods_of
from ecgapp.explain.attribution import Recipe
from ecgapp.models import build, load_model, network_class, save_model
from ecgapp.promotion import export_bundle, read_bundle
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig

ALL = AUTOENCODERS | CLASSIFIERS


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_settings(tmp_path_factory.mktemp("home"), n_records=20)


def config_of(name, **changes):
    """A training of two steps."""
    base = PRETRAINING if name in AUTOENCODERS else FINETUNING
    return replace(base, network=ALL[name], epochs=1, lanes=2, **changes)


@pytest.fixture(scope="module", params=sorted(ALL))
def trained(request, settings, tmp_path_factory):
    """The name, the reports, the folder and the model of a short training of each network."""
    folder, recorder = tmp_path_factory.mktemp(request.param), Recorder()
    model = training.train(config_of(request.param), recorder, folder, settings)
    return request.param, recorder, folder, model


def test_every_network_that_a_training_can_fit_is_tested_here():
    assert set(ALL) == set(trainable())


def test_every_network_learns_from_two_batches_or_more(trained):
    name, recorder, _, model = trained
    assert len(recorder.epochs) == 1
    assert recorder.steps[-1].step >= 2
    assert np.isfinite(recorder.epochs[0].train_loss)
    torch.manual_seed(0)
    before = build(ALL[name]).state_dict()
    after = model.network.state_dict()
    trainable_names = [key for key, _ in model.network.named_parameters()]
    assert all(not torch.equal(before[key], after[key]) for key in trainable_names if before[key].ndim > 1)


def test_every_network_is_saved_and_loaded_bit_by_bit(trained):
    _, _, folder, model = trained
    again = load_model([folder / "result"], "small")
    assert again.card == model.card
    for one, other in zip(
        again.network.state_dict().values(), model.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_every_config_survives_its_document(trained):
    config = config_of(trained[0])
    assert documents.load(TrainingConfig, documents.dump(config)) == config


def test_two_trainings_of_one_config_end_in_the_same_bits(trained, settings, tmp_path):
    name, _, _, model = trained
    again = training.train(config_of(name), Recorder(), tmp_path, settings)
    assert again.card.sha256 == model.card.sha256


def test_every_network_learns_in_bfloat16(trained, settings, tmp_path):
    recorder = Recorder()
    training.train(config_of(trained[0], precision="bf16"), recorder, tmp_path, settings)
    exact = trained[1].epochs[0].train_loss
    assert recorder.epochs[0].train_loss == pytest.approx(exact, rel=0.05)


def test_every_network_can_be_carried_to_another_machine_and_passes_its_checks(trained, settings):
    _, _, _, model = trained
    save_model(settings.weights, model)
    carried = read_bundle(io.BytesIO(export_bundle(model.card.name, settings)), "carried")
    assert carried.card.sha256 == model.card.sha256


@pytest.mark.parametrize("trained", sorted(CLASSIFIERS), indirect=True)
def test_every_classifier_finds_its_labels_in_a_record(trained):
    model = trained[3]
    record = small_record(0, fast=True, turned=False, seconds=7.0, rng=np.random.default_rng(0))
    rows = find(record, model).rows
    assert [row.label for row in rows] == list(COLUMNS)
    assert all(0 < row.probability < 1 for row in rows)


@pytest.mark.parametrize("trained", sorted(CLASSIFIERS), indirect=True)
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_classifier_is_explained_by_every_method_alike_each_time(trained, method):
    _, _, _, model = trained
    if method == GRAD_CAM and not model.network.over_time:
        assert method not in methods_of(model)
        return
    assert method in methods_of(model)
    window = np.random.default_rng(0).normal(size=(N_LEADS, N_SAMPLES)).astype(np.float32)
    first, second = (attribute(model, window, COLUMNS[0], Recipe(method)) for _ in range(2))
    assert first.values.shape == window.shape
    assert np.isfinite(first.values).all()
    np.testing.assert_array_equal(first.values, second.values)


@pytest.mark.parametrize("trained", sorted(CLASSIFIERS), indirect=True)
def test_the_maps_of_every_classifier_are_examined(trained):
    model = trained[3]
    window = np.random.default_rng(0).normal(size=(N_LEADS, N_SAMPLES)).astype(np.float32)
    found = examine(model, window, COLUMNS[0])
    assert set(found.maps) == set(methods_of(model))
    assert set(found.reliability) == set(found.maps)


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
@pytest.mark.parametrize("start", ["transfer", "frozen"])
def test_a_classifier_starts_from_one_of_its_own_architecture_with_other_labels(
    name, start, settings, tmp_path
):
    run = f"{sorted(CLASSIFIERS).index(name):012x}"
    source = training.train(config_of(name), Recorder(), settings.runs / run, settings)
    shape = CLASSIFIERS[name].shape._replace(n_labels=1)
    config = config_of(name, initialisation=start, pretrained=f"run:{run}", label_columns=COLUMNS[:1])
    config = replace(config, network=CLASSIFIERS[name].with_shape(shape))
    before = training.transfer.initial_network(config, 0, source)
    theirs, ours = source.network.state_dict(), before.state_dict()
    same = {
        key for key in ours if ours[key].shape == theirs[key].shape and torch.equal(ours[key], theirs[key])
    }
    encoder = {key for key in ours if key.startswith("encoder.")}
    assert encoder <= same
    last = {key for key in ours if key.startswith(before.last_layer)}
    assert not any(ours[key].ndim > 1 for key in last & same)
    if start == "transfer":
        assert set(ours) - last <= same
    model = training.train(config, Recorder(), tmp_path, settings)
    after = model.network.state_dict()
    kept = all(torch.equal(after[key], theirs[key]) for key in encoder)
    assert kept is (start == "frozen")


@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_members_of_every_classifier_make_an_ensemble_that_answers_their_mean(name, settings, tmp_path):
    model = training.train(config_of(name, members=2), Recorder(), tmp_path, settings)
    windows = torch.randn(3, N_LEADS, N_SAMPLES)
    members = [member(windows) for member in model.network.members]
    torch.testing.assert_close(model.network(windows), sum(members) / 2)
    assert isinstance(model.network.members[0], network_class(name))
