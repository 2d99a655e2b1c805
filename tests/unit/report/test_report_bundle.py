"""A reading's numbers can be computed again from its bundle, to the bit, or it is said what differs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import tiny_models
from only_models import open_with
from review_events import EDITED, RECORD, SIGNED, event, numbered

from ecgapp import __main__, analysis, report
from ecgapp.analysis import Judgement, JudgementLine, Severity
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.installed_models import InstalledModels
from ecgapp.config import Settings
from ecgapp.errors import RecordError, WeightsMismatchError
from ecgapp.models import pack, save_model
from ecgapp.promotion import Decision, install_import
from ecgapp.records import DEMOS, SyntheticConfig, read_record, synthesise, write_wfdb
from ecgapp.report import Bundle, Contents, DelineatorMeasurements, ReportRequest
from ecgapp.report.bundle import digest
from ecgapp.reviews import EventKind, fold, moment
from ecgapp.storage import documents

MADE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """An installation with one classifier, every class above its threshold."""
    settings = Settings(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("none"))
    model, _ = tiny_models.classifier(thresholds=(0.01,) * 9)
    save_model(settings.weights, model)
    return settings


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A record on disk, 25 s long, so that it has several windows."""
    record = synthesise(SyntheticConfig(duration=25.0, noise=0.02)).record
    return write_wfdb(record, tmp_path_factory.mktemp("records"), "ecg")


@pytest.fixture(scope="module")
def made(settings, files):
    """The bundle of that record as JSON."""
    record = read_record(files)
    model = analysis.open_model("tiny_nine", settings)
    ecg = open_with(record, model)
    evidence = report.gather_evidence(ecg, model.card)
    contents = Contents(ecg, "Uploaded ECG", MADE, "Bed 4", evidence=evidence)
    return documents.dump(report.bundle(contents))


def test_the_same_record_and_weights_give_every_bit_again(made, settings, files):
    assert report.reproduce(documents.load(Bundle, made), read_record(files), settings) == ()


def test_a_number_that_differs_in_its_last_bit_is_named(made, settings, files):
    bundle = documents.load(Bundle, made)
    first = bundle.predictions[0]
    moved = replace(first, probability=float(np.nextafter(first.probability, 1.0)))
    (sentence,) = report.reproduce(
        replace(bundle, predictions=(moved, *bundle.predictions[1:])), read_record(files), settings
    )
    assert sentence.startswith(f"The class {first.label}: probability was {moved.probability}")


def test_a_map_that_differs_is_named(made, settings, files):
    bundle = documents.load(Bundle, made)
    other = replace(bundle, relevance=replace(bundle.relevance, values_sha256="0" * 64))
    assert "values_sha256" in report.reproduce(other, read_record(files), settings)[0]


def test_other_software_is_named_where_numbers_differ(made, settings, files):
    bundle = documents.load(Bundle, made)
    older = replace(
        bundle,
        software=replace(bundle.software, python="3.9.0"),
        predictions=tuple(replace(row, probability=0.5) for row in bundle.predictions),
    )
    assert "python was 3.9.0" in report.reproduce(older, read_record(files), settings)[-1]


def test_a_map_whose_reliability_was_examined_is_examined_again(settings, files):
    record, model = read_record(files), analysis.open_model("tiny_nine", settings)
    ecg = open_with(record, model)
    evidence = report.gather_evidence(ecg, model.card, check_map=True)
    bundle = report.bundle(Contents(ecg, "Uploaded ECG", MADE, evidence=evidence))
    assert {check.grade for check in bundle.relevance.checks} <= {"green", "amber", "red", None}
    assert report.reproduce(documents.load(Bundle, documents.dump(bundle)), record, settings) == ()
    other = open_with(record, model)
    evidence = report.gather_evidence(other, model.card)
    unexamined = report.bundle(Contents(other, "", MADE, evidence=evidence))
    assert unexamined.relevance.checks == ()
    assert unexamined.relevance.values_sha256 == bundle.relevance.values_sha256


def test_measurements_are_computed_again_to_the_bit(files):
    settings = Settings(files[0].parent / "no home")
    record, model = read_record(files), analysis.open_model("delineator", settings)
    found = DelineatorMeasurements(model.card, analysis.measure(record, model))
    bundle = report.bundle(Contents(open_with(record), "Uploaded ECG", MADE, measured=found))
    again = documents.load(Bundle, documents.dump(bundle))
    assert again.measurements.rows["QRS"] == found.measurements.value("QRS")
    assert report.reproduce(again, record, settings) == ()
    moved = replace(again, measurements=replace(again.measurements, st_levels={"V6": 2.0}))
    assert "st_levels" in report.reproduce(moved, record, settings)[0]


def test_critical_findings_and_the_judgement_are_in_the_bundle_and_come_back(files):
    alarm = CriticalFinding(
        CriticalKind.PAUSE,
        "pause of 3.4 s",
        ("II", "V1"),
        4.0,
        7.4,
        "RR 3400 ms.",
        "a lost electrode",
        "a source",
    )
    line = JudgementLine(Severity.CRITICAL, "Read this ECG now: pause of 3.4 s.", "rule")
    record = read_record(files)
    told = Contents(open_with(record), "Uploaded ECG", MADE, critical=(alarm,), judgement=Judgement((line,)))
    bundle = documents.load(Bundle, documents.dump(report.bundle(told)))
    (found,) = bundle.critical
    assert (found.kind, found.sentence) == ("pause", "Read this ECG now: pause of 3.4 s.")
    assert (found.leads, found.start_s, found.end_s) == (("II", "V1"), 4.0, 7.4)
    assert (found.evidence, found.differential, found.found_by) == ("RR 3400 ms.", "a lost electrode", "rule")
    assert [(one.severity, one.words) for one in bundle.judgement] == [("critical", line.words)]
    assert report.bundle(Contents(open_with(record), "", MADE)).critical == ()


def test_critical_findings_are_found_again_and_what_differs_is_named(tmp_path):
    settings = Settings(tmp_path / "no home")
    record = synthesise(DEMOS["Ventricular tachycardia"]).record
    ecg = analysis.OpenedECG(record, InstalledModels(settings))
    assert ecg.critical()
    told = Contents(ecg, "", MADE, critical=ecg.critical(), judgement=ecg.judgement(None))
    bundle = documents.load(Bundle, documents.dump(report.bundle(told)))
    assert report.reproduce(bundle, record, settings) == ()
    first = bundle.critical[0]
    moved = replace(bundle, critical=(replace(first, end_s=1.0), *bundle.critical[1:]))
    assert f"The critical finding {first.kind}: end_s was 1.0" in report.reproduce(moved, record, settings)[0]
    missed = replace(bundle, critical=bundle.critical[1:])
    assert report.reproduce(missed, record, settings)[0] == f"The critical finding {first.kind} is new."


def test_the_gates_judgement_is_computed_again_and_another_one_is_named(files):
    settings = Settings(files[0].parent / "no home")
    record = read_record(files)
    judged = analysis.OpenedECG(record, analysis.InstalledModels(settings)).admission()
    bundle = report.bundle(Contents(open_with(record), "Uploaded ECG", MADE, admission=judged))
    again = documents.load(Bundle, documents.dump(bundle))
    assert again.admission == judged
    assert report.reproduce(again, record, settings) == ()
    moved = replace(again, admission=replace(judged, readable=replace(judged.readable, score=0.25)))
    assert report.reproduce(moved, record, settings)[0].startswith("The gate: readable was")


def test_another_record_is_refused(made, settings):
    other = synthesise(SyntheticConfig(duration=25.0, noise=0.02, seed=1)).record
    with pytest.raises(RecordError, match="not the record"):
        report.reproduce(documents.load(Bundle, made), other, settings)


def test_one_changed_sample_is_another_record(files):
    record = read_record(files)
    before = digest(record.signal)
    record.signal[3, 100] += np.float32(0.001)
    assert digest(record.signal) != before


def test_the_bundle_holds_the_weights_sha256_the_preprocessing_and_the_thresholds(made, settings):
    bundle = documents.load(Bundle, made)
    card = analysis.open_model("tiny_nine", settings).card
    assert bundle.model == card
    assert bundle.model.sha256
    assert [row.threshold for row in bundle.predictions] == list(card.thresholds)
    assert len(bundle.predictions[0].by_window) == 4
    assert bundle.status == "unconfirmed"


def test_the_bundle_holds_neither_samples_nor_what_the_reader_typed(made):
    assert "Bed 4" not in made
    assert len(made) < 40_000


def test_the_version_that_was_used_is_used_again_after_another_was_promoted(tmp_path, files):
    settings = Settings(tmp_path, tmp_path / "none")
    model, known = tiny_models.classifier("ward", thresholds=(0.01,) * 9)
    old = pack(model, known)
    install_import(old, Decision("Ada", "a test"), settings)
    record = read_record(files)
    used = analysis.open_model("ward", settings)
    ecg = open_with(record, used)
    evidence = report.gather_evidence(ecg, used.card)
    bundle = report.bundle(Contents(ecg, "Uploaded ECG", MADE, evidence=evidence))
    model.network.head[1].bias += 1.0
    install_import(pack(model, known), Decision("Ada", "another"), settings)
    assert report.reproduce(bundle, record, settings) == ()
    with pytest.raises(WeightsMismatchError):
        report.reproduce(bundle, record, Settings(tmp_path / "elsewhere", tmp_path / "none"))


def test_a_reading_without_a_model_is_a_bundle_too(settings, files):
    record = read_record(files)
    bundle = report.bundle(Contents(open_with(record), "Uploaded ECG", MADE))
    again = documents.load(Bundle, documents.dump(bundle))
    assert again == bundle
    assert report.reproduce(again, record, settings) == ()


@pytest.fixture
def command(settings, monkeypatch, capsys):
    """Run a command in this process: its exit code, what it printed, and what it told on the side."""
    monkeypatch.setattr("ecgapp.config.Settings.from_environment", lambda: settings)

    def run(*words):
        return __main__.main([str(word) for word in words]), *capsys.readouterr()

    return run


def test_the_command_line_checks_a_bundle(made, command, files, tmp_path):
    path = tmp_path / "ecg.json"
    path.write_text(made, encoding="utf-8")
    code, printed, _ = command("predict", "--check", path, *files)
    assert (code, printed) == (0, "The same to the last bit: 9 classes, tiny_nine.\n")


@pytest.mark.parametrize("damage", ["", "[]", '{"record": 3}'])
def test_the_command_line_refuses_what_is_no_bundle_in_a_sentence(command, files, tmp_path, damage):
    path = tmp_path / "ecg.json"
    path.write_text(damage, encoding="utf-8")
    code, printed, told = command("predict", "--check", path, *files)
    assert (code, printed) == (1, "")
    assert told.strip().endswith(".")


def test_the_command_line_names_what_differs(made, command, files, tmp_path):
    bundle = documents.load(Bundle, made)
    changed = replace(bundle, record=replace(bundle.record, heart_rate=1.0))
    path = tmp_path / "ecg.json"
    path.write_text(documents.dump(changed), encoding="utf-8")
    code, _, told = command("predict", "--check", path, *files)
    assert code == 1
    assert "heart_rate was 1.0" in told


def test_what_stood_beside_the_findings_is_told_and_computed_again(settings, files):
    record, model = read_record(files), analysis.open_model("tiny_nine", settings)
    request = ReportRequest("Uploaded ECG", MADE, prevalences={"AF": 0.01})
    contents = report.gather(open_with(record, model), model.card, request)
    bundle = documents.load(Bundle, documents.dump(report.bundle(contents)))
    first = bundle.beside[0]
    assert (first.label, first.prevalence, first.rule) == ("AF", 0.01, None)
    assert first.of_patients.low < first.of_patients.value < first.of_patients.high
    assert report.reproduce(bundle, record, settings) == ()
    moved = replace(bundle, beside=(replace(first, probability=0.5), *bundle.beside[1:]))
    (sentence,) = report.reproduce(moved, record, settings)
    assert sentence.startswith("What stands beside AF: probability was 0.5")


def reviewed(record, *events):
    """The bundle of a record whose review these events made."""
    return report.bundle(Contents(open_with(record), "", MADE, review=fold(RECORD, numbered(*events))))


def test_the_bundle_says_who_decided_what_and_when(files):
    record = read_record(files)
    comment = event(EventKind.COMMENTED, comment="old infarct?")
    bundle = documents.load(Bundle, documents.dump(reviewed(record, EDITED, SIGNED, comment)))
    assert bundle.status == f"edited by CD at {moment(60)}, signed by EF at {moment(120)}"
    assert bundle.review == fold(RECORD, numbered(EDITED, SIGNED, comment))
    assert bundle.review.comments[0].text == "old infarct?"
    assert reviewed(record).status == "unconfirmed"
    assert reviewed(record).review is None
