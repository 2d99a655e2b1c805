"""The report on paper: true millimetres, vectors, every setting, and nothing about the patient."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import matplotlib.image
import numpy as np
import pytest
import rasters
import tiny_models
from only_models import open_with
from rasters import MILLIMETRE
from review_events import EDITED, RECORD, SIGNED, A, N, P, event, numbered, unseen

from ecgapp import analysis, report
from ecgapp.analysis import Judgement, JudgementLine, Measurement, Severity, Support
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.rules import Presence, Verdict
from ecgapp.config import DISCLAIMER, PROJECT
from ecgapp.models import load_model
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.report import Contents, DelineatorMeasurements
from ecgapp.report.interval_lines import in_words
from ecgapp.report.saliency_picture import SHADES, runs
from ecgapp.report.tracing_pages import BOTTOM, LEFT, RIGHT, ROWS, TOP, place_rows
from ecgapp.reviews import EventKind, fold, moment

MADE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def square_wave(sampling_rate=500.0, leads=LEADS, seconds=10.0):
    """1 mV for the last quarter of each second, in every lead."""
    time = np.arange(round(sampling_rate * seconds)) / sampling_rate
    wave = (time % 1.0 >= 0.75).astype(np.float32)
    return ECGRecord("square", np.tile(wave, (len(leads), 1)), sampling_rate, tuple(leads))


def contents(record=None, **changes):
    return replace(Contents(open_with(record or square_wave()), "Uploaded ECG", MADE), **changes)


@pytest.fixture(scope="module")
def read():
    """A synthetic record with what a tiny classifier found in it; every class is above its threshold."""
    record = synthesise(SyntheticConfig()).record
    model, _ = tiny_models.classifier(thresholds=(0.01,) * 9)
    model = replace(model, card=replace(model.card, sha256="5ade" * 16))
    return contents(record, evidence=report.gather_evidence(open_with(record, model), model.card))


@pytest.fixture(scope="module")
def printed(read):
    return report.pdf(read)


def rhythm_strip(pdf):
    """The lowest row's pixels, from behind the lead's name to the right edge; True is ink."""
    ink = rasters.page(pdf) < 90
    zeros = np.flatnonzero(ink.sum(axis=1) > 100 * MILLIMETRE)  # the base line of the waves
    zero = int(zeros.max())
    left = round((LEFT + 25) * MILLIMETRE)
    return ink[zero - round(14 * MILLIMETRE) : zero + round(3 * MILLIMETRE), left:]


@pytest.mark.parametrize("sampling_rate", [100.0, 500.0, 2000.0])
def test_a_second_is_25_mm_and_a_millivolt_10_mm_on_paper(sampling_rate):
    strip = rhythm_strip(report.pdf(contents(square_wave(sampling_rate))))
    columns = np.flatnonzero(strip.sum(axis=0) > 8 * MILLIMETRE)
    edges = [group.mean() for group in np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)]
    assert len(edges) >= 17
    rising = np.array(edges[-17::2])  # a wave is cut off at the right edge
    assert np.diff(rising).mean() / MILLIMETRE == pytest.approx(25.0, rel=0.001)
    assert np.diff(rising) / MILLIMETRE == pytest.approx(25.0, rel=0.01)
    plateau, base = (round(rising[2] + shift * MILLIMETRE) for shift in (3.0, -5.0))
    heights = [np.flatnonzero(strip[:, column]).mean() for column in (plateau, base)]
    assert (heights[1] - heights[0]) / MILLIMETRE == pytest.approx(10.0, rel=0.01)


def test_the_grid_shows_in_grey_and_stays_far_lighter_than_the_trace():
    page = rasters.page(report.pdf(contents()))
    row = page[round((210 - BOTTOM - 1.5) * MILLIMETRE)]  # below the last wave, between two level lines
    inside = row[round((LEFT + 0.5) * MILLIMETRE) : round((LEFT + 50.5) * MILLIMETRE)]
    lines = np.flatnonzero((inside[1:-1] < inside[:-2]) & (inside[1:-1] <= inside[2:]) & (inside[1:-1] < 250))
    assert len(lines) == 50
    assert inside.min() > 120
    every_fifth = inside[round(4.5 * MILLIMETRE) + np.arange(-2, 3)].min()
    others = inside[round(5.5 * MILLIMETRE) + np.arange(-2, 3)].min()
    assert every_fifth < others - 20


def test_it_is_two_pages_of_a4_landscape_without_pictures(printed):
    assert len(re.findall(rb"/Type /Page\b", printed)) == 2
    for box in re.findall(rb"/MediaBox \[ ([\d. ]+) \]", printed):
        assert [float(side) / 72 * 25.4 for side in box.split()] == pytest.approx([0, 0, 297, 210], abs=0.01)
    assert b"/Subtype /Image" not in printed


def test_its_fonts_are_embedded_as_truetype(printed):
    assert printed.count(b"/FontFile2") == printed.count(b"/Subtype /CIDFontType2") > 0
    assert b"/Subtype /Type3" not in printed


def test_the_same_contents_give_the_same_bytes_and_name_no_machine(read, printed):
    assert report.pdf(read) == printed
    assert b"/CreationDate" not in printed


def test_page_one_prints_every_setting_the_status_and_the_disclaimer():
    said = rasters.words(report.pdf(contents()))
    for words in (
        "25 mm/s",
        "10 mm/mV",
        "filter: none, as recorded",
        "500 samples/s",
        "0-10 s of 10.0 s",
        "UNCONFIRMED",
        DISCLAIMER,
        "Heart rate 80/min",
        "Name, date of birth",
        "Recorded on",
        "2026-03-01 12:30 UTC",
    ):
        assert words in said
    assert all(re.search(rf"\b{lead}\b", said) for lead in LEADS)


def test_page_two_prints_each_finding_with_what_stands_behind_it(read, printed):
    said = rasters.words(printed, 2)
    for row in read.evidence.findings.rows:
        assert row.label in said
        assert f"{row.probability:.2f}" in said
    assert read.evidence.card.sha256 in said
    assert "insufficient validation data (n = 2)" in said
    assert "of 200" in said
    assert "Integrated Gradients" in said
    assert "UNCONFIRMED" in said
    assert DISCLAIMER in said
    assert "above 0.5 Hz and below 40 Hz" in said


ALARM = CriticalFinding(
    CriticalKind.BROAD_COMPLEX_TACHYCARDIA, "broad complex tachycardia, 148/min", ("II",), 2.0, 6.0,
    "QRS 160 ms.", "aberrancy, pacing", "a source",
)  # fmt: skip
SOON = JudgementLine(Severity.PROMPT, "LBBB 0.89.", "network")


def test_critical_findings_stand_first_on_both_pages_in_red_with_a_symbol_and_in_words(read):
    alarmed = replace(read, critical=(ALARM, replace(ALARM, name="pause, 4 s"), replace(ALARM, name="third")))
    pdf = report.pdf(alarmed)
    first, second = rasters.words(pdf), rasters.words(pdf, 2)
    assert "\u26a0 CRITICAL. Read this ECG now: broad complex tachycardia, 148/min. QRS 160 ms." in first
    assert "Read this ECG now: pause, 4 s. And 1 more, page 2." in first
    assert first.index("CRITICAL") < first.index("QRS ")
    for words in ("Critical findings: alarms, not diagnoses", "third.", "Could also be: aberrancy, pacing.",
                  "(II, 2.0-6.0 s)", "Found by rule: a source."):  # fmt: skip
        assert words in second
    red = rasters.colours(pdf)
    strip = red[round(16 * MILLIMETRE) : round(24 * MILLIMETRE)].astype(int)
    assert ((strip[..., 0] > 120) & (strip[..., 1] < 60)).sum() > 1000
    assert "CRITICAL" not in rasters.drawn_words(read)


def test_the_stretch_that_shows_a_critical_finding_is_framed_in_its_lead(read, printed):
    plain, marked = map(rasters.colours, (printed, report.pdf(replace(read, critical=(ALARM,)))))
    changed = (plain != marked).any(axis=2)
    changed[: round((210 - TOP) * MILLIMETRE)] = False  # what stands above the grid
    columns = np.flatnonzero(changed.any(axis=0)) / MILLIMETRE
    assert columns.min() == pytest.approx(LEFT + 15 + 25 * 2.0, abs=0.5)
    assert columns.max() == pytest.approx(LEFT + 15 + 25 * 6.0, abs=0.5)


def test_page_one_has_rate_intervals_and_axes_above_the_tracing(read):
    found = measured(read.record)
    said = rasters.drawn_words(replace(read, measured=found))
    values = found.measurements.value
    assert f"PR {values('PR'):.0f} ms" in said
    assert f"QRS {values('QRS'):.0f} ms" in said
    assert f"QT {values('QT'):.0f} ms" in said
    assert f"QTc {values('QTc Fridericia'):.0f} ms (Fridericia)" in said
    assert f"QRS {values('QRS axis'):.0f}°" in said
    assert "intervals and axes: not measured" in rasters.drawn_words(read)


def test_a_blank_interval_is_a_dash_on_page_one():
    record = synthesise(SyntheticConfig("AF", noise=0.01)).record
    assert "PR - QRS" in rasters.drawn_words(contents(record, measured=measured(record)))


def test_without_a_reader_page_one_says_so_and_what_the_machine_makes_of_it(read):
    judged = replace(read, judgement=Judgement((SOON,)))
    said = rasters.drawn_words(judged)
    assert "Unconfirmed: no reader stands for any finding. By machine: LBBB 0.89." in said
    assert "Above the model's thresholds: " in rasters.drawn_words(read)


def test_the_statement_names_what_was_not_judged_and_that_normal_beside_a_label_was_meant(read):
    said = (*unseen(Normal=P, AF=P), *unseen(PVC=N))
    reviewed = fold(
        RECORD, numbered(event(EventKind.EDITED, "CD", answers=said, beside_normal=("Normal", "AF")))
    )
    page = rasters.drawn_words(replace(read, review=reviewed))
    assert "not signed. Present: Normal, AF. That Normal and AF are present together was confirmed." in page
    assert "Not judged: PVC." in page


def test_a_refused_ecg_keeps_figures_and_critical_findings(read):
    found = measured(read.record)
    refused = contents(read.record, refusal="No labels are shown.", measured=found, critical=(ALARM,))
    first, second = (rasters.drawn_words(refused, page) for page in (1, 2))
    assert "Read this ECG now" in first
    assert f"QRS {found.measurements.value('QRS'):.0f} ms" in first
    assert "no labels" in second
    assert "No labels are shown." in second
    assert "ST at J+60 ms" in second


def test_a_rule_that_contradicts_a_label_stands_in_that_labels_row(read):
    labels = [row.label for row in read.evidence.findings.rows]
    by_rank = sorted(read.evidence.findings.rows, key=lambda row: (not row.positive, -row.probability))
    against = Verdict("LBBB", Presence.ABSENT, "QRS 88 ms, not over 120 ms. " + "More of the same. " * 30)
    support = tuple(
        Support(label, None, None, None, None, against if label == "LBBB" else None, "") for label in labels
    )
    pdf = report.pdf(replace(read, support=support))
    second = rasters.words(pdf, 2)
    place = second.index("The textbook's rule contradicts it (absent): QRS 88 ms, not over 120 ms.")
    after = by_rank[[row.label for row in by_rank].index("LBBB") + 1].label
    assert second.index("LBBB 0.") < place < second.index(f" {after} 0.", place)
    assert "(all of it in the JSON file)" in second
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 2


def test_a_map_whose_sum_misses_by_too_much_says_so_on_paper(read, printed):
    made = read.evidence.explanation
    poor = replace(made, attribution=replace(made.attribution, completeness_error=0.642))
    said = rasters.drawn_words(replace(read, evidence=replace(read.evidence, explanation=poor)), 2)
    assert "Do not rely on this map: the sum of its values misses by 64 %" in said
    assert "Do not rely on this map" not in rasters.words(printed, 2)


def test_with_every_part_at_its_longest_nothing_runs_into_the_foot(read):
    """Alarms, a signed statement, a judgement, first reads, comments and measurements at once."""
    first = event(EventKind.READ, "GH", answers=unseen(AF=A, PVC=P), since=1.0)
    comment = event(EventKind.COMMENTED, comment="old infarct? " * 40)
    reviewed = fold(RECORD, numbered(first, EDITED, SIGNED, comment, comment))
    long = replace(
        ALARM, evidence="V2 +3.6, V3 +4.7, V4 +3.3, V5 +1.9 mm. " * 3, differential="aneurysm, " * 20
    )
    lines = tuple(replace(SOON, words="ST elevation by rule: V2 +3.6 mm. " * 4) for _ in range(4))
    full = replace(
        read,
        critical=(long,) * 3,
        review=reviewed,
        judgement=Judgement(lines),
        measured=measured(read.record),
    )
    pdf = report.pdf(full)
    for number in (1, 2):
        page = rasters.page(pdf, number)
        bare = page[round((210 - 15.3) * MILLIMETRE) : round((210 - 14.4) * MILLIMETRE)]
        assert bare.min() > 200, f"page {number}: a line stands above the foot"
    assert "SYNTHETIC, from no patient." in rasters.words(pdf)


def test_the_status_is_printed_with_who_when_what_was_changed_and_the_comment(read):
    first = event(EventKind.READ, "GH", answers=unseen(AF=A, PVC=P), since=1.0)
    comment = event(EventKind.COMMENTED, comment="old infarct? " * 40)
    reviewed = fold(RECORD, numbered(first, EDITED, SIGNED, comment))
    first, page = (rasters.drawn_words(replace(read, review=reviewed), number) for number in (1, 2))
    assert "EDITED, SIGNED" in first
    assert "UNCONFIRMED" not in page
    stands = f"Edited by CD at {moment(120)}, signed by EF at {moment(180)}. Present: PVC. Absent: AF."
    assert stands in page
    assert stands in first
    assert "Against the model: rejected AF, added PVC." in page
    assert f"Read first by GH, saved {moment(60)}: PVC." in page
    assert "(all of it in the JSON file)" in page


def test_missing_derived_and_flat_leads_are_badged():
    signal = square_wave().signal[:-1].copy()
    signal[LEADS.index("V4")] = 0
    said = rasters.drawn_words(contents(ECGRecord("x", signal, 500.0, LEADS[:-1], frozenset({"aVR"}))))
    assert "V6 (not recorded)" in said
    assert "aVR (derived)" in said
    assert "No signal in V4." in said


def test_lost_volts_get_no_millimetres_and_synthetic_records_say_so():
    lost = report.pdf(contents(replace(square_wave(), units="z-score", synthetic=True)))
    said = rasters.words(lost)
    assert "mm/mV" not in said
    assert "no voltage calibration" in said
    assert "SYNTHETIC" in said


def test_what_the_reader_types_is_printed_as_typed_in_one_line_and_not_kept(read):
    typed = replace(read, reference="Bed 4 $\\alpha$\n\x00 ward\u4e2d")
    assert "Reference: Bed 4 $\\alpha$ ward? " in rasters.words(report.pdf(typed))
    assert "Bed 4" not in str(report.bundle(typed))
    assert len(replace(read, reference="x" * 500).printed_reference) == report.REFERENCE_LENGTH


def test_below_every_threshold_no_map_is_printed():
    record = synthesise(SyntheticConfig()).record
    model, _ = tiny_models.classifier(thresholds=(0.99,) * 9)
    said = rasters.drawn_words(
        contents(record, evidence=report.gather_evidence(open_with(record, model), model.card)), 2
    )
    assert "No class is above its threshold" in said
    assert "Integrated Gradients" not in said


def test_a_map_comes_with_its_reliability_or_the_word_that_it_was_not_checked(read, printed):
    assert "has not been checked" in rasters.words(printed, 2)
    record, (model, _) = read.record, tiny_models.classifier(thresholds=(0.01,) * 9)
    evidence = report.gather_evidence(open_with(record, model), model.card, check_map=True)
    said = rasters.drawn_words(replace(read, evidence=evidence), 2)
    assert f"Reliability of this map: {evidence.reliability.grade.name.lower()}" in said
    for check in evidence.reliability.checks:
        assert check.value is None or f"{check.name}: {check.value:.2f}, {check.grade.name.lower()}" in said
    assert "has not been checked" not in said


def measured(record):
    """The measurements by the shipped delineator."""
    model = load_model([PROJECT / "weights"], "delineator")
    return DelineatorMeasurements(model.card, analysis.measure(record, model))


def test_measurements_are_printed_with_what_is_normal_and_blanks_with_their_reason():
    record = synthesise(SyntheticConfig("AF", noise=0.01)).record
    found = measured(record)
    said = rasters.drawn_words(contents(record, measured=found), 2)
    for row in found.measurements.rows:
        assert row.name in said
        assert f"{row.value:.0f} {row.unit}" in said if row.value is not None else row.reason in said
    assert f"V6 {found.measurements.st_levels['V6']:.1f}" in said
    assert found.card.sha256[:12] in said


def test_a_figure_outside_what_is_normal_says_on_which_side():
    wide = Measurement("QRS", 132.0, "ms", (70, 110), "")
    assert in_words(wide) == ("QRS", "132 ms", "normal 70 to 110", "above")
    assert in_words(replace(wide, value=60.0))[-1] == "below"
    assert in_words(replace(wide, value=110.2))[-1] == ""
    assert in_words(replace(wide, normal=None))[2:] == ("", "")


def test_without_findings_page_two_says_why():
    pdf = report.pdf(contents(refusal="The record has no lead V6, and this model needs it."))
    assert "has no lead V6" in rasters.words(pdf, 2)


def test_gaps_in_the_recording_are_gaps_in_the_tracing():
    whole = square_wave()
    holed = whole.signal.copy()
    holed[:, 1500:2000] = np.nan  # 3 to 4 s
    strip = rhythm_strip(report.pdf(contents(ECGRecord("x", holed, 500.0))))
    second = [strip[:, round((15 - 25 + 25 * t) * MILLIMETRE) + np.arange(3)].any() for t in (2.5, 3.5, 4.5)]
    assert second == [True, False, True]


def test_a_record_of_two_leads_and_one_second_can_be_printed():
    short = square_wave(100.0, ("MLII", "V1"), seconds=1.0)
    assert report.pdf(contents(short)).startswith(b"%PDF")


@pytest.mark.parametrize("n_rows", [1, 4, 12])
@pytest.mark.parametrize("spacing", [2.0, 4.0, 9.0])
def test_rows_stand_on_lines_of_5_mm_in_order_within_the_grid(n_rows, spacing):
    placed = place_rows(-spacing * np.arange(n_rows, dtype=np.float32), (1.5, 5.0))
    assert len(placed) == n_rows
    assert all((TOP - zero) % 5 == 0 and BOTTOM <= zero <= TOP for zero in placed)
    assert placed == sorted(placed, reverse=True)


def test_long_remarks_stay_within_the_margins():
    wordy = replace(
        square_wave(),
        warnings=("Computed from I and II, not recorded: III, aVR, aVL, aVF. No signal in V4, V5, V6. " * 5,),
    )
    page = rasters.page(report.pdf(contents(wordy)))
    right = page[: round(28 * MILLIMETRE), round((RIGHT + 1) * MILLIMETRE) :]
    assert right.min() > 200


def test_paper_to_spare_goes_between_the_rows():
    placed = place_rows(np.array([0.0, -2.0, -4.0, -6.0], np.float32), (1.5, 1.5))
    assert min(-np.diff(placed)) >= 30.0
    assert placed[0] - placed[-1] < 5 * ROWS


def test_waves_beyond_the_grid_are_told_of():
    wild = replace(square_wave(), signal=square_wave().signal * np.float32(30))
    assert f"Cut, and marked by an arrow: {', '.join(LEADS)}." in rasters.drawn_words(contents(wild))
    assert "marked by an arrow" not in rasters.drawn_words(contents())


def test_bins_of_one_shade_are_one_box_and_white_ones_none():
    levels = np.array([0, 0.01, 1, 1, -0.5, 0, 5], np.float32)
    assert runs(levels) == [(2, 4, SHADES), (4, 5, -SHADES // 2), (6, 7, SHADES)]


def test_the_picture_is_the_first_page_at_200_dots_an_inch(read):
    picture = matplotlib.image.imread(BytesIO(report.png(read)))
    assert picture.shape[:2] == pytest.approx((210 / 25.4 * 200, 297 / 25.4 * 200), abs=1)
    assert report.png(read) == report.png(read)


def test_two_reports_at_once_are_each_the_same_as_alone(read, printed):
    other = contents(reference="another")
    alone = report.pdf(other)
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(report.pdf, [read, other]))
    assert made == [printed, alone]
