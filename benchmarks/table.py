"""The table that every benchmark prints: subject, target, measured value, sample size, and method."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecgapp.models import Interval

HEAD = ("what", "target", "measured", "n, interval", "how")


@dataclass(frozen=True)
class Target:
    """The target of a figure; ``reached`` None: it is only stated, because the figure does not test it."""

    words: str
    reached: bool | None


@dataclass(frozen=True)
class Row:
    """One figure; ``sample`` says on how much it rests."""

    what: str
    measured: str
    how: str
    target: Target | None = None
    sample: str = "-"

    def cells(self) -> tuple[str, ...]:
        """The cells in the order of ``HEAD``; a missed target is marked."""
        words = self.target.words if self.target else "-"
        missed = self.target is not None and self.target.reached is False
        return (
            self.what,
            words,
            f"**{self.measured}, missed**" if missed else self.measured,
            self.sample,
            self.how,
        )


def at_least(target: float, value: float, unit: str = "") -> Target:
    """A figure that must not fall below ``target``."""
    return Target(f">= {target:g} {unit}".rstrip(), value >= target)


def at_most(target: float, value: float, unit: str = "") -> Target:
    """A figure that must not rise above ``target``."""
    return Target(f"<= {target:g} {unit}".rstrip(), value <= target)


def interval_words(interval: Interval) -> str:
    """``95 % 0.912-0.934``, in as many digits as the value needs."""
    digits = 3 if abs(interval.value) < 10 else 1
    return f"95 % {interval.low:.{digits}f}-{interval.high:.{digits}f}"


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def machine() -> str:
    """The machine in one line: without it a time means nothing."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    gpu = f", {torch.cuda.get_device_name(0)}" if torch.cuda.is_available() else ""
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} torch threads{gpu}, "
        f"torch {torch.__version__}, Python {platform.python_version()}, load {load:.1f} at the end"
    )


def show(title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> str:
    """Print title, table, machine and notes to standard output; the text."""
    text = "\n".join([f"## {title}", "", markdown(rows), "", f"Machine: {machine()}.", *notes])
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    return text


def tell(sentence: str) -> None:
    """Print progress on standard error."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
