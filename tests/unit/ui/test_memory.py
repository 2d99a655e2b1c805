"""What a network's run has freed goes back to the system, where the system can take it."""

import pytest

from ecgapp.system import memory
from ecgapp.ui.shell import session


@pytest.fixture
def calls(monkeypatch):
    found = []
    monkeypatch.setattr(memory, "_trim", lambda: found.append)
    return found


def test_a_heavy_result_is_computed_once_and_what_it_freed_given_back(monkeypatch, calls):
    monkeypatch.setattr(session.st, "session_state", {})
    answers = [session.remember("saliency", lambda: "computed", heavy=True) for _ in range(2)]
    assert answers == ["computed", "computed"]
    assert calls == [0]


def test_a_light_result_gives_nothing_back(monkeypatch, calls):
    monkeypatch.setattr(session.st, "session_state", {})
    session.remember("heart rate", lambda: 70.0)
    assert calls == []


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
