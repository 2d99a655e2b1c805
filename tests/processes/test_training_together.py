"""Members that learn together, and processes that learn together: the same as one alone."""

import functools
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from several_processes import assert_alike, train_in_processes
from small_networks import CLASSIFIERS
from small_training import FINETUNING, PRETRAINING, Recorder, load_records, small_settings

from ecgapp import training
from ecgapp.errors import TrainingError
from ecgapp.models import load_model, save_model
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.data.sharding import deal, deal_alike, epoch_order, shared_out
from ecgapp.training.loop.training_loop import Loop
from ecgapp.training.out_of_memory import NO_MEMORY, NO_MEMORY_TOGETHER
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.preparation import prepare
from ecgapp.training.run import run

CODER = replace(PRETRAINING, name="coder", epochs=1)
ENSEMBLE = replace(FINETUNING, members=3, resampling="bootstrap", epochs=2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """An installation with an autoencoder, ``coder``, to start from."""
    home = tmp_path_factory.mktemp("home")
    settings = small_settings(home, n_records=80)
    save_model(settings.weights, training.train(CODER, Recorder(), home / "coder", settings))
    return settings


def weights_of(folder):
    return load_model([folder / "result"], "small").network.state_dict()


@pytest.mark.parametrize("resampling", ["bootstrap", "cross-fit"])
def test_members_learn_together_what_each_learns_alone(resampling, settings, tmp_path):
    config = replace(ENSEMBLE, resampling=resampling)
    for at_once in (1, 3):
        folder = tmp_path / str(at_once)
        training.train(replace(config, members_at_once=at_once), Recorder(), folder, settings)
    assert_alike(weights_of(tmp_path / "1"), weights_of(tmp_path / "3"), 2e-3)


def test_members_that_learn_together_differ_from_one_another(settings, tmp_path):
    model = training.train(replace(ENSEMBLE, members_at_once=3), Recorder(), tmp_path, settings)
    first, second, _ = (member.head[1].weight for member in model.network.members)
    assert (first - second).abs().max() > 0.01


def test_members_that_learn_together_go_on_after_a_stop_to_the_same_weights(settings, tmp_path):
    config = replace(ENSEMBLE, members_at_once=2)
    whole = training.train(config, Recorder(), tmp_path / "whole", settings)
    for stop in (4, 9):
        with pytest.raises(training.Stopped):
            training.train(config, Recorder(stop), tmp_path / "parts", settings)
    resumed = training.train(config, Recorder(), tmp_path / "parts", settings)
    assert resumed.card.sha256 == whole.card.sha256


def test_the_figures_of_a_bootstrap_are_the_ensembles_on_the_validation_folds(settings, tmp_path):
    recorder = Recorder()
    model = training.train(replace(ENSEMBLE, members_at_once=3), recorder, tmp_path, settings)
    assert model.card.validation.dataset == "small, fold 4"
    assert "bootstrap" in model.card.provenance.note
    assert len(recorder.epochs[-1].f1_by_member) == 3
    assert len(recorder.epochs) == 2


def test_a_device_that_is_too_small_for_all_members_takes_fewer(settings, tmp_path, monkeypatch):
    real, sizes = training.run.run, []

    def watched(prepared):
        sizes.append(len(prepared.members))
        if len(prepared.members) > 1:
            raise torch.OutOfMemoryError
        return real(prepared)

    monkeypatch.setattr("ecgapp.training.run.run", watched)
    recorder = Recorder()
    training.train(replace(ENSEMBLE, members_at_once=3), recorder, tmp_path, settings)
    assert sizes == [3, 2, 1, 1, 1]
    assert any("too little memory" in line for line in recorder.lines)


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_a_share_of_the_training_records_is_learnt_from(share, settings, tmp_path):
    card = training.train(replace(FINETUNING, fraction=share), Recorder(), tmp_path, settings).card
    everything = len([fold for fold in range(80) if fold % 5 in (1, 2, 3)])
    assert card.provenance.n_train == pytest.approx(share * everything, abs=1)


ALIKE = {
    "pretraining in 2": (2, replace(PRETRAINING, batch_size=8)),
    "fine-tuning in 2": (2, replace(FINETUNING, batch_size=8)),
    "pretraining in 3": (3, replace(PRETRAINING, batch_size=12, lanes=3)),
    "fine-tuning in 3": (3, replace(FINETUNING, batch_size=6, lanes=6)),
    "transfer in 2": (2, replace(FINETUNING, batch_size=8, initialisation="transfer", pretrained="coder")),
    "frozen in 2": (2, replace(FINETUNING, batch_size=8, initialisation="frozen", pretrained="coder")),
    "members one by one in 2": (
        2,
        replace(ENSEMBLE, batch_size=8, resampling="cross-fit", members_at_once=1),
    ),
    "the head alone, then all at graded rates, in 2": (
        2,
        replace(
            FINETUNING,
            batch_size=8,
            initialisation="transfer",
            pretrained="coder",
            head_epochs=1,
            graded_rates=True,
        ),
    ),
    "a network of the benchmark, SGD, categorical, in 2": (
        2,
        replace(
            FINETUNING,
            batch_size=8,
            network=CLASSIFIERS["xresnet1d101"],
            optimiser="sgd",
            loss="categorical",
            schedule="constant",
        ),
    ),
    "an LSTM in 2": (2, replace(FINETUNING, batch_size=8, network=CLASSIFIERS["singstad_cnn_lstm"])),
    # With seed 0 an input of a ReLU lies so near to 0 that 1e-7 in the first weights move some by 0.003.
    "members together in 2": (2, replace(ENSEMBLE, batch_size=8, members_at_once=3, seed=1)),
}


@pytest.fixture(scope="module")
def trained_together(settings, tmp_path_factory):
    """The folder with the trainings of ``ALIKE`` in so many processes, which are started once for all."""

    @functools.cache
    def train(n_processes):
        folder = tmp_path_factory.mktemp("together")
        configs = {name: replace(config, epochs=2) for name, (n, config) in ALIKE.items() if n == n_processes}
        train_in_processes(configs, folder, settings, n_processes)
        return folder

    return train


@pytest.mark.parametrize("name", ALIKE)
def test_several_processes_learn_what_one_learns(name, settings, trained_together, tmp_path):
    n_processes, config = ALIKE[name]
    alone = training.train(replace(config, epochs=2), Recorder(), tmp_path, settings)
    together = load_model([trained_together(n_processes) / name / "result"], "small")
    assert_alike(alone.network.state_dict(), together.network.state_dict(), 2e-3)
    assert together.card.provenance.n_train == alone.card.provenance.n_train


def test_a_process_without_room_for_all_members_ends_the_training_of_several_in_a_sentence(
    settings, tmp_path, monkeypatch
):
    def no_room(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Loop, "__init__", no_room)

    class Pair(ProcessGroup):
        """The first of two processes, of which the other is only imagined."""

        def broadcast(self, value):
            return value

    for members, sentence in ((3, NO_MEMORY_TOGETHER), (1, NO_MEMORY)):
        config = replace(ENSEMBLE, batch_size=8, members=members, members_at_once=3)
        prepared = prepare(config, Recorder(), tmp_path, settings, ALONE)
        with pytest.raises(TrainingError) as caught:
            run(replace(prepared, processes=Pair(0, 2)))
        assert str(caught.value) == sentence


def test_two_processes_stop_together_and_one_goes_on(settings, tmp_path):
    config = replace(PRETRAINING, batch_size=8, epochs=2)
    printed = train_in_processes({"run": config}, tmp_path, settings, 2, stop=5)
    assert sorted(printed.split()) == ["0", "1", "stopped", "stopped"]
    resumed = training.train(config, Recorder(), tmp_path / "run", settings)
    whole = training.train(config, Recorder(), tmp_path / "whole", settings)
    assert_alike(whole.network.state_dict(), resumed.network.state_dict(), 2e-3)


@pytest.fixture(scope="module")
def records(settings):
    return load_records(PRETRAINING, open_stores(PRETRAINING, settings), Recorder())


def refusal(*asked):
    """What ``shared_out`` says against it; nothing where it does."""
    try:
        shared_out(*asked)
    except TrainingError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("processes", range(2, 7))
@pytest.mark.parametrize(("batch", "lanes"), [(64, 8), (7, 8), (5, 8), (8, 1), (12, 12)])
def test_what_cannot_be_shared_out_is_refused_with_settings_that_can(batch, lanes, processes, records):
    networks = [records.rows((1, 2, 3)), records.rows((1, 2, 3, 4))]  # 48 and 64 records
    refused = refusal(records, networks, batch, lanes, processes)
    if refused:
        named = dict(re.findall(r"(lanes|batch_size) to (\d+)", refused))
        assert refused.startswith(f"{processes} processes cannot")
        assert ("lanes" in named) == (lanes % processes != 0)  # the other lanes always do, with some batch
        lanes, batch = int(named.get("lanes", lanes)), int(named.get("batch_size", batch))
    dealt = shared_out(records, networks, batch, lanes, processes)
    assert {len(each.rows) % processes for each in dealt} == {0}
    assert {each.batch for each in dealt} == {min(batch, 48)}


@pytest.mark.parametrize("lanes", [8, 12, 24])
@pytest.mark.parametrize("processes", [2, 4])
def test_the_batch_that_is_named_is_the_largest_that_does(processes, lanes, records):
    networks = [records.rows((1, 2, 3))]
    does = 0
    for batch in range(processes, 65, processes):
        refused = refusal(records, networks, batch, lanes, processes)
        does = does if refused else batch
        assert not refused or refused.endswith(f"Set batch_size to {does}.")


def test_too_few_records_for_so_many_processes_are_refused_as_such(records):
    with pytest.raises(TrainingError, match="too few records for 7 processes"):
        shared_out(records, [records.rows((1,))], 7, 7, 7)  # 16, of which each would need 7


def test_eight_lanes_become_half_as_many_until_the_records_suffice(records):
    for n in range(1, len(records)):
        for batch in range(1, n + 1):
            lanes = 8
            while batch % lanes or n < lanes * batch:
                lanes //= 2
            (dealt,) = deal_alike(records, [np.arange(n)], batch)
            assert len(dealt.rows) == lanes


@pytest.mark.parametrize(
    ("size", "n"), [(2, 8), (4, 8), (8, 8), (3, 6), (5, 10), (3, 12), (12, 12), (11, 11)]
)
def test_processes_read_together_what_one_reads_and_each_its_own_records(size, n, records):
    lanes = deal(records, records.rows((1, 2, 3)), batch=n, lanes=n)

    def order(processes):
        owners = epoch_order(records, lanes, processes, 0.1, (0, 1)).owners
        return owners.reshape(lanes.steps, -1)

    groups = [ProcessGroup(rank, size) for rank in range(size)]
    assert (np.concatenate([order(processes) for processes in groups], 1) == order(ALONE)).all()
    own = [set(lanes.own_rows(processes)) for processes in groups]
    assert sum(len(rows) for rows in own) == len(set.union(*own)) == len(records.rows((1, 2, 3)))
