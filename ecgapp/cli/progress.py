"""The progress of a job on a terminal: a bar, or a plain line now and then if the output is piped."""

import json
import sys
import time
from dataclasses import replace
from typing import TextIO

from ecgapp.jobs import Run, RunStore

_WIDTH = 30  # characters of the bar
_PIPED_PERCENT = 10  # between two lines
_REDRAW_SECONDS = 0.1
_LOOK_SECONDS = 1.0


class ProgressBar:
    """Counts ``unit`` on ``stream``, by default standard error, so that results can be piped alone."""

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._unit = unit
        self._stream = stream or sys.stderr
        self._drawn = -1.0  # when a bar was last drawn
        self._reported = 0  # the last percentage written as a line
        self._open = False  # a bar stands on the current line

    def __call__(self, done: int, total: int) -> None:
        """``done`` of ``total`` are done."""
        if self._stream.isatty():
            self._draw(done, total)
        else:
            self._tell(done, total)

    def clear(self) -> None:
        """Remove the bar, so that a line can be written in its place."""
        if self._open:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._open = False

    def _draw(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._drawn < _REDRAW_SECONDS and done < total:
            return
        full = _WIDTH * done // max(total, 1)
        bar = "█" * full + "░" * (_WIDTH - full)
        self._stream.write(f"\r\x1b[K{bar} {_percent(done, total):3d} %  {done:,} of {total:,} {self._unit}")
        self._drawn, self._open = now, done < total
        if done >= total:
            self._stream.write("\n")
        self._stream.flush()

    def _tell(self, done: int, total: int) -> None:
        percent = _percent(done, total)
        if percent // _PIPED_PERCENT > self._reported // _PIPED_PERCENT:
            self._stream.write(f"{done:,} of {total:,} {self._unit}, {percent} %\n")
            self._stream.flush()
            self._reported = percent


def _percent(done: int, total: int) -> int:
    return 100 * done // max(total, 1)


class Terminal:
    """Lines of a job's log on standard output, and a bar of its ``unit`` under them on standard error."""

    def __init__(self, unit: str = "steps") -> None:
        self._progress = ProgressBar(unit)

    def say(self, text: str) -> None:
        """Write one line."""
        self._progress.clear()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def advance(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress(done, total)


class JsonLines:
    """The progress of a job on standard output as JSON, one line for each report; its log is left out."""

    def say(self, text: str) -> None:
        """Leave out a line of the log."""

    def advance(self, done: int, total: int) -> None:
        """Write how many of ``total`` are done."""
        self._write(done=done, total=total)

    def report(self, report: object) -> None:
        """Write the result, in JSON's own types."""
        self._write(report=report)

    def problem(self, sentence: str) -> None:
        """Write why there is no result."""
        self._write(problem=sentence)

    def _write(self, **line: object) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def follow(runs: RunStore, run: Run, terminal: Terminal) -> Run:
    """Show a training of another process until it has ended; Ctrl-C ends only this.

    Returns:
        The run as it ended.
    """
    epoch = 0
    try:
        while not runs.is_over(run):
            time.sleep(_LOOK_SECONDS)
            runs.refresh()
            run = runs.get(run.id)
            if run.done > epoch:
                epoch = run.done
                terminal.say(f"Epoch {epoch} of {run.total} done.")
    except KeyboardInterrupt:
        return replace(run, message="No longer followed here; the run goes on. See the list of runs.")
    return run
