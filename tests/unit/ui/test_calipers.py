"""Calipers: what a box on the tracing says is what the samples say, in the lead that it was drawn on."""

import numpy as np
import plotly.graph_objects as go
import pytest

from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals.paper import STACKED, THREE_BY_FOUR, Layout, Scale, lay_out, pieces, row_zeros
from ecgapp.ui.sign_off.caliper_panel import Calipers
from ecgapp.ui.tracing.caliper import Caliper, draw, march, measure
from ecgapp.ui.tracing.tracing import tracing

HEART = synthesise(SyntheticConfig("sinus", 60, noise=0.0))


def box_around(record, sheet, name, start, stop):
    """The box that a reader draws about one lead from ``start`` to ``stop``, 4 mm high at least."""
    signals = pieces(record, sheet)
    zeros = row_zeros(sheet, signals)
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if cell.name == name and cell.start <= start and stop <= cell.stop:
            inside = signal[round((start - cell.start) * record.sampling_rate) :][
                : round((stop - start) * 500)
            ]
            bottom, top = zeros[cell.row] + inside.min(), zeros[cell.row] + inside.max()
            lacking = max(0.0, 4.0 / sheet.scale.gain - (top - bottom)) / 2
            return (start, stop), (bottom - lacking, top + lacking)
    raise AssertionError(f"no cell of {name} from {start} to {stop}")


LAYOUTS = [THREE_BY_FOUR, Layout(2, "V5"), STACKED, Layout(4, "II", cabrera=True)]


@pytest.mark.parametrize("scale", [Scale(), Scale(25, 5, half_chest=True), Scale(25, 20)], ids=str)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_cell_of_every_sheet_is_measured_as_its_own_lead_and_time(layout, scale):
    record = HEART.record
    sheet = lay_out(record, layout, scale=scale)
    for cell in sheet.cells:
        start, stop = cell.start + 0.5, cell.stop - 0.5
        x, y = box_around(record, sheet, cell.name, start, stop)
        found = measure(record, sheet, x, y)
        assert found is not None
        lead = record.signal[LEADS.index(cell.lead)] * (-1 if cell.inverted else 1)
        inside = lead[round(start * 500) : round(stop * 500)]
        assert found.lead == cell.name
        assert (found.start, found.stop) == pytest.approx((start, stop), abs=1e-9)
        least = 4.0 / (scale.gain * scale.of(cell.lead))
        assert found.height == pytest.approx(max(np.ptp(inside), least), abs=0.002)
        assert found.swing == pytest.approx(np.ptp(inside), abs=0.005)


def test_times_snap_to_samples_and_heights_stay_as_drawn():
    found = measure(HEART.record, lay_out(HEART.record), (1.5013, 0.7007), (0.5, -0.3))
    assert found is not None
    assert (found.start, found.stop) == pytest.approx((0.7, 1.502))
    assert found.milliseconds == pytest.approx(802)
    assert found.per_minute == pytest.approx(60_000 / 802)
    assert found.height == pytest.approx(0.8)
    assert "802 ms** (75/min)" in found.in_words()
    assert "box **0.80 mV** = 8.0 mm" in found.in_words()


@pytest.mark.parametrize("scale", [Scale(), Scale(25, 20), Scale(50, 5)], ids=str)
def test_a_level_drag_measures_time_alone_whatever_row_it_lies_on(scale):
    sheet = lay_out(HEART.record, scale=scale)
    for height in (0.3, -3.0, -7.5):
        for drop in (0.0, 2.9 / scale.gain):
            found = measure(HEART.record, sheet, (3.2004, 2.2), (height, height - drop))
            assert found is not None
            assert (found.lead, found.start, found.stop) == ("", 2.2, 3.2)
            assert found.in_words() == "2.200-3.200 s: **1000 ms** (60/min)"
            assert found.in_words(volts=False) == found.in_words()
    tall = measure(HEART.record, sheet, (2.2, 3.2), (0.0, 3.1 / scale.gain))
    assert tall is not None
    assert tall.lead


def test_a_level_drag_beside_the_leads_measures_nothing_and_ends_with_the_sheet():
    sheet = lay_out(HEART.record)
    assert measure(HEART.record, sheet, (-0.5, -0.1), (0.1, 0.1)) is None
    found = measure(HEART.record, sheet, (9.0, 10.4), (0.1, 0.1))
    assert found is not None
    assert found.stop == HEART.record.duration


def test_a_caliper_of_time_alone_spans_all_rows_and_marches_out():
    sheet = lay_out(HEART.record)
    found = measure(HEART.record, sheet, (2.2, 3.2), (0.1, 0.1))
    assert found is not None
    figure = go.Figure(tracing(HEART.record, sheet))
    draw(figure, HEART.record, sheet, found, "RR")
    (shape,) = figure.layout.shapes
    assert (shape.x0, shape.x1) == (2.2, 3.2)
    assert (shape.y0, shape.y1) == tuple(figure.layout.yaxis.range)
    assert march(found, 0.0, 5.0) == pytest.approx([0.2, 1.2, 2.2, 3.2, 4.2])


def test_the_signals_own_height_is_read_from_samples_to_a_microvolt():
    record = ECGRecord("x", np.zeros((12, 5000), np.float32), 500.0)
    record.signal[LEADS.index("V2"), 3000] = 0.123456
    x, y = box_around(record, lay_out(record), "V2", 5.9, 6.1)
    found = measure(record, lay_out(record), x, y)
    assert found is not None
    assert (found.lowest, found.highest) == pytest.approx((0.0, 0.123456), abs=1e-6)


def test_a_box_from_qrs_onset_to_t_end_measures_qt_within_a_sample():
    qrs = next(wave for wave in HEART.waves if wave.kind == "QRS" and wave.onset > 0.5)
    t_wave = next(wave for wave in HEART.waves if wave.kind == "T" and wave.onset > qrs.onset)
    sheet = lay_out(HEART.record, STACKED)
    found = measure(HEART.record, sheet, *box_around(HEART.record, sheet, "II", qrs.onset, t_wave.offset))
    assert found is not None
    assert found.milliseconds == pytest.approx(1000 * (t_wave.offset - qrs.onset), abs=2)


def test_an_empty_cell_and_the_margin_hold_nothing_to_measure():
    record = ECGRecord("x", HEART.record.signal[:11], 500.0, LEADS[:11])
    sheet = lay_out(record, Layout(4, None))
    assert measure(record, sheet, (-0.5, -0.1), (0.0, 1.0)) is None
    only = lay_out(ECGRecord("x", HEART.record.signal[:1], 500.0, ("I",)))
    found = measure(record, only, (1.0, 2.0), (0.0, 1.0))
    assert found is not None
    assert found.lead == "I"


def test_a_page_of_a_long_record_is_measured_in_the_recordings_time():
    record = synthesise(SyntheticConfig(duration=60.0)).record
    sheet = lay_out(record, STACKED, start=40.0)
    found = measure(record, sheet, (44.0, 45.0), (0.0, 0.5))
    assert found is not None
    assert (found.start, found.stop) == pytest.approx((44.0, 45.0))


def test_marching_out_an_rr_interval_lands_on_the_r_peaks_of_a_regular_rhythm():
    peaks = 0.4 + 0.8 * np.arange(12)
    marks = march(Caliper("II", peaks[3], peaks[4], 0.0, 1.0, 0.0, 1.0), 0.0, 9.9)
    np.testing.assert_allclose(marks, peaks, atol=1e-9)


def test_no_interval_marches_nowhere():
    assert march(Caliper("II", 1.0, 1.0, 0.0, 1.0, 0.0, 1.0), 0.0, 10.0) == []
    assert Caliper("II", 1.0, 1.0, 0.0, 1.0, 0.0, 1.0).per_minute is None


@pytest.mark.parametrize("scale", [Scale(), Scale(25, 20, half_chest=True)], ids=str)
def test_a_kept_caliper_is_drawn_where_its_box_was_drawn(scale):
    record = HEART.record
    sheet = lay_out(record, scale=scale)
    x, y = box_around(record, sheet, "V2", 5.5, 6.5)
    found = measure(record, sheet, x, y)
    assert found is not None
    figure = go.Figure(tracing(record, sheet))
    draw(figure, record, sheet, found, "RR")
    (shape,) = figure.layout.shapes
    assert (shape.x0, shape.x1, shape.y0, shape.y1) == pytest.approx((*x, *y), abs=1e-5)


def test_calipers_are_kept_under_harmless_names_and_deleted_one_by_one():
    measured = Calipers()
    one = Caliper("II", 0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    for name in ("RR", "![](//a.example/b) <b>", ""):
        measured.add(one, "none, as recorded")
        measured.keep(name)
    assert [kept.name for kept in measured.named] == ["RR", "aexampleb b", "Caliper 3"]
    measured.delete(2)
    assert [kept.name for kept in measured.named] == ["RR", "Caliper 3"]
    assert measured.latest is None


def test_without_volts_a_caliper_tells_no_heights():
    words = Caliper("II", 0.0, 1.0, 0.0, 1.0, 0.0, 1.0).in_words(volts=False)
    assert "mV" not in words
    assert "1000 ms** (60/min)" in words
