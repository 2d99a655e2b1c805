"""A run's numbers as an event file, which TensorBoard draws. Needs tensorboardX, which nothing else does."""

import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path

from ecgapp.errors import JobError
from ecgapp.jobs.metrics import TimedMetric

HOW_TO_INSTALL = (
    "TensorBoard files need tensorboardX, which is not installed on the app's machine. "
    "Install it with: pip install tensorboardX==2.6.5"
)
_VERSION = "brain.Event:2"  # the format's own name, in the first record of every file


def available() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("tensorboardX") is not None


def require() -> None:
    """Refuse at once what could not be done later.

    Raises:
        JobError: the library is not installed; the sentence says how to install it.
    """
    if not available():
        raise JobError(HOW_TO_INSTALL)


def write_events(points: Iterator[TimedMetric], folder: Path, created: float) -> None:
    """Write one event file: each series a scalar of its name, by whole steps. A value may be NaN.

    Raises:
        JobError: the library is not installed.
    """
    require()
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.record_writer import RecordWriter

    folder.mkdir(parents=True)
    writer = RecordWriter(str(folder / f"events.out.tfevents.{math.floor(created)}.ecgapp"))
    try:
        writer.write(Event(wall_time=created, file_version=_VERSION).SerializeToString())
        for name, step, value, time in points:
            summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            writer.write(Event(wall_time=time, step=round(step), summary=summary).SerializeToString())
    finally:
        writer.close()
