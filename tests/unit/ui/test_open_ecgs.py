"""An ECG that is open in two places of a session is one object, whose results are computed once."""

import gc
from dataclasses import replace

import pytest

from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.ui.shell import ecg_in_view, open_ecgs
from ecgapp.ui.shell.open_ecgs import open_ecg


@pytest.fixture(autouse=True)
def session_state(monkeypatch):
    """A session of its own."""
    state = {}
    monkeypatch.setattr(open_ecgs.st, "session_state", state)
    return state


def read():
    """The same ECG, read anew from a file."""
    return synthesise(SyntheticConfig(duration=4.0)).record


def test_the_same_samples_are_one_open_ecg_with_one_list_of_beats(monkeypatch):
    calls = []
    monkeypatch.setattr("ecgapp.analysis.measured_ecg.beat_list", lambda *_: calls.append(1) or "beats")
    one, other = open_ecg(read()), open_ecg(read())
    assert one is other
    assert one.beats == other.beats == "beats"
    assert len(calls) == 1


def test_what_a_file_says_beside_the_samples_makes_another_ecg():
    one = open_ecg(read())
    assert open_ecg(replace(read(), warnings=("Calibration assumed: 1 mV.",))) is not one
    assert open_ecg(synthesise(SyntheticConfig(duration=4.0, seed=1)).record) is not one


def test_an_ecg_that_no_page_holds_is_dropped(session_state):
    held = open_ecg(read())
    assert len(session_state[open_ecgs.OPEN_ECGS]) == 1
    del held
    gc.collect()
    assert len(session_state[open_ecgs.OPEN_ECGS]) == 0


def test_the_state_of_a_page_is_one_object_a_type_and_ends_with_the_ecg():
    class Position:
        start = 0.0

    ecg_in_view.open_record(read(), "Uploaded ECG")
    position = ecg_in_view.page_state(Position)
    assert ecg_in_view.page_state(Position) is position
    ecg_in_view.open_record(read(), "Uploaded ECG")
    assert ecg_in_view.page_state(Position) is not position
