"""A run's numbers: nothing acknowledged is lost, and a long curve is read in little."""

import math
import random
import resource
import time

import pytest
from metric_files import add_metrics, read_metric

from ecgapp.jobs import MetricsReader, MetricsWriter, RunStore
from ecgapp.jobs.metrics import NAMES, POINTS


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    return store.create("a run", "pretrain", "cpu", "{}")


def test_a_series_comes_back_by_rising_step(store, run):
    points = [("train/loss", step, step / 10) for step in range(50)]
    add_metrics(store, run.id, random.Random(0).sample(points, 50))
    series = read_metric(store, run.id, "train/loss")
    assert series.steps == tuple(range(50))
    assert series.values == tuple(step / 10 for step in range(50))
    assert series.last == 4.9


def test_runs_and_names_do_not_mix(store, run):
    other = store.create("another", "pretrain", "cpu", "{}")
    add_metrics(store, run.id, [("a", 1, 1.0), ("b", 1, 2.0)])
    add_metrics(store, other.id, [("a", 1, 3.0)])
    assert list(MetricsReader(store.folder(run.id), 10).read()) == ["a", "b"]
    assert read_metric(store, run.id, "a").values == (1.0,)


def test_a_step_repeated_after_a_resume_replaces_the_first(store, run):
    add_metrics(store, run.id, [("train/loss", 1, 9.0), ("train/loss", 2, 8.0)])
    add_metrics(store, run.id, [("train/loss", 2, 7.0)])
    assert read_metric(store, run.id, "train/loss").values == (9.0, 7.0)


def test_a_loss_that_is_not_a_number_stays_visible(store, run):
    add_metrics(store, run.id, [("train/loss", 1, float("nan")), ("train/loss", 2, float("inf"))])
    first, second = read_metric(store, run.id, "train/loss").values
    assert math.isnan(first)
    assert second == float("inf")


def test_an_unknown_series_is_empty(store, run):
    series = read_metric(store, run.id, "no such name")
    assert len(series) == 0
    assert series.last is None


def test_a_long_series_is_decimated_and_keeps_its_extremes_and_its_ends(store, run):
    values = [math.sin(step / 500) for step in range(20_000)]
    values[7_777], values[15_001] = 40.0, -40.0
    add_metrics(store, run.id, [("train/loss", step, value) for step, value in enumerate(values)])
    series = read_metric(store, run.id, "train/loss", max_points=400)
    assert 200 <= len(series) <= 404
    assert list(series.steps) == sorted(set(series.steps))
    assert all(values[int(step)] == value for step, value in zip(series.steps, series.values, strict=True))
    assert {7_777, 15_001} <= set(series.steps)
    assert (series.steps[0], series.steps[-1]) == (0, 19_999)
    assert series.last == values[-1]


def test_a_reader_that_goes_on_has_what_a_new_one_has(store, run):
    reader = MetricsReader(store.folder(run.id), 100, whole=("validation/f1_macro",))
    assert reader.read() == {}
    for first in range(0, 3000, 150):
        steps = range(first, first + 150)
        add_metrics(store, run.id, [("train/loss", step, math.sin(step)) for step in steps])
        add_metrics(store, run.id, [("validation/f1_macro", step, step / 3000) for step in steps])
        series = reader.read()
    f1, loss = series["validation/f1_macro"], series["train/loss"]
    assert f1 == read_metric(store, run.id, "validation/f1_macro", 10**6)
    assert len(f1) == 3000
    assert 50 <= len(loss) <= 200
    assert (loss.steps[0], loss.steps[-1]) == (0, 2999)
    assert all(math.sin(step) == value for step, value in zip(loss.steps, loss.values, strict=True))


@pytest.mark.parametrize("torn", [POINTS, NAMES])
def test_what_a_kill_tore_is_ignored_and_the_next_process_writes_behind_it(store, run, torn):
    add_metrics(store, run.id, [("train/loss", 1, 0.5)])
    with (store.folder(run.id) / torn).open("ab") as file:
        file.write(b"torn")
    assert read_metric(store, run.id, "train/loss").values == (0.5,)
    add_metrics(store, run.id, [("train/loss", 2, 0.4), ("learning_rate", 2, 0.1)])
    assert read_metric(store, run.id, "train/loss").values == (0.5, 0.4)
    assert read_metric(store, run.id, "learning_rate").values == (0.1,)


def test_points_for_which_the_disk_has_no_room_are_refused_as_a_whole(store, run):
    writer = MetricsWriter(store.folder(run.id))
    writer.write([("train/loss", 1, 0.5)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))  # really cuts the file
    try:
        with pytest.raises(OSError, match="too large"):
            writer.write([("train/loss", step, 0.5) for step in range(2, 50)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read_metric(store, run.id, "train/loss").steps == (1,)
    writer.write([("train/loss", 2, 0.4)])
    assert read_metric(store, run.id, "train/loss").values == (0.5, 0.4)


def test_extremes_follow_what_is_stored_when_a_resumed_run_repeats_its_steps(store, run):
    rng = random.Random(0)
    values = [rng.random() for _ in range(30_000)]
    for first in range(0, 30_000, 700):
        points = enumerate(values[first : first + 700], start=first)
        add_metrics(store, run.id, [("train/loss", step, value) for step, value in points])
    add_metrics(store, run.id, [("train/loss", 12_345, 40.0)])
    assert max(read_metric(store, run.id, "train/loss", 500).values) == 40.0
    values[12_345:] = [
        rng.random() for _ in values[12_345:]
    ]  # it had been spoilt: the run went on from before
    repeated = enumerate(values[12_345:], start=12_345)
    add_metrics(store, run.id, [("train/loss", step, value) for step, value in repeated])
    for most in (100, 500, 2000):
        series = read_metric(store, run.id, "train/loss", most)
        points = zip(series.steps, series.values, strict=True)
        assert all(values[int(step)] == value for step, value in points)
        assert (max(series.values), min(series.values)) == (max(values), min(values))
        assert len(series) <= most + 4


def test_a_hundred_thousand_steps_are_read_in_little_time(store, run):
    add_metrics(store, run.id, [("train/loss", 10 * step, step % 977) for step in range(100_000)])
    add_metrics(store, run.id, [("train/loss", 500_005, 5000.0)])
    started = time.perf_counter()
    series = read_metric(store, run.id, "train/loss", 500)
    assert time.perf_counter() - started < 0.3  # about 0.01 s on a free machine
    assert 5000.0 in series.values
    assert (series.steps[0], series.steps[-1]) == (0, 999_990)
