"""A faulty lead stays in its row, every lead on the paper; what is cut is marked."""

import numpy as np
import pytest

from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals.paper import Scale, bands, cut, edges, lay_out, pieces, row_zeros, too_tall
from ecgapp.ui.tracing.clip_marks import tall_leads
from ecgapp.ui.tracing.tracing import Printed, tracing

RATE = 500.0


def flat(leads=LEADS, **waves):
    """Leads of 0 mV; in those named, ``(height, start, stop)``: a step of so many mV between two times, s."""
    signal = np.zeros((len(leads), 5000), np.float32)
    for lead, (height, start, stop) in waves.items():
        signal[leads.index(lead), round(start * RATE) : round(stop * RATE)] = height
    return ECGRecord("x", signal, RATE, tuple(leads))


def drawn(record, badges=(), scale=None):
    """The figure, each cell's highest and lowest point in mm from its own zero, and the sheet's zeros."""
    sheet = lay_out(record, scale=scale or Scale())
    figure = tracing(record, sheet, words=Printed(badges=dict.fromkeys(badges, "electrode off")))
    zeros, gain = row_zeros(sheet, pieces(record, sheet)), sheet.scale.gain
    lines = [trace for trace in figure.data if trace.name in LEADS]
    cells = zip(sheet.cells[:12], lines, strict=False)
    heights = {cell.lead: (line.y - zeros[cell.row]) * gain for cell, line in cells}
    reach = {lead: (float(np.nanmin(y)), float(np.nanmax(y))) for lead, y in heights.items()}
    return figure, reach, zeros


def below(figure):
    return " ".join(note.text for note in figure.layout.annotations)


def marks(figure):
    return next((trace for trace in figure.data if trace.name == "cut"), None)


def test_a_faulty_lead_stays_between_the_rows_beside_it_and_points_to_where_it_goes_on():
    record = flat(aVL=(9.0, 3.0, 4.0))
    figure, reach, zeros = drawn(record, ["aVL"])
    gap = 10.0 * float(zeros[0] - zeros[1])
    assert reach["aVL"][1] == pytest.approx(gap - 5.0, abs=1e-3)  # nothing of the row above needs more
    triangle = marks(figure)
    assert triangle.marker.symbol == ("triangle-up",)
    assert 3.0 < triangle.x[0] < 4.0
    assert "cut where it leaves its row: aVL" in below(figure)


def test_two_faulty_leads_in_neighbouring_rows_meet_half_way_and_do_not_cross():
    record = flat(V4=(-9.0, 8.0, 9.0), V5=(9.0, 8.0, 9.0))
    _, reach, zeros = drawn(record, ["V4", "V5"])
    gap = 10.0 * float(zeros[0] - zeros[1])
    assert -reach["V4"][0] == pytest.approx(gap / 2, abs=1e-3)
    assert reach["V5"][1] == pytest.approx(gap / 2, abs=1e-3)


def test_a_sound_lead_is_never_cut_within_the_paper():
    record = flat(aVL=(4.5, 3.0, 4.0))
    figure, reach, _ = drawn(record)
    assert reach["aVL"][1] == pytest.approx(45.0, abs=1e-3)
    assert marks(figure) is None
    assert "cut" not in below(figure)


@pytest.mark.parametrize("height", [30.0, -30.0])
def test_the_only_lead_of_a_record_does_not_leave_the_paper(height):
    figure, _, _ = drawn(flat(("II",), II=(height, 3.0, 4.0)))
    bottom, top = figure.layout.yaxis.range
    line = next(trace for trace in figure.data if trace.name == "II")
    assert bottom <= float(np.nanmin(line.y)) < float(np.nanmax(line.y)) <= top
    assert marks(figure).marker.symbol == ("triangle-up" if height > 0 else "triangle-down",)


def test_a_line_that_is_cut_touches_the_edge_and_has_a_gap_beyond_it():
    record = flat(V6=(5.0, 8.0, 9.0))
    sheet = lay_out(record)
    signals = pieces(record, sheet)
    zeros = row_zeros(sheet, signals)
    above, under = edges(sheet, signals)
    ends = (float(zeros[-1]) - under, above)
    (cell, signal, band) = next(
        found
        for found in zip(sheet.cells, signals, bands(sheet, signals, zeros, ends, {"V6"}), strict=True)
        if found[0].lead == "V6"
    )
    line = signal + zeros[cell.row]
    found = cut(line, band)
    first, last = 250, 749  # of the samples beyond the band
    assert found.line[first] == found.line[last] == np.float32(band.top)
    assert np.isnan(found.line[first + 1 : last]).all()
    np.testing.assert_array_equal(found.line[:first], line[:first])
    assert found.marks == (((first + last) // 2, np.float32(band.top)),)
    assert cut(line, bands(sheet, signals, zeros, ends, set())[0]).line is line


def test_marks_of_a_noisy_lead_do_not_pile_up():
    rng = np.random.default_rng(0)
    record = flat()
    record.signal[LEADS.index("V6")] = rng.normal(0, 4.0, 5000)
    figure, _, _ = drawn(record, ["V6"])
    up = [x for x, symbol in zip(marks(figure).x, marks(figure).marker.symbol, strict=True) if "up" in symbol]
    assert len(up) >= 5
    assert len(up) <= 2.5 * 25 / 3 + 1


def test_gaps_of_the_recording_are_not_taken_for_cuts():
    record = flat(V6=(np.nan, 8.0, 9.0))
    figure, _, _ = drawn(record, ["V6"])
    assert marks(figure) is None


def test_sound_leads_that_run_through_another_row_are_named_and_fit_at_half_gain():
    record = flat(V2=(-6.0, 6.0, 6.1), V3=(-6.0, 6.5, 6.6))
    assert tall_leads(record, lay_out(record), set()) == ("V2", "V3")
    assert tall_leads(record, lay_out(record), {"V2"}) == ("V3",)
    assert tall_leads(record, lay_out(record, scale=Scale(25, 10, half_chest=True)), set()) == ()
    assert tall_leads(synthesise(SyntheticConfig()).record, lay_out(flat()), set()) == ()


def test_a_lead_that_leaves_the_paper_is_too_tall():
    sheet = lay_out(flat(("II",)))
    assert too_tall(sheet, [np.array([7.0], np.float32)], [0.0], (-5.0, 5.0), set()) == ("II",)
    assert too_tall(sheet, [np.array([np.nan], np.float32)], [0.0], (-5.0, 5.0), set()) == ()
