"""Pages of rhythm strips, to mark by eye: ``python -m benchmarks.draw_strips --data FOLDER --out FOLDER``.

FOLDER holds WFDB records (the unpacked ``cudb`` or ``mitdb``). Each page is a PNG of 1600 x 1000 pixels: 8
rows of 20 s, thin lines every 0.2 s, thick ones every second, and the time in seconds along each row. Rows
are centred on their median and clipped to +-2.5 mV. ``--from`` and ``--row`` draw a closer view around one
change: ``--record cu01 --from 210 --row 6``. The marks made from these drawings are in
``docs/recipes/marks``.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROWS = 8
INCHES = (16.0, 10.0)
DOTS_PER_INCH = 100
MINUTE_OF_LABELS = (
    10.0  # seconds: rows up to this long have a label every second, longer ones every second second
)


def draw_page(
    lead: npt.NDArray[np.float64], sampling_rate: float, start: float, row: float, limit: float = 2.5
) -> Figure:
    """One page: ``ROWS`` strips of ``row`` seconds, the first from ``start``; ``lead`` (n_samples,) in mV."""
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    axes = figure.subplots(ROWS, 1)
    figure.subplots_adjust(left=0.03, right=0.995, top=0.995, bottom=0.02, hspace=0.13)
    for index, strip in enumerate(axes):
        draw_strip(strip, lead, sampling_rate, start + index * row, row, limit)
    return figure


def draw_strip(
    axes: Axes,
    lead: npt.NDArray[np.float64],
    sampling_rate: float,
    start: float,
    row: float,
    limit: float,
) -> None:
    """One strip of ``row`` seconds from ``start``; empty after the end of the record."""
    first, last = (round(at * sampling_rate) for at in (start, start + row))
    values = lead[first:last]
    axes.set_xlim(start, start + row)
    axes.set_ylim(-limit, limit)
    axes.set_xticks(np.arange(start, start + row + 0.01, 0.2), minor=True)
    axes.set_xticks(np.arange(np.ceil(start), start + row + 0.01, 1.0 if row <= MINUTE_OF_LABELS else 2.0))
    axes.set_yticks(np.arange(-2.0, 2.1, 1.0))
    axes.tick_params(labelsize=7, length=0, pad=1, which="both")
    axes.grid(which="minor", color="#f6d5d5", linewidth=0.4)
    axes.grid(which="major", color="#e08a8a", linewidth=0.7)
    if values.size and np.isfinite(values).any():
        times = (first + np.arange(values.size)) / sampling_rate
        axes.plot(times, np.clip(values - np.nanmedian(values), -limit, limit), color="black", linewidth=0.8)


def draw_record(path: Path, out: Path, arguments: argparse.Namespace) -> int:
    """The pages of the record at ``path`` (without ``.hea``), written into ``out``; how many there are."""
    record = wfdb.rdrecord(str(path))
    lead = np.asarray(record.p_signal, dtype=float)[:, arguments.lead]
    pages = [arguments.start] if arguments.start is not None else None
    seconds = lead.size / record.fs
    for start in pages or np.arange(0.0, seconds, ROWS * arguments.row):
        figure = draw_page(lead, record.fs, start, arguments.row, arguments.limit)
        figure.savefig(out / f"{path.name}_{start:07.2f}_{arguments.row:g}s.png")
    return len(pages or np.arange(0.0, seconds, ROWS * arguments.row))


def main(words: Sequence[str] | None = None) -> int:
    """Draw what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of WFDB records")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    parser.add_argument("--record", help="one record by name; all without it")
    parser.add_argument("--from", dest="start", type=float, help="one page only, from this second")
    parser.add_argument("--row", type=float, default=20.0, help="seconds a row")
    parser.add_argument("--limit", type=float, default=2.5, help="mV above and below the middle of a row")
    parser.add_argument("--lead", type=int, default=0, help="which lead of the record, from 0")
    arguments = parser.parse_args(words)
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = sorted(header.with_suffix("") for header in arguments.data.glob("*.hea"))
    chosen = [path for path in found if arguments.record in (None, path.name)]
    if not chosen:
        sys.stderr.write("There is no such record in the folder.\n")
        return 1
    pages = sum(draw_record(path, arguments.out, arguments) for path in chosen)
    sys.stdout.write(f"{pages} pages of {len(chosen)} records\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
