"""The report in the reader's own layout: true millimetres, rows that go on to another page, every setting."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
import rasters
from only_models import open_with
from rasters import MILLIMETRE

from ecgapp import report
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.report import Contents, Drawing
from ecgapp.report.sheets import rows_of_a_page, sheets_of
from ecgapp.report.tracing_pages import LEFT
from ecgapp.signals import DisplayFilter, filtered
from ecgapp.signals.paper import STACKED, THREE_BY_FOUR, Layout, Scale

MADE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LAYOUTS = {"3x4": THREE_BY_FOUR, "6x2": Layout(2, None), "6x2 and V1": Layout(2, "V1"), "12x1": STACKED}


def square_wave(sampling_rate=500.0, seconds=10.0):
    """1 mV for the last quarter of each second, in every lead."""
    time = np.arange(round(sampling_rate * seconds)) / sampling_rate
    wave = (time % 1.0 >= 0.75).astype(np.float32)
    return ECGRecord("square", np.tile(wave, (12, 1)), sampling_rate)


def contents(layout=THREE_BY_FOUR, scale=None, record=None, **drawn):
    drawing = Drawing(layout, scale or Scale(), **drawn)
    return Contents(open_with(record or square_wave()), "Uploaded ECG", MADE, drawing=drawing)


def edges_of(pdf, number, gain):
    """The places where waves of the page's lowest row rise or fall, in mm from its left edge."""
    ink = rasters.page(pdf, number) < 90
    zero = int(np.flatnonzero(ink.sum(axis=1) > 100 * MILLIMETRE).max())
    strip = ink[zero - round((gain + 4) * MILLIMETRE) : zero + round(3 * MILLIMETRE), :]
    strip[:, : round((LEFT + 25) * MILLIMETRE)] = False
    columns = np.flatnonzero(strip.sum(axis=0) > 0.8 * gain * MILLIMETRE)
    found = [group.mean() for group in np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)]
    return strip, np.array(found)


@pytest.mark.parametrize(
    ("layout", "speed", "gain"),
    [("3x4", 50.0, 10.0), ("6x2 and V1", 25.0, 5.0), ("12x1", 25.0, 10.0), ("12x1", 50.0, 20.0)],
)
def test_every_layout_speed_and_gain_is_true_on_paper(layout, speed, gain):
    wanted = contents(LAYOUTS[layout], Scale(speed, gain))
    pdf = report.pdf(wanted)
    for number in range(1, len(sheets_of(wanted)) + 1):
        strip, found = edges_of(pdf, number, gain)
        seconds = np.diff(found) / MILLIMETRE / speed
        assert np.isclose(seconds, 0.25, rtol=0.02).sum() >= 3
        both = found[1:] - found[:-1]
        wave = int(np.flatnonzero(np.isclose(both / MILLIMETRE, speed / 4, rtol=0.02))[0])
        plateau = round(found[wave] + speed / 8 * MILLIMETRE)
        base = round(found[wave] - speed / 8 * MILLIMETRE)
        heights = [np.flatnonzero(strip[:, column]).mean() for column in (plateau, base)]
        assert (heights[1] - heights[0]) / MILLIMETRE == pytest.approx(gain, rel=0.01)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
def test_every_lead_stands_once_and_no_page_holds_more_rows_than_fit(layout, gain):
    sheets = sheets_of(contents(LAYOUTS[layout], Scale(25.0, gain)))
    cells = [cell for sheet in sheets for cell in sheet.cells]
    rhythm = LAYOUTS[layout].rhythm
    assert sorted(cell.lead for cell in cells) == sorted([*LEADS, *([rhythm] if rhythm else [])])
    assert all(1 <= sheet.n_rows <= rows_of_a_page(Scale(25.0, gain)) for sheet in sheets)
    assert len({(sheet.start, sheet.stop) for sheet in sheets}) == 1


def test_twelve_rows_at_twice_the_gain_take_three_pages_and_the_findings_follow():
    pdf = report.pdf(contents(STACKED, Scale(25.0, 20.0)))
    for number, leads in enumerate((LEADS[:4], LEADS[4:8], LEADS[8:]), start=1):
        said = rasters.words(pdf, number)
        assert f"page {number} of 4" in said
        assert all(lead in said for lead in leads)
        assert "20 mm/mV" in said
    assert "page 4 of 4" in rasters.words(pdf, 4)
    assert "Findings, unconfirmed" in rasters.words(pdf, 4)


def test_every_setting_in_force_is_printed():
    record = synthesise(SyntheticConfig(noise=0.01)).record
    wanted = DisplayFilter(0.5, 40.0, 50.0)
    drawn, words = filtered(record, wanted), wanted.description(record.sampling_rate)
    asked = contents(
        Layout(2, "V1", cabrera=True),
        Scale(50.0, 10.0, half_chest=True),
        record,
        filtered=drawn,
        filter=words,
    )
    said = rasters.drawn_words(asked)
    for setting in (
        "50 mm/s", "10 mm/mV", "V1-V6 at half gain, 5 mm/mV", "limb leads in Cabrera's order",
        "filter: 0.5-40 Hz and 50 Hz notch, zero phase", "500 samples/s", "0-5 s of 10.0 s", "-aVR",
    ):  # fmt: skip
        assert setting in said
    told = report.bundle(asked).tracing
    assert (told.layout, told.scale, told.filter) == (asked.drawing.layout, asked.drawing.scale, words)


def test_a_filter_that_moves_st_is_told_of_on_the_tracing_with_the_figures():
    record = synthesise(SyntheticConfig("STE", noise=0.005, seed=9)).record
    drawn = replace(record, signal=DisplayFilter(2.0, 40.0).apply(record.signal, record.sampling_rate))
    said = rasters.drawn_words(contents(record=record, filtered=drawn, filter="2-40 Hz, zero phase"))
    assert "This filter moves ST by more than 0.5 mm" in said
    assert "mm as recorded" in said


def test_as_recorded_in_3x4_is_what_nobody_asked_otherwise():
    plain = Contents(open_with(square_wave()), "Uploaded ECG", MADE)
    assert report.pdf(plain) == report.pdf(contents())
    assert len(sheets_of(plain)) == 1


def test_chest_leads_at_half_gain_are_half_as_tall_and_their_pulse_has_a_step():
    pdf = report.pdf(contents(STACKED, Scale(25.0, 10.0, half_chest=True)))
    heights = []
    for number in (1, 2):  # limb leads, then chest leads
        _, found = edges_of(pdf, number, 10.0 if number == 1 else 5.0)
        assert len(found) >= 9
        ink = rasters.page(pdf, number) < 90
        zero = int(np.flatnonzero(ink.sum(axis=1) > 100 * MILLIMETRE).max())
        middle = round((LEFT + 15 + 25 * 8.875) * MILLIMETRE)
        above = np.flatnonzero(ink[zero - round(13 * MILLIMETRE) : zero, middle])
        heights.append((round(13 * MILLIMETRE) - above.min()) / MILLIMETRE)
    assert heights[0] == pytest.approx(10.0, abs=0.25)
    assert heights[1] == pytest.approx(5.0, abs=0.25)


def test_the_picture_has_every_page_of_the_tracing_below_the_other():
    one, three = (
        matplotlib.image.imread(BytesIO(report.png(contents(STACKED, Scale(25.0, gain))))).shape
        for gain in (5.0, 20.0)
    )
    assert one[1] == three[1]
    assert three[0] == 3 * one[0]


def test_calipers_without_room_on_page_two_go_on_to_a_further_one():
    kept = tuple(f"RR {number}: II 1.000-1.860 s: 860 ms (70/min)." for number in range(160))
    few = replace(contents(), calipers=kept[:3])
    assert all(sentence in rasters.drawn_words(few, 2) for sentence in kept[:3])
    assert "page 2 of 2" in rasters.drawn_words(few, 2)
    many = report.pdf(replace(contents(), calipers=kept))
    assert "page 1 of 3" in rasters.words(many, 1)
    both = [rasters.words(many, number) for number in (2, 3)]
    assert all(any(sentence in words for words in both) for sentence in kept)
    assert "Calipers kept by the reader" in both[1]
    endless = report.pdf(replace(contents(), calipers=kept * 10))
    assert "more are not printed." in rasters.words(endless, 3)
