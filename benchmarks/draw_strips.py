"""Pages of rhythm strips, to mark by eye: ``python -m benchmarks.draw_strips --data FOLDER --out FOLDER``.

FOLDER holds WFDB records, at any depth (the unpacked ``cudb``, ``mitdb`` or ``challenge2021``). Each page is
a PNG of 1600 x 1000 pixels; by default it has 8 rows of 20 s of one lead. A closer view around one change:
``--record cu01 --from 210 --row 3``. All leads of a record, one a row: ``--record JS45549 --all-leads
--from 4 --row 1.2``. The marks made from these drawings are in ``docs/recipes/marks``.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ecgapp.errors import EcgAppError
from ecgapp.records import ECGRecord, FloatArray, read_record

ROWS = 8
INCHES = (16.0, 10.0)
DOTS_PER_INCH = 100
LARGEST_GRID = 60  # vertical lines in a row: more cannot be distinguished
STEPS = (0.04, 0.2, 1.0, 5.0)  # seconds between thick lines; thin lines are a fifth of it apart


@dataclass(frozen=True)
class View:
    """Settings of a page: seconds a row, and mV above and below the middle of a row."""

    row: float = 20.0
    limit: float = 2.5


@dataclass(frozen=True, eq=False)
class Strip:
    """One row: ``lead`` (n_samples,) in mV from ``start`` in seconds."""

    name: str
    lead: FloatArray
    sampling_rate: float
    start: float


def draw_page(strips: Sequence[Strip], view: View) -> Figure:
    """One page, a row for each strip, from above downwards."""
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(strips), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.03, right=0.995, top=0.995, bottom=0.02, hspace=0.16)
    for axes, strip in zip(rows, strips, strict=True):
        draw_strip(axes, strip, view)
    return figure


def draw_strip(axes: Axes, strip: Strip, view: View) -> None:
    """One row, centred on its median and clipped to the view's limit; empty after the end of the record."""
    end = strip.start + view.row
    first, last = (round(at * strip.sampling_rate) for at in (strip.start, end))
    values = strip.lead[first:last]
    step = next((step for step in STEPS if view.row / step <= LARGEST_GRID), STEPS[-1])
    axes.set_xlim(strip.start, end)
    axes.set_ylim(-view.limit, view.limit)
    axes.set_xticks(np.arange(np.ceil(strip.start / step), end / step + 0.01) * step)
    axes.set_xticks(np.arange(np.ceil(strip.start / step * 5), end / step * 5 + 0.01) * step / 5, minor=True)
    axes.set_ylabel(strip.name, fontsize=8)
    axes.tick_params(labelsize=7, length=0, pad=1, which="both")
    axes.grid(which="minor", color="#f6d5d5", linewidth=0.4)
    axes.grid(which="major", color="#e08a8a", linewidth=0.7)
    if np.isfinite(values).any():
        times = (first + np.arange(values.size)) / strip.sampling_rate
        clipped = np.clip(values - np.nanmedian(values), -view.limit, view.limit)
        axes.plot(times, clipped, color="black", linewidth=0.8)


def pages(record: ECGRecord, arguments: argparse.Namespace) -> list[list[Strip]]:
    """The strips of each page that the command line names."""
    row = arguments.view.row
    if arguments.all_leads:
        start = arguments.start or 0.0
        rows = zip(record.leads, record.signal, strict=True)
        return [[Strip(name, lead, record.sampling_rate, start) for name, lead in rows]]
    index = record.leads.index(arguments.lead) if arguments.lead in record.leads else 0
    lead, name = record.signal[index], record.leads[index]
    starts = np.arange(0.0, lead.size / record.sampling_rate, ROWS * row)
    if arguments.start is not None:
        starts = np.array([arguments.start])
    return [
        [Strip(name, lead, record.sampling_rate, float(start) + row * k) for k in range(ROWS)]
        for start in starts
    ]


def draw_record(header: Path, arguments: argparse.Namespace) -> int:
    """Write the pages of one record; how many there are, 0 if it cannot be read."""
    try:
        record = read_record([header, *header.parent.glob(f"{header.stem}.[dm]at")])
    except EcgAppError as error:
        sys.stderr.write(f"{header.stem}: {error}\n")
        return 0
    drawn = pages(record, arguments)
    for strips in drawn:
        name = f"{header.stem}_{strips[0].start:07.2f}s_{arguments.view.row:g}s.png"
        draw_page(strips, arguments.view).savefig(arguments.out / name)
    return len(drawn)


def main(words: Sequence[str] | None = None) -> int:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of WFDB records")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    parser.add_argument("--record", help="one record by name; all without it")
    parser.add_argument("--from", dest="start", type=float, help="one page only, from this second")
    parser.add_argument("--row", type=float, default=View.row, help="seconds a row")
    parser.add_argument(
        "--limit", type=float, default=View.limit, help="mV above and below the middle of a row"
    )
    parser.add_argument("--lead", default="MLII", help="the lead, if the record has it, else its first")
    parser.add_argument("--all-leads", action="store_true", help="one page, a row for each lead")
    arguments = parser.parse_args(words)
    arguments.view = View(arguments.row, arguments.limit)
    headers = sorted(arguments.data.rglob(f"{arguments.record or '*'}.hea"))
    if not headers:
        sys.stderr.write("There is no such record in the folder.\n")
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    drawn = sum(draw_record(header, arguments) for header in headers)
    sys.stdout.write(f"{drawn} pages of {len(headers)} records\n")
    return 0 if drawn else 1


if __name__ == "__main__":
    sys.exit(main())
