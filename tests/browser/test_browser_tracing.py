"""The tracing in a real browser: true to paper at every width, measured by a box, marched out, kept."""

import re

import pytest
from app_server import served
from visitor import Visitor, browser, expect

from ecgapp.records import DEMOS, SyntheticConfig, synthesise, write_wfdb

SHAPE = """() => {
    const chart = document.querySelector(".st-key-tracing .js-plotly-plot");
    if (!chart || !chart._fullLayout) return {};
    const {xaxis, yaxis} = chart._fullLayout;
    const perUnit = axis => axis._length / (axis.range[1] - axis.range[0]);
    const blank = chart.clientWidth - xaxis._length;
    return {ratio: perUnit(xaxis) / perUnit(yaxis), seconds: xaxis.range[1], blank};
}"""
FEWEST_PIXELS = 10  # beside the paper: the chart's own edges


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    with served(tmp_path_factory.mktemp("clinic")) as app, browser() as chrome:
        visitor = Visitor.at(chrome, app)
        visitor.sees("No ECG is open")
        visitor.pick("demo", next(iter(DEMOS)))
        expect(visitor.widget("tracing").locator(".scatterlayer .js-line").first).to_be_attached()
        yield visitor


def choose(visitor, key, option):
    visitor.widget(key).get_by_text(option, exact=True).click()


@pytest.mark.parametrize("width", [1280, 1600, 1920])
def test_a_millimetre_is_a_millimetre_in_both_directions_and_the_paper_fills_the_window(visitor, width):
    visitor.page.set_viewport_size({"width": width, "height": 1000})
    visitor.page.wait_for_function(f"() => ({SHAPE})().blank < {FEWEST_PIXELS}")
    shape = visitor.page.evaluate(SHAPE)
    assert shape["ratio"] == pytest.approx(2.5, abs=0.01)
    assert shape["seconds"] == pytest.approx(10.1, abs=0.01)


def test_another_speed_changes_the_ratio_as_on_paper(visitor):
    choose(visitor, "speed", "50")
    visitor.sees("50 mm/s")
    visitor.page.wait_for_function(f"() => Math.abs(({SHAPE})().ratio - 5) < 0.02")
    choose(visitor, "speed", "25")
    visitor.page.wait_for_function(f"() => Math.abs(({SHAPE})().ratio - 2.5) < 0.01")
    assert visitor.page.evaluate(SHAPE)["seconds"] == pytest.approx(10.1, abs=0.01)


def test_a_box_is_measured_marched_out_and_kept(visitor):
    drag(visitor, (0.2, 0.72), (0.3, 0.95))
    visitor.sees(re.compile(r"\d+ ms"))
    visitor.sees("signal within")
    visitor.page.get_by_text("March out").click()
    lines = visitor.widget("tracing").locator(".scatterlayer .js-line[style*='dash']")
    expect(lines.first).to_be_attached()
    visitor.page.get_by_label("Name", exact=True).fill("RR")
    visitor.click("Keep")
    visitor.sees(re.compile("^RR: "))
    visitor.click("Delete")
    expect(visitor.page.get_by_text(re.compile("^RR: "))).to_have_count(0)


def test_a_long_record_is_paged_by_key_and_by_its_overview(visitor, tmp_path):
    record = synthesise(SyntheticConfig(duration=120.0, sampling_rate=100.0)).record
    expect(visitor.page.get_by_test_id("stFileUploaderDropzone")).to_have_count(1)
    visitor.drop(*((path.name, path.read_bytes()) for path in write_wfdb(record, tmp_path, "long")))
    visitor.sees("0-10 s of 120.0 s")
    visitor.page.get_by_role("heading", name="Review").click()  # keys typed into a select box are its own
    visitor.page.keyboard.press("Shift+N")
    visitor.sees("10-20 s of 120.0 s")
    visitor.page.keyboard.press("Shift+B")
    visitor.sees("0-10 s of 120.0 s")
    drag(visitor, (0.5, 0.3), (0.6, 0.7), chart="overview")
    visitor.sees(re.compile(r"(59.5|60|60.5)-\d+(\.5)? s of 120.0 s"))


def test_the_tracing_of_an_alarm_is_on_the_first_screen_however_long_the_record(visitor, tmp_path):
    record = synthesise(
        SyntheticConfig("STEMI", duration=30.0, variant="inferior", noise=0.01, seed=4)
    ).record
    visitor.page.set_viewport_size({"width": 1440, "height": 900})
    visitor.page.reload()
    visitor.sees("No ECG is open")
    visitor.drop(*((path.name, path.read_bytes()) for path in write_wfdb(record, tmp_path, "long")))
    visitor.sees(re.compile("Read this ECG now"))
    visitor.sees("0-10 s of 30.0 s")
    box = visitor.widget("tracing").bounding_box()
    assert box["y"] < 600
    assert visitor.widget("overview").bounding_box()["y"] > box["y"]


def drag(visitor, start, stop, chart="tracing"):
    """Draw a box on a chart between two points, in parts of its plot."""
    visitor.widget(chart).scroll_into_view_if_needed()
    box = visitor.widget(chart).locator(".nsewdrag").first.bounding_box()
    (x0, y0), (x1, y1) = (
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, stop)
    )
    mouse = visitor.page.mouse
    mouse.move(x0, y0)
    mouse.down()
    mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=4)
    mouse.move(x1, y1, steps=4)
    mouse.up()
