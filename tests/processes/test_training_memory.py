"""Memory: a training keeps what it frees, and asks for less where the device has too little."""

import platform
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import FINETUNING, Recorder, load_records, small_settings

from ecgapp import training
from ecgapp.errors import TrainingError
from ecgapp.models import build
from ecgapp.system.memory import keep_freed_memory
from ecgapp.training.data.in_memory import open_stores
from ecgapp.training.data.window_sampling import all_windows
from ecgapp.training.inference import Inference
from ecgapp.training.loop.learner import Learner
from ecgapp.training.out_of_memory import memory_named_alike

SIZE = 8 << 20  # bytes; a freshly mapped tensor of it costs 2,048 page faults


def faults_of_a_new_tensor() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_tensor_takes_the_memory_of_the_one_before_without_touching_the_system():
    assert keep_freed_memory()
    assert min(faults_of_a_new_tensor() for _ in range(5)) < 100


def test_other_c_libraries_are_left_as_they_are(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()


FULL = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"
LACKS = (torch.OutOfMemoryError(), MemoryError(), RuntimeError(FULL))  # on a GPU, Python's, on a CPU
TOO_MUCH = 1 << 60  # bytes


@pytest.mark.parametrize("allocate", [torch.empty, np.empty, bytearray])
def test_a_lack_of_memory_has_one_name(allocate):
    options = {torch.empty: {"dtype": torch.uint8}, np.empty: {"dtype": np.uint8}}.get(allocate, {})
    with pytest.raises(torch.OutOfMemoryError), memory_named_alike():
        allocate(TOO_MUCH, **options)


def test_other_errors_keep_their_names():
    with pytest.raises(RuntimeError, match="shape") as caught, memory_named_alike():
        torch.ones(2).view(3)
    assert not isinstance(caught.value, torch.OutOfMemoryError)


class Short(torch.nn.Module):
    """A network on a device that has room for ``room`` windows; ``seen`` has how many were tried."""

    def __init__(self, network, room, lack=LACKS[0]):
        super().__init__()
        self.network, self.room, self.lack, self.seen = network, room, lack, []

    def forward(self, windows):
        self.seen.append(len(windows))
        if len(windows) > self.room:
            raise self.lack
        return self.network(windows)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return small_settings(tmp_path_factory.mktemp("home"), n_records=120)


@pytest.fixture(scope="module")
def records(settings):
    return load_records(FINETUNING, open_stores(FINETUNING, settings), Recorder())


def answered(network, records):
    rows = np.arange(len(records))
    return Inference(network, torch.device("cpu"), torch.float32).logits(records, rows)


@pytest.mark.parametrize("lack", LACKS, ids=repr)
@pytest.mark.parametrize("room", [256, 100, 1])
def test_a_network_sees_as_many_windows_at_once_as_the_device_has_room_for(room, lack, records):
    network = build(FINETUNING.network).eval()
    short = Short(network, room, lack)
    found, owners = answered(short, records)
    expected, whose = answered(network, records)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(owners, whose)
    assert len(whose) > 256
    refused = [n for n in short.seen if n > room]
    assert refused == [256 >> halvings for halvings in range(len(refused))]
    assert 2 * max(set(short.seen) - set(refused)) > min(room, 256)


@pytest.mark.parametrize("room", [256, 100])
def test_a_batch_that_fits_is_not_copied(room, records, monkeypatch):
    copies, cat = [], torch.cat
    monkeypatch.setattr(torch, "cat", lambda parts, *rest: copies.append(len(parts)) or cat(parts, *rest))
    network = Short(build(FINETUNING.network).eval(), room)
    batch = next(all_windows(records, np.arange(len(records))).batches(256))
    windows, answers = next(Inference(network, torch.device("cpu"), torch.float32).answers(records, batch))
    assert len(windows) == len(answers) == len(batch) == 256
    assert (copies == []) == (room == 256)


def test_no_room_for_a_single_window_is_told(records):
    with pytest.raises(torch.OutOfMemoryError):
        answered(Short(build(FINETUNING.network).eval(), 0), records)


@pytest.mark.parametrize("lack", LACKS, ids=repr)
def test_members_that_have_no_room_together_learn_one_by_one(lack, settings, tmp_path, monkeypatch):
    step, sizes = Learner.step, set()

    def short(learner, *batch):
        sizes.add(learner.members)
        if learner.members > 1:
            raise lack
        step(learner, *batch)

    monkeypatch.setattr(Learner, "step", short)
    config = replace(FINETUNING, epochs=1, members=2, members_at_once=2)
    model = training.train(config, Recorder(), tmp_path, settings)
    assert (sizes, len(model.network.members)) == ({1, 2}, 2)


@pytest.mark.parametrize("members", [1, 2])
def test_a_last_judgement_without_room_ends_the_training_in_a_sentence(
    members, settings, tmp_path, monkeypatch
):
    def logits(*_):
        raise torch.OutOfMemoryError

    config = replace(FINETUNING, epochs=1, members=members)
    monkeypatch.setattr("ecgapp.training.run.run", lambda training: (training.networks(), 1))
    monkeypatch.setattr(Inference, "logits", logits)
    with pytest.raises(TrainingError, match="too little memory"):
        training.train(config, Recorder(), tmp_path, settings)
