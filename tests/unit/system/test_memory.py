"""What a network's run has freed goes back to the system, where the system can take it."""

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
