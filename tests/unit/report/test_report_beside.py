"""Page 2 prints what stands beside the findings: patients of a hundred, the rule's words, faulty leads."""

from datetime import UTC, datetime

import tiny_models
from only_models import open_with
from rasters import drawn_words

from ecgapp import analysis, report
from ecgapp.config import Settings
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.report import ReportRequest

MADE = datetime(2026, 3, 1, tzinfo=UTC)


def test_page_two_prints_patients_rules_and_faulty_leads():
    record = synthesise(SyntheticConfig("AF")).record
    record.signal[LEADS.index("V1")] = 0
    model, _ = tiny_models.classifier(thresholds=(0.01, *(0.999,) * 8))
    delineator = analysis.open_model("delineator", Settings.from_environment())
    request = ReportRequest("A demo", MADE, prevalences={"AF": 0.01})
    contents = report.gather(open_with(record, model, delineator), model.card, request)
    printed = drawn_words(contents, 2)
    assert "textbook's rule (present): RR changes by" in printed
    assert "at a prevalence of 1 %, as set here" in printed
    assert "of which one is faulty: V1 (no signal)" in printed
    assert "Of 100: how many of 100 patients" in printed
