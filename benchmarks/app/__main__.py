"""Speed of the app: ``python -m benchmarks.app [--data FOLDER]``; needs Chromium and Playwright.

Starts the app on a free port with a home that is thrown away, and reads ECGs on the review page in
a headless Chromium on the same machine, as on a clinician's workstation. A drop is timed from
handing the files to the browser until the page draws the frame that shows the tracing, and the one that
shows the last of findings and saliency of the top class, by the page's own clock; server and browser
have read one record before ("warm"), and each drop is a new session. Script times come from Streamlit's
own test runner, without a browser beside it; bytes are those that the browser received over its websocket.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.app.browser import Opened, Reader, Rerun, reader
from benchmarks.app.rerun import ScriptTimes, script_times
from benchmarks.app.served import MEGABYTE, Served, install, served
from benchmarks.table import Row, at_most, show, tell
from ecgapp.analysis import available_models
from ecgapp.config import Settings
from ecgapp.records import SyntheticConfig, synthesise, write_wfdb

TRACING, SALIENCY, SCRIPT = 1.5, 2.0, 0.3  # seconds at most
RERUN_BYTES, MEMORY = 0.5, 700.0  # MB at most
BOXES = {"classifier": "classifier", "autoencoder": "autoencoder", "class": "label_"}  # keys on the page
SYNTHETIC = SyntheticConfig("AF", 92, noise=0.015, wander=0.05, seed=3)
REAL = (("challenge*/**/*.hea", ".mat"), ("ptb-xl/records*/**/*.hea", ".dat"))  # the first of each


def synthetic_upload(folder: Path) -> tuple[Path, ...]:
    """A 10 s record of twelve leads at 500 Hz, as WFDB."""
    return write_wfdb(synthesise(SYNTHETIC).record, folder, "synthetic")


def real_uploads(data: Path) -> list[tuple[Path, ...]]:
    """The first challenge record and the first PTB-XL record below ``data``, where there are any."""
    record_files = []
    for pattern, suffix in REAL:
        headers = sorted(path for path in data.glob(pattern) if path.with_suffix(suffix).is_file())
        record_files += [(header, header.with_suffix(suffix)) for header in headers[:1]]
    return record_files


def drop_rows(what: str, drops: Sequence[Opened]) -> list[Row]:
    """Tracing and saliency: the targets are held against the slowest of a few, p95."""
    tracing, saliency = [drop.tracing for drop in drops], [drop.saliency for drop in drops]
    sent = max(drop.received for drop in drops) / MEGABYTE
    how = "warm, each drop a new session"
    return [
        _time_row(f"{what}: drop to tracing", tracing, how, TRACING),
        _time_row(f"{what}: drop to findings and saliency", saliency, how, SALIENCY),
        Row(
            f"{what}: bytes of a drop",
            f"{sent:.2f} MB",
            "websocket, the most of all",
            None,
            f"n = {len(drops)}",
        ),
    ]


def script_rows(times: ScriptTimes) -> list[Row]:
    """The time of a rerun of the review page on the server."""
    how = "server side, whole script"
    return [
        _time_row("rerun, nothing new", times.unchanged, how, SCRIPT),
        _time_row("rerun with a new saliency", times.another_class, how, SCRIPT),
        _time_row("first run of a record", times.another_record, how, None),
    ]


def bytes_rows(sent: dict[str, list[Rerun]]) -> list[Row]:
    """The bytes that each kind of rerun sends to the browser."""
    rows = []
    for name, reruns in sent.items():
        most = max(rerun.received for rerun in reruns) / MEGABYTE
        seconds = max(rerun.seconds for rerun in reruns)
        how = f"the most of all; click to last frame in {seconds:.2f} s or less"
        target = at_most(RERUN_BYTES, most, "MB")
        rows.append(Row(f"rerun, another {name}: bytes", f"{most:.3f} MB", how, target, f"n = {len(reruns)}"))
    return rows


def memory_rows(one_session: float, loaded: float, at_the_end: float) -> list[Row]:
    """Megabytes of the server's process."""
    how = "resident memory of the server's process"
    target = at_most(MEMORY, loaded, "MB")
    return [
        Row("memory, one session, models in view", f"{one_session:.0f} MB", how),
        Row("memory, one session, all models loaded", f"{loaded:.0f} MB", how, target),
        Row("memory after all drops", f"{at_the_end:.0f} MB", f"{how}; closed sessions are kept for 60 s"),
    ]


def _time_row(what: str, seconds: Sequence[float], how: str, most: float | None) -> Row:
    if not seconds:
        return Row(what, "not measured: no classifier is installed", how)
    middle, late = np.quantile(seconds, [0.5, 0.95])
    target = at_most(most, float(late), "s p95") if most else None
    return Row(what, f"p50 {middle:.2f} s, p95 {late:.2f} s", how, target, f"n = {len(seconds)}")


def read_all(app: Served, tab: Reader, uploads: dict[str, tuple[Path, ...]], repeats: int) -> list[Row]:
    """Warm up, open every model, then drop each record ``repeats`` times."""
    tab.enter()
    tab.drop(next(iter(uploads.values())))
    one_session = app.megabytes()
    sent = {name: tab.choose_each(key, 2) for name, key in BOXES.items()}
    loaded = app.megabytes()
    rows = []
    for name, files in uploads.items():
        drops = []
        for number in range(repeats):
            tab.enter()
            drops.append(tab.drop(files))
            tell(f"{name}: drop {number + 1} of {repeats}, {drops[-1].saliency:.1f} s")
        rows += drop_rows(name, drops)
    return rows + bytes_rows(sent) + memory_rows(one_session, loaded, app.megabytes())


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, help="folder of unpacked archives: read real ECGs too")
    parser.add_argument("--weights", type=Path, help="models in place of the shipped ones")
    parser.add_argument("--repeats", type=int, default=10, help="drops of each record")
    parser.add_argument("--reruns", type=int, default=40, help="runs of the script with nothing new")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, home: Path) -> list[Row]:
    uploads = {"synthetic ECG": synthetic_upload(home)}
    if options.data is not None:
        uploads |= {f"real ECG ({files[1].suffix})": files for files in real_uploads(options.data)}
    with served(home) as app, reader(app.url) as tab:
        rows = read_all(app, tab, uploads, options.repeats)
    return rows + script_rows(script_times(home, options.reruns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the app has no models to measure."""
    options = _arguments(arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if options.weights is not None:
            install(options.weights, home)
        cards = available_models(Settings(home)).values()
        if not any(card.is_classifier for card in cards) or not any(card.is_autoencoder for card in cards):
            tell("The app needs a classifier and an autoencoder before it can be measured.")
            return 1
        rows = _measure(options, home)
    show("The app", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
