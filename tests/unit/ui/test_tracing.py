"""The tracing is true to paper: millimetres, time axis, names, and every setting printed."""

import json

import numpy as np
import pytest

from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals.paper import (
    PULSE,
    SIX_BY_TWO,
    STACKED,
    THREE_BY_FOUR,
    Layout,
    Scale,
    keep_peaks,
    lay_out,
    sample_range,
)
from ecgapp.ui.tracing.tracing import Printed, blank_paper, tracing


def square_wave(sampling_rate=500.0, seconds=10.0, leads=LEADS):
    """1 mV for half of each second, in every lead, about a median of 0 in half of the samples."""
    time = np.arange(round(sampling_rate * seconds)) / sampling_rate
    wave = (time % 1.0 >= 0.75).astype(np.float32)
    return ECGRecord("square", np.tile(wave, (len(leads), 1)), sampling_rate, tuple(leads))


def draw(record, layout=THREE_BY_FOUR, start=0.0, notes=(), scale=None):
    return tracing(record, lay_out(record, layout, start, scale=scale), notes)


def millimetres(figure):
    """The mm on paper of one unit of x and one unit of y, from the 1 mm lines of the grid."""
    return 1 / figure.layout.xaxis.minor.dtick, 1 / figure.layout.yaxis.minor.dtick


def lines(figure):
    """The drawn leads, in order of the sheet; calibration, joins and names left out."""
    return [t for t in figure.data if t.type == "scatter" and t.name not in ("calibration", "joins", "leads")]


def test_a_millivolt_is_as_tall_as_four_tenths_of_a_second_is_wide():
    axis = draw(square_wave()).layout.yaxis
    assert (axis.scaleanchor, axis.scaleratio) == ("x", 0.4)


def test_the_grid_has_lines_at_one_and_five_millimetres():
    layout = draw(square_wave()).layout
    assert (layout.xaxis.dtick, layout.xaxis.minor.dtick) == (0.2, 0.04)
    assert (layout.yaxis.dtick, layout.yaxis.minor.dtick) == (0.5, 0.1)
    assert layout.xaxis.minor.showgrid
    assert layout.yaxis.minor.showgrid


def test_every_row_begins_with_a_pulse_of_ten_by_five_millimetres():
    figure = draw(square_wave())
    pulse = next(trace for trace in figure.data if trace.name == "calibration")
    rows = np.array(pulse.y).reshape(-1, len(PULSE) + 1)[:, :-1]
    times = np.array(pulse.x).reshape(-1, len(PULSE) + 1)[:, :-1]
    assert len(rows) == 4
    np.testing.assert_allclose(np.ptp(rows, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(times[:, 3] - times[:, 2], 0.2, atol=1e-5)
    assert times.max() < 0


@pytest.mark.parametrize("layout", [THREE_BY_FOUR, STACKED])
def test_one_millivolt_is_drawn_as_one_millivolt_in_every_lead(layout):
    for line in lines(draw(square_wave(), layout)):
        assert np.ptp(line.y) == pytest.approx(1.0, abs=1e-5)


def test_no_lead_is_rescaled_because_another_is_larger():
    record = square_wave()
    louder = record.signal.copy()
    louder[LEADS.index("V3")] *= 3
    before = {line.name: np.ptp(line.y) for line in lines(draw(record))}
    after = {line.name: np.ptp(line.y) for line in lines(draw(ECGRecord("loud", louder, 500.0)))}
    assert after.pop("V3") == pytest.approx(3 * before.pop("V3"), abs=1e-4)
    assert after == pytest.approx(before, abs=1e-5)


def test_the_columns_of_three_by_four_share_one_time_axis():
    starts = {}
    for line in lines(draw(square_wave())):
        starts.setdefault(line.name, (line.x0, len(line.y) * line.dx))
    assert starts["I"] == pytest.approx((0.0, 2.5))
    assert starts["aVF"] == pytest.approx((2.5, 2.5))
    assert starts["V1"] == pytest.approx((5.0, 2.5))
    assert starts["V6"] == pytest.approx((7.5, 2.5))


def test_three_by_four_has_all_leads_and_lead_two_again_as_rhythm_strip():
    names = [line.name for line in lines(draw(square_wave()))]
    assert sorted(names[:-1]) == sorted(LEADS)
    assert names[-1] == "II"
    assert len(lines(draw(square_wave()))[-1].y) == 5000


@pytest.mark.parametrize("sampling_rate", [100.0, 257.0, 500.0])
def test_each_sample_stands_at_its_time(sampling_rate):
    signal = np.zeros((12, round(10 * sampling_rate)), dtype=np.float32)
    signal[:, round(6.0 * sampling_rate)] = 1.0  # one sample, in the column of V1 to V3
    for line in lines(draw(ECGRecord("x", signal, sampling_rate))):
        if line.name in ("V1", "V2", "V3"):
            assert line.x0 + int(np.argmax(line.y)) * line.dx == pytest.approx(
                round(6.0 * sampling_rate) / sampling_rate
            )


def test_a_constant_offset_of_an_electrode_moves_nothing_else():
    record = square_wave()
    shifted = ECGRecord("x", record.signal + np.float32(4.0), 500.0)
    for line, other in zip(lines(draw(record)), lines(draw(shifted)), strict=True):
        np.testing.assert_allclose(line.y, other.y, atol=1e-5)


def test_missing_samples_stay_gaps():
    record = square_wave()
    record.signal[0, 100:200] = np.nan
    first = lines(draw(record))[0]
    assert np.isnan(first.y).sum() == 100


def test_the_settings_in_force_are_printed():
    printed = " ".join(
        note.text for note in draw(square_wave(), notes=["heart rate 60/min"]).layout.annotations
    )
    for setting in ("25 mm/s", "10 mm/mV", "filter: none", "500 Hz", "0-10 s of 10.0 s", "heart rate 60/min"):
        assert setting in printed


def test_a_synthetic_record_says_so_on_its_tracing():
    synthetic = synthesise(SyntheticConfig()).record
    assert "SYNTHETIC" in draw(synthetic).layout.annotations[1].text
    assert "SYNTHETIC" not in draw(square_wave()).layout.annotations[1].text


def test_a_record_whose_volts_are_lost_is_not_given_any():
    record = square_wave()
    lost = ECGRecord("z", record.signal, 500.0, units="z-score")
    printed = draw(lost).layout.annotations[0].text
    assert "no voltage calibration" in printed
    assert "mm/mV" not in printed


def names_of(record):
    return " ".join(next(trace for trace in draw(record).data if trace.name == "leads").text)


def test_a_missing_lead_is_an_empty_cell_with_its_name():
    record = square_wave(leads=LEADS[:-1])
    assert "V6 (not recorded)" in names_of(record)
    assert "V6" not in [line.name for line in lines(draw(record))]


def test_a_derived_lead_is_marked():
    record = ECGRecord("x", square_wave().signal, 500.0, derived=frozenset({"aVR"}))
    assert "aVR (derived)" in names_of(record)
    assert "aVL (derived)" not in names_of(record)


def test_a_record_of_two_leads_has_a_row_for_each():
    figure = draw(square_wave(leads=("MLII", "V1")))
    assert [line.name for line in lines(figure)] == ["MLII", "V1"]
    assert all(len(line.y) == 5000 for line in lines(figure))


def test_a_short_record_fills_its_columns_with_a_quarter_each():
    starts = [line.x0 for line in lines(draw(square_wave(seconds=6.0)))]
    assert sorted(set(starts)) == pytest.approx([0.0, 1.5, 3.0, 4.5])


def test_a_page_of_a_long_record_keeps_the_recordings_time():
    figure = draw(square_wave(seconds=30.0), STACKED, start=12.0)
    assert lines(figure)[0].x0 == pytest.approx(12.0)
    assert lines(figure)[0].x0 + len(lines(figure)[0].y) * lines(figure)[0].dx == pytest.approx(22.0)


def test_rows_move_apart_where_waves_would_meet():
    record = square_wave()
    tall = ECGRecord("tall", record.signal * np.float32(3.2), 500.0)

    def spacing(figure):
        return figure.layout.yaxis.range[1] - figure.layout.yaxis.range[0]

    assert spacing(draw(tall)) > spacing(draw(record))


def test_drawing_fewer_points_keeps_every_peak():
    signal = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    drawn, rate = keep_peaks(signal, 1000.0, 250.0)
    assert rate <= 250.0
    assert len(drawn) / rate == pytest.approx(5.0)
    blocks = signal.reshape(-1, 8)
    np.testing.assert_array_equal(drawn.reshape(-1, 2).max(axis=1), blocks.max(axis=1))
    np.testing.assert_array_equal(drawn.reshape(-1, 2).min(axis=1), blocks.min(axis=1))


def test_few_samples_are_drawn_as_they_are():
    signal = np.arange(10, dtype=np.float32)
    drawn, rate = keep_peaks(signal, 100.0, 250.0)
    assert rate == 100.0
    np.testing.assert_array_equal(drawn, signal)


def test_the_figure_is_small_and_its_lines_are_svg():
    figure = draw(synthesise(SyntheticConfig()).record)
    assert {trace.type for trace in figure.data} == {"scatter"}
    assert len(figure.to_json()) < 150_000
    first = json.loads(figure.to_json())["data"][0]
    assert first["y"]["dtype"] == "f4"
    assert "x" not in first


def test_no_wave_of_the_first_or_last_row_runs_off_the_paper():
    signal = np.zeros((12, 5000), np.float32)
    signal[LEADS.index("I"), 400] = 3.2
    signal[LEADS.index("II"), 900] = -2.7
    record = ECGRecord("high", signal, 500.0)
    figure = tracing(record, lay_out(record))
    bottom, top = figure.layout.yaxis.range
    drawn = np.concatenate([np.asarray(trace.y, float) for trace in figure.data if trace.name in LEADS])
    assert bottom < np.nanmin(drawn)
    assert np.nanmax(drawn) < top


def test_blank_paper_has_no_signal_on_it():
    assert blank_paper().data == ()


@pytest.mark.parametrize("gain", [5, 10, 20])
@pytest.mark.parametrize("speed", [25, 50])
def test_a_millivolt_and_a_second_are_as_long_as_gain_and_speed_say(speed, gain):
    figure = draw(square_wave(), scale=Scale(speed, gain))
    per_second, per_millivolt = millimetres(figure)
    for line in lines(figure):
        assert np.ptp(line.y) * per_millivolt == pytest.approx(gain, abs=1e-4)
        assert per_second * line.dx * 500 == pytest.approx(speed)
    pulse = next(trace for trace in figure.data if trace.name == "calibration")
    x, y = (np.array(axis).reshape(-1, len(PULSE) + 1)[:, :-1] for axis in (pulse.x, pulse.y))
    np.testing.assert_allclose(np.ptp(y, axis=1) * per_millivolt, gain, atol=1e-4)
    np.testing.assert_allclose((x[:, 3] - x[:, 2]) * per_second, 5.0, atol=1e-4)
    assert figure.layout.yaxis.scaleratio == pytest.approx(per_millivolt / per_second)
    assert f"{speed} mm/s   {gain} mm/mV" in figure.layout.annotations[0].text


def test_the_paper_is_250_mm_wide_at_either_speed():
    assert [lay_out(square_wave(), scale=Scale(speed)).stop for speed in (25, 50)] == [10.0, 5.0]


def test_chest_leads_at_half_gain_are_halved_and_said_to_be():
    figure = draw(square_wave(), scale=Scale(half_chest=True))
    heights = {line.name: np.ptp(line.y) for line in lines(figure)}
    assert heights["V1"] == heights["V6"] == pytest.approx(0.5, abs=1e-5)
    assert heights["I"] == heights["aVF"] == pytest.approx(1.0, abs=1e-5)
    assert "V1-V6 at half gain, 5 mm/mV" in figure.layout.annotations[0].text
    assert "half gain" not in draw(square_wave()).layout.annotations[0].text


def test_the_pulse_of_a_row_shows_the_gain_of_its_leads():
    def tops(layout):
        figure = draw(square_wave(), layout, scale=Scale(half_chest=True))
        pulse = next(trace for trace in figure.data if trace.name == "calibration")
        y = np.array(pulse.y)
        rows = np.split(y, np.flatnonzero(np.isnan(y)) + 1)[:-1]
        return [sorted(set(np.round(row[:-1] - row[0], 3))) for row in rows]

    assert tops(STACKED) == [[0, 1]] * 6 + [[0, 0.5]] * 6
    assert tops(THREE_BY_FOUR) == [[0, 0.5, 1]] * 3 + [[0, 1]]


def distinct():
    """Lead number n is a square wave of (n + 1) / 10 mV."""
    record = square_wave()
    heights = np.arange(1, 13, dtype=np.float32)[:, None] / 10
    return ECGRecord("distinct", record.signal * heights, 500.0)


@pytest.mark.parametrize(
    "layout", [THREE_BY_FOUR, SIX_BY_TWO, Layout(2, None), Layout(4, "V1"), STACKED], ids=str
)
@pytest.mark.parametrize("cabrera", [False, True])
def test_every_cell_shows_the_lead_that_it_names(layout, cabrera):
    layout = Layout(layout.columns, layout.rhythm, cabrera)
    for line in lines(draw(distinct(), layout)):
        steps = np.diff(line.y)
        first = steps[np.abs(steps) > 0.01][0]  # each begins low and steps up
        expected = (LEADS.index(line.name.removeprefix("-")) + 1) / 10
        assert first == pytest.approx(-expected if line.name == "-aVR" else expected, abs=1e-4)


def test_the_orders_of_the_leads():
    def names(layout):
        return [line.name for line in lines(draw(square_wave(), layout))]

    assert names(Layout(4, "V1")) == [*LEADS, "V1"]
    assert names(Layout(2, None)) == names(STACKED) == list(LEADS)
    cabrera = ["aVL", "I", "-aVR", "II", "aVF", "III"]
    assert names(Layout(4, "II", cabrera=True)) == [*cabrera, *LEADS[6:], "II"]
    assert names(Layout(1, None, cabrera=True)) == [*cabrera, *LEADS[6:]]


def test_six_by_two_has_limb_leads_left_and_chest_leads_right_on_one_time_axis():
    cells = {cell.lead: cell for cell in lay_out(square_wave(), Layout(2, None)).cells}
    assert (cells["aVF"].row, cells["aVF"].start, cells["aVF"].stop) == (5, 0.0, 5.0)
    assert (cells["V1"].row, cells["V1"].start, cells["V1"].stop) == (0, 5.0, 10.0)


def test_no_sample_is_drawn_twice_or_lost_where_columns_join():
    record = square_wave(257.0)
    sheet = lay_out(record)
    ranges = [sample_range(record, cell) for cell in sheet.cells if cell.row == 0]
    assert [first for first, _ in ranges[1:]] == [last for _, last in ranges[:-1]]
    assert (ranges[0][0], ranges[-1][1]) == (0, record.n_samples)


def test_a_record_without_avr_says_so_in_the_cabrera_cell():
    record = square_wave(leads=tuple(lead for lead in LEADS if lead != "aVR"))
    figure = draw(record, Layout(4, "II", cabrera=True))
    assert "-aVR (not recorded)" in " ".join(next(t for t in figure.data if t.name == "leads").text)


def test_a_fault_stands_beside_the_name_of_its_lead_in_every_cell_of_it():
    record = square_wave()
    figure = tracing(record, lay_out(record), words=Printed(badges={"II": "clipped"}))
    names = next(trace for trace in figure.data if trace.name == "leads").text
    assert ["clipped" in name for name in names].count(True) == 2
    assert all(("II<" in name or "II " in name) for name in names if "clipped" in name)


@pytest.mark.parametrize("assumed", [False, True])
def test_an_assumed_calibration_is_printed_behind_the_gain(assumed):
    warnings = ("Calibration assumed: the header names no unit.",) if assumed else ()
    record = ECGRecord("x", square_wave().signal, 500.0, warnings=warnings)
    assert ("10 mm/mV, calibration assumed" in draw(record).layout.annotations[0].text) is assumed
