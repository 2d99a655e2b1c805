"""Several processes try before they begin whether all have the memory: each for what it will really have."""

import copy
from dataclasses import replace

import pytest
import torch
from small_training import FINETUNING, Recorder, small_settings

from ecgapp import training
from ecgapp.training import going_on
from ecgapp.training.loop.learner import Learner
from ecgapp.training.loop.memory_trial import rehearse
from ecgapp.training.parallel.batch_norm import GlobalBatchNorm2d, synchronise
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup

ENSEMBLE = replace(FINETUNING, members=4, members_at_once=2, resampling="bootstrap", epochs=2)


class Pair(ProcessGroup):
    """Two processes, of which the other has and says what this one does."""

    def all_gather(self, mine):
        return [mine, mine]

    def broadcast(self, word):
        return word


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_settings(tmp_path_factory.mktemp("home"), n_records=80)


@pytest.fixture(scope="module")
def group(settings, tmp_path_factory):
    """Two members that learn together, as one of two processes gets them."""
    found = []

    def caught(job, networks, _):
        found.append((replace(job, processes=Pair(0, 2)), networks))
        raise training.Stopped

    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ecgapp.training.run.run", caught)
        with pytest.raises(training.Stopped):
            training.train(ENSEMBLE, Recorder(), folder, settings)
    return found[0]


def test_a_rehearsal_holds_activations_beside_moments_and_kept_gradients(group, monkeypatch):
    """As every step from the second on: a device without room for all three is found out."""
    step = Learner.step

    def short(learner, *batch):
        moments = len(learner.optimiser.state) == len(learner.weights)
        if moments and all(weight.grad is not None for weight in learner.weights):
            raise torch.OutOfMemoryError
        step(learner, *batch)

    monkeypatch.setattr(Learner, "step", short)
    with pytest.raises(torch.OutOfMemoryError):
        rehearse(*group)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rehearsal_draws_for_the_whole_batch_and_learns_from_its_part(group, monkeypatch, rank):
    """As real steps do: random numbers and a bank of noise for all processes' examples."""
    job, networks = group
    processes, whole = Pair(rank, 2), job.members[0].lanes.batch
    drawn, step = [], Learner.step

    def watched(learner, number, windows, targets):
        step(learner, number, windows, targets)
        bank = len(learner.augmentation._bank)
        drawn.append((learner.draws.batch, learner.draws.part, len(windows), bank // windows[0, 0].numel()))

    monkeypatch.setattr(Learner, "step", watched)
    rehearse(replace(job, processes=processes), networks)
    assert drawn == [(whole, processes.part(whole), whole // 2, 4 * whole)] * 2


def test_a_rehearsal_on_a_cpu_has_the_batch_norms_of_several_processes(group, monkeypatch):
    """They keep more for the way back than torch's own; here they ask no other process."""
    norms, step = [], Learner.step

    def watched(learner, *batch):
        norms.extend(m for m in learner.network.modules() if isinstance(m, torch.nn.BatchNorm2d))
        step(learner, *batch)

    monkeypatch.setattr(Learner, "step", watched)
    rehearse(*group)
    assert {type(norm) for norm in norms} == {GlobalBatchNorm2d}


def test_a_batch_norm_over_one_process_answers_as_torchs_own():
    own = torch.nn.BatchNorm2d(3)
    ours = synchronise(torch.nn.Sequential(copy.deepcopy(own)), torch.device("cpu"), processes=1)
    x = torch.randn(4, 3, 5, 7)
    torch.testing.assert_close(ours(x), own(x))
    torch.testing.assert_close(ours[0].running_var, own.running_var)


def test_a_rehearsal_with_room_enough_leaves_the_networks_as_they_were(group):
    _, networks = group
    before = [{name: tensor.clone() for name, tensor in n.state_dict().items()} for n in networks]
    rehearse(*group)
    for network, state in zip(networks, before, strict=True):
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
        assert all(weight.grad is None for weight in network.parameters())


def test_a_resume_rehearses_only_what_is_not_finished(settings, tmp_path, monkeypatch):
    run, begun, rehearsed = going_on.run, going_on.Loop, []
    monkeypatch.setattr(
        "ecgapp.training.run.run", lambda job, *rest: run(replace(job, processes=Pair(0, 2)), *rest)
    )
    monkeypatch.setattr(going_on, "Loop", lambda job, *rest: begun(replace(job, processes=ALONE), *rest))
    monkeypatch.setattr(going_on, "rehearse", lambda job, _: rehearsed.append(job.folder.name))
    with pytest.raises(training.Stopped):
        training.train(ENSEMBLE, Recorder(40), tmp_path, settings)
    assert rehearsed == ["member-1-2", "member-3-4"]
    training.train(ENSEMBLE, Recorder(), tmp_path, settings)
    assert rehearsed == ["member-1-2", "member-3-4", "member-3-4"]
