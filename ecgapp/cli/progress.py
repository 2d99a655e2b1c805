"""How far something is: a bar on a terminal, a plain line now and then where the output is piped."""

import sys
import time
from typing import TextIO

_WIDTH = 30  # characters of the bar
_PIPED_PERCENT = 10  # between two lines
_REDRAW_SECONDS = 0.1


class ProgressBar:
    """Counts ``unit`` on ``stream``, by default standard error, so that results can be piped alone."""

    def __init__(self, unit: str, stream: TextIO | None = None) -> None:
        self._unit = unit
        self._stream = stream or sys.stderr
        self._drawn = -1.0  # when a bar was last drawn
        self._told = 0  # the last percentage written as a line
        self._open = False  # a bar stands on the current line

    def __call__(self, done: int, total: int) -> None:
        """``done`` of ``total`` are done."""
        if self._stream.isatty():
            self._draw(done, total)
        else:
            self._tell(done, total)

    def clear(self) -> None:
        """Take the bar away, so that a line can be written in its place."""
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
        if percent // _PIPED_PERCENT > self._told // _PIPED_PERCENT:
            self._stream.write(f"{done:,} of {total:,} {self._unit}, {percent} %\n")
            self._stream.flush()
            self._told = percent


def _percent(done: int, total: int) -> int:
    return 100 * done // max(total, 1)
