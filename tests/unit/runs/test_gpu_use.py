"""What is taken of GPUs is told for what it is, with the driver's binding and without it."""

import sys
from types import SimpleNamespace

import pytest

from ecgapp.jobs import metric_names
from ecgapp.worker.gpu_use import gpu_use

RESERVED = {"cuda:0": 3 << 30}  # bytes that torch knows of: those of its own process
TAKEN = {"cuda:0": 5 << 30, "cuda:1": 4 << 30}  # bytes that the driver knows of: everybody's
LOAD = {"cuda:0": 90, "cuda:1": 50}


@pytest.fixture
def cards(monkeypatch):
    """A torch with two cards, of which this process uses the first, and the driver's binding."""
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        memory_reserved=RESERVED.__getitem__,
        device_memory_used=TAKEN.__getitem__,
        utilization=LOAD.__getitem__,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    return cuda


def refuse(_device):
    raise ModuleNotFoundError("No module named 'pynvml'")


def test_of_one_card_memory_is_the_runs_own_and_load_the_cards(cards):
    assert gpu_use(["cuda:0"]) == {metric_names.GPU_MEMORY: 3 * 1024, metric_names.GPU_PERCENT: 90.0}


def test_of_several_cards_memory_is_what_is_taken_of_all_and_load_their_mean(cards):
    assert gpu_use(["cuda:0", "cuda:1"]) == {
        metric_names.GPU_MEMORY: 9 * 1024,
        metric_names.GPU_PERCENT: 70.0,
    }


def test_without_the_drivers_binding_one_card_is_never_told_for_several(cards):
    cards.utilization = cards.device_memory_used = refuse
    assert gpu_use(["cuda:0"]) == {metric_names.GPU_MEMORY: 3 * 1024}
    assert gpu_use(["cuda:0", "cuda:1"]) == {}


def test_nothing_is_told_of_cards_that_are_not_used(cards, monkeypatch):
    assert gpu_use(["cpu"]) == {}
    cards.is_initialized = lambda: False
    assert gpu_use(["cuda:0"]) == {}
    monkeypatch.delitem(sys.modules, "torch")
    assert gpu_use(["cuda:0"]) == {}
