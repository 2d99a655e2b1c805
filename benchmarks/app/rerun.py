"""The time of the review page's script on the server, with Streamlit's own test runner, without a browser."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streamlit.testing.v1 import AppTest

from ecgapp.config import PROJECT
from ecgapp.records import DEMOS

PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class ScriptTimes:
    """Seconds of each whole run of the script."""

    unchanged: list[float]  # nothing new is asked for
    another_class: list[float]  # a saliency that was not yet computed
    another_record: list[float]  # everything is computed afresh


def script_times(home: Path, repeats: int) -> ScriptTimes:
    """Run the page on synthetic records, with the models that ``home`` and the project have."""
    os.environ["ECGAPP_HOME"] = str(home)
    app = AppTest.from_file(str(PROJECT / "streamlit_app.py"), default_timeout=PATIENCE)
    app.run()
    demos = list(DEMOS)
    _open(app, demos[0])
    records = [_timed(lambda demo=demo: _open(app, demo)) for demo in demos[1:4]]
    unchanged = [_timed(app.run) for _ in range(repeats)]
    return ScriptTimes(unchanged, [_timed(choice) for choice in _other_classes(app)], records)


def _open(app: AppTest, demo: str) -> None:
    app.selectbox(key="demo").set_value(demo).run()
    if app.exception:
        raise RuntimeError("The review page failed on a synthetic record.")


def _other_classes(app: AppTest) -> list[Callable[[], object]]:
    """One choice for each class whose saliency is not shown yet; none where no classifier is installed."""
    boxes = [box for box in app.selectbox if str(box.key).startswith("label_")]
    if not boxes:
        return []
    key, selected = str(boxes[0].key), boxes[0].index
    others = [place for place in range(len(boxes[0].options)) if place != selected]
    return [lambda place=place: _map(app, key, place) for place in others]


def _map(app: AppTest, key: str, place: int) -> None:
    """Choose a class; below its threshold, ask for its map too."""
    app.selectbox(key=key).select_index(place).run()
    if any(button.key == "map_below" for button in app.button):
        app.button(key="map_below").click().run()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
