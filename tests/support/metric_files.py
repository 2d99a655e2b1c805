"""Metrics of a run in a store, written and read for tests."""

from collections.abc import Iterable

from ecgapp.jobs import Metric, MetricsReader, MetricsWriter, RunStore, Series


def add_metrics(store: RunStore, run_id: str, points: Iterable[Metric]) -> None:
    """Append points (name, step, value) to the run's metrics."""
    MetricsWriter(store.folder(run_id)).write(points)


def read_metric(store: RunStore, run_id: str, name: str, max_points: int = 2000) -> Series:
    """One series by rising step, thinned to about ``max_points``."""
    return MetricsReader(store.folder(run_id), max_points).read().get(name, Series(name))
