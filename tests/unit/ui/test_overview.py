"""The overview of a long record: every spike is in it, and the page is where it says."""

import numpy as np
import pytest

from ecgapp.records import ECGRecord
from ecgapp.ui.tracing.paging import POINTS, PagePosition, clock, last_start, overview, stretch_around


def record_of(seconds, sampling_rate=250.0):
    signal = np.zeros((2, round(seconds * sampling_rate)), np.float32)
    return ECGRecord("long", signal, sampling_rate, ("II", "V1"))


@pytest.mark.parametrize("seconds", [30.0, 600.0, 3600.0])
def test_a_spike_of_one_sample_survives_at_its_time_and_height(seconds):
    record = record_of(seconds)
    places = np.linspace(0.013, 0.987, 9) * seconds
    for number, place in enumerate(places):
        record.signal[0, round(place * 250)] = (-1) ** number * (1 + number / 10)
    figure = overview(record, (0.0, seconds), (0.0, 10.0))
    y = np.array(figure.data[0].y)
    assert y.size <= POINTS + 2
    for number, place in enumerate(places):
        height = (-1) ** number * (1 + number / 10)
        (found,) = np.flatnonzero(np.isclose(y, height))
        assert found * figure.data[0].dx == pytest.approx(place, abs=2 * figure.data[0].dx)


def test_a_stretch_is_drawn_at_its_own_time_with_all_samples_where_they_fit():
    record = record_of(600.0, 25.0)
    record.signal[0] = np.arange(record.n_samples) / 1e4
    figure = overview(record, (300.0, 360.0), (325.0, 335.0))
    line = figure.data[0]
    assert (line.x0, line.dx, len(line.y)) == pytest.approx((300.0, 1 / 25, 1500))
    assert figure.layout.xaxis.range == (300.0, 360.0)


def test_the_page_is_marked():
    (mark,) = overview(record_of(60.0), (0.0, 60.0), (20.0, 30.0)).layout.shapes
    assert (mark.x0, mark.x1) == (20.0, 30.0)


def test_gaps_stay_gaps():
    record = record_of(600.0)
    record.signal[0, 50_000:100_000] = np.nan
    y = np.array(overview(record, (0.0, 600.0), (0.0, 10.0)).data[0].y)
    assert np.isnan(y).mean() == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("page", "stretch"),
    [((0, 10), (0, 60)), ((295, 305), (270, 330)), ((590, 600), (540, 600))],
)
def test_a_stretch_lies_about_its_page_and_within_the_record(page, stretch):
    assert stretch_around(page, 60.0, 600.0) == stretch


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0:00"),
        (12.5, "0:12.5"),
        (59.99, "1:00"),
        (754, "12:34"),
        (3600, "1:00:00"),
        (7325.5, "2:02:05.5"),
    ],
)
def test_moments_are_told_as_on_a_clock(seconds, said):
    assert clock(seconds) == said


@pytest.mark.parametrize(("duration", "last"), [(20.0, 10.0), (20.1, 10.5), (10.01, 0.5), (900.0, 890.0)])
def test_the_last_page_reaches_the_records_end(duration, last):
    assert last_start(duration, 10.0) == last


def test_a_jump_lands_on_a_step_within_the_record():
    page = PagePosition()
    page.go_to(33.3, 50.0)
    assert (page.start, page.jumps) == (33.5, 1)
    page.go_to(99.0, 50.0)
    assert page.start == 50.0
    page.go_to(-4.0, 50.0)
    assert page.start == 0.0
