"""Marks of critical findings: on their leads, at their time, on the displayed page."""

import pytest

from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.evidence_marks import elsewhere, evidence_marks
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals.paper import SIX_BY_TWO, STACKED, lay_out
from ecgapp.ui.tracing.evidence_shading import mark_evidence
from ecgapp.ui.tracing.tracing import tracing


def finding(leads, start=0.0, end=10.0, name="ST elevation", kind=CriticalKind.ST_ELEVATION):
    return CriticalFinding(kind, name, tuple(leads), start, end, "", "", "")


@pytest.fixture(scope="module")
def record():
    return synthesise(SyntheticConfig(duration=25.0)).record


def test_each_lead_of_a_finding_is_marked_and_the_first_is_labelled(record):
    marks = evidence_marks([finding(["V2", "V3", "V4"])], lay_out(record))
    assert [(mark.cell.lead, mark.start, mark.stop) for mark in marks] == [
        ("V2", 5.0, 7.5),
        ("V3", 5.0, 7.5),
        ("V4", 7.5, 10.0),
    ]
    assert [mark.words for mark in marks] == ["ST elevation", "", ""]


def test_a_stretch_is_cut_to_what_its_cell_shows(record):
    marks = evidence_marks([finding(["II"], 1.0, 3.2)], lay_out(record))
    assert [(mark.cell.row, mark.start, mark.stop) for mark in marks] == [(1, 1.0, 2.5), (3, 1.0, 3.2)]


def test_a_finding_of_the_whole_rhythm_is_marked_on_the_rhythm_strip_alone(record):
    for layout, rows in ((None, [3]), (SIX_BY_TWO, [6])):
        sheet = lay_out(record, layout) if layout else lay_out(record)
        marks = evidence_marks([finding(LEADS, 2.0, 6.0)], sheet)
        assert [mark.cell.row for mark in marks] == rows
    assert len(evidence_marks([finding(LEADS)], lay_out(record, STACKED))) == 1


def test_a_single_lead_of_any_name_is_marked():
    one = ECGRecord("x", synthesise(SyntheticConfig()).record.signal[:1], 500.0, ("ECG",))
    (mark,) = evidence_marks([finding(["ECG"], 3.0, 6.0)], lay_out(one))
    assert (mark.cell.lead, mark.start, mark.stop) == ("ECG", 3.0, 6.0)


def test_what_lies_on_another_page_is_named_and_not_marked(record):
    late, early = finding(["II"], 18.0, 20.0), finding(["II"], 1.0, 2.0)
    first, second = lay_out(record), lay_out(record, start=12.0)
    assert elsewhere([late, early], first) == (late,)
    assert elsewhere([late, early], second) == (early,)
    assert {mark.number for mark in evidence_marks([late, early], second)} == {0}


def test_marks_are_framed_and_labelled_so_that_no_colour_is_needed(record):
    sheet = lay_out(record)
    plain = len(tracing(record, sheet).layout.annotations)
    figure = mark_evidence(tracing(record, sheet), record, sheet, [finding(["V2", "V3"])])
    assert [shape.line.dash for shape in figure.layout.shapes] == ["dash", "dash"]
    assert {shape.layer for shape in figure.layout.shapes} == {"below"}
    assert len(figure.layout.annotations) == plain + 1
    assert "ST elevation" in figure.layout.annotations[-1].text
    assert not mark_evidence(tracing(record, sheet), record, sheet, []).layout.shapes
