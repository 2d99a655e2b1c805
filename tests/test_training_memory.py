"""A training process keeps what it frees: every step needs the same memory again."""

import platform
import resource

import pytest
import torch

from ecgapp.training.memory import keep_freed_memory

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
