"""The tracing is true to paper: millimetres, time axis, names, and every setting printed."""

import json

import numpy as np
import pytest

from ecgapp.paper import PULSE, STACKED, THREE_BY_FOUR, keep_peaks, lay_out
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.ui.tracing import blank_paper, tracing


def square_wave(sampling_rate=500.0, seconds=10.0, leads=LEADS):
    """1 mV for half of each second, in every lead, about a median of 0 in half of the samples."""
    time = np.arange(round(sampling_rate * seconds)) / sampling_rate
    wave = (time % 1.0 >= 0.75).astype(np.float32)
    return ECGRecord("square", np.tile(wave, (len(leads), 1)), sampling_rate, tuple(leads))


def draw(record, layout=THREE_BY_FOUR, start=0.0, notes=()):
    return tracing(record, lay_out(record, layout, start), notes)


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
    assert "volts lost" in printed
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
