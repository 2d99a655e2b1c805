"""What is free is known within limits, and what a network's run has freed goes back to the system."""

import psutil
import pytest

from ecgapp.system import memory


def test_freed_memory_is_given_back_once_a_call(monkeypatch):
    calls = []
    monkeypatch.setattr(memory, "_trim", lambda: calls.append)
    memory.give_back_freed()
    assert calls == [0]


def test_a_system_without_that_call_keeps_its_memory(monkeypatch):
    def no_such_library(name):
        raise OSError

    monkeypatch.setattr(memory.ctypes, "CDLL", no_such_library)
    memory._trim.cache_clear()
    try:
        assert memory._trim() is None
        memory.give_back_freed()
    finally:
        memory._trim.cache_clear()


@pytest.mark.parametrize(
    ("own", "top", "names"),
    [
        ("0::/job/step", "", ("memory.max", "memory.current")),
        ("5:cpu:/\n4:memory:/job/step", "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")),
    ],
)
def test_free_memory_is_what_the_tightest_limit_leaves(tmp_path, own, top, names):
    for place, limit, usage in (("job", "5000", "4000"), ("job/step", "max", "10")):
        folder = tmp_path / top / place
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in zip(names, (limit, usage), strict=True):
            (folder / name).write_text(f"{value}\n")
        (folder / "memory.stat").write_text("anon 7\ninactive_file 300\n")
    (tmp_path / "own").write_text(f"{own}\n")
    assert memory.free_memory(tmp_path, tmp_path / "own") == 1300


def test_free_memory_without_limits_is_that_of_the_machine(tmp_path):
    machine = psutil.virtual_memory().total
    assert 0 < memory.free_memory(tmp_path, tmp_path / "missing") <= machine
