"""The worklist on disk and its scorers: the same numbers as one by one, whatever is killed or broken."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import tiny_models
from worklists import ecg, fill, scored, small_home

from benchmarks import spoil
from ecgapp import analysis
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.outcomes import REFUSED, SCORED, WITHHELD, quality_in_words, score
from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.models import save_model
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.signals import beat_list, record_quality
from ecgapp.ui.worklist.worklist_table import read_now
from ecgapp.worklist import (
    ListView,
    Worklist,
    arranged,
    as_csv,
    urgency,
)
from ecgapp.worklist.item import ARRIVING, WAITING
from ecgapp.worklist.scorer import MOST_TRIES, Scorer, slot_path

TOLERANCE = 1e-6  # of a probability: another batch rounds float32 sums differently


@pytest.fixture
def settings(tmp_path):
    return small_home(tmp_path)


@pytest.fixture
def worklist(settings):
    return Worklist(settings)


def test_a_batch_scores_as_each_record_alone(settings, worklist):
    records = [ecg(1), ecg(2, 25.0), ecg(3), ecg(4, 6.0), ecg(5, sampling_rate=250.0), ecg(6)]
    fill(worklist, records)
    model = analysis.open_model("tiny_nine", settings)
    for item, record in zip(scored(settings), records, strict=True):
        found = analysis.find(record, model)
        alone = [row.probability for row in found.rows]
        np.testing.assert_allclose([row.probability for row in item.outcome.scores], alone, atol=TOLERANCE)
        assert [row.threshold for row in item.outcome.scores] == [row.threshold for row in found.rows]
        assert item.state == SCORED
        assert (item.model.digest, item.model.sha256) == (model.card.digest, model.card.sha256)


def test_an_ensemble_scores_as_analysis_does_and_its_members_differ():
    model = analysis.open_model("nine_class", Settings.from_environment())
    records = [ecg(1), ecg(2, 15.0)]
    models = analysis.InstalledModels(Settings.from_environment())
    ecgs = [analysis.OpenedECG(record, models) for record in records]
    for outcome, record in zip(score(ecgs, model), records, strict=True):
        alone = [row.probability for row in analysis.find(record, model).rows]
        np.testing.assert_allclose([row.probability for row in outcome.scores], alone, atol=TOLERANCE)
        assert all(row.spread > 0 for row in outcome.scores)


def test_a_record_that_the_model_cannot_take_is_refused_and_the_others_go_on(settings, worklist):
    good = ecg(1)
    gap = good.signal.copy()
    gap[3, 100:120] = np.nan
    six = replace(ecg(2), signal=ecg(2).signal[:6], leads=LEADS[:6])
    fill(worklist, [good, replace(good, signal=gap), six, ecg(3)])
    items = scored(settings)
    assert [item.state for item in items] == [SCORED, WITHHELD, WITHHELD, SCORED]
    assert "missing" in items[1].outcome.sentence
    assert "V1" in items[2].outcome.sentence


def test_a_signal_without_heartbeats_asks_to_look_at_the_patient_and_has_no_rate(
    settings, worklist, monkeypatch
):
    fill(worklist, [ecg(1)])
    reason = "No heartbeats are found."
    refusal = analysis.Admission(analysis.GateAnswer(0.9, 0.5, True, reason, urgent=True))
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.admission", lambda ecg: refusal)
    (found,) = scored(settings)
    assert read_now(found) == "signal not interpretable: check the patient"
    assert found.outcome.heart_rate is None


def test_what_the_gate_refuses_has_its_reason_and_no_label(settings, worklist, monkeypatch):
    fill(worklist, [ecg(1), ecg(2)])
    refused = worklist.archive.open(worklist.items()[1].key).signal

    def admission(ecg):
        no = np.array_equal(ecg.record.signal, refused)
        refusal = analysis.GateAnswer(0.9, 0.5, True, "Too noisy to read.")
        return analysis.Admission(refusal) if no else analysis.Admission()

    monkeypatch.setattr("ecgapp.analysis.OpenedECG.admission", admission)
    first, second = scored(settings)
    assert (first.state, second.state) == (SCORED, REFUSED)
    assert second.outcome.sentence == "Too noisy to read."
    assert second.outcome.scores == ()
    assert second.outcome.heart_rate is not None
    assert urgency(second) == 5.0
    assert second.outcome.judged[0].words.startswith("Too noisy to read.")


def test_withheld_labels_are_another_state_than_a_refusal_and_are_to_be_read_soon(
    settings, worklist, monkeypatch
):
    fill(worklist, [ecg(1)])
    unlike = analysis.GateAnswer(0.9, 0.5, True, "Labels are withheld: unlike.")
    admission = analysis.Admission(analysis.GateAnswer(0.1, 0.5, False), unlike)
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.admission", lambda _ecg: admission)
    (item,) = scored(settings)
    assert (item.state, item.outcome.sentence) == (WITHHELD, "Labels are withheld: unlike.")
    assert item.outcome.scores == ()
    assert item.outcome.heart_rate is not None
    assert item.outcome.judged[0].words.startswith("Labels are withheld: unlike.")
    assert urgency(item) >= 5.0


@pytest.mark.parametrize(
    ("place", "otherwise"),
    [
        ("ecgapp.analysis.measured_ecg.beat_list", beat_list),
        ("ecgapp.analysis.OpenedECG.admission", lambda _ecg: analysis.Admission()),
    ],
    ids=["scoring", "gate"],
)
def test_a_record_that_breaks_the_scoring_or_the_gate_is_refused_alone(
    settings, worklist, monkeypatch, place, otherwise
):
    fill(worklist, [ecg(k) for k in range(4)])
    broken = worklist.archive.open(worklist.items()[2].key).signal

    def fails_for_one(ecg, *more):
        if np.array_equal(getattr(ecg, "record", ecg).signal, broken):
            raise ZeroDivisionError("a bug")
        return otherwise(ecg, *more)

    monkeypatch.setattr(place, fails_for_one)
    items = scored(settings)
    assert [item.state for item in items] == [SCORED, SCORED, REFUSED, SCORED]
    assert "a bug" not in items[2].outcome.sentence


ALARM = CriticalFinding(
    CriticalKind.ST_ELEVATION,
    "ST elevation V2 +2.5, V3 +3.3 mm",
    ("V2", "V3"),
    1.0,
    9.5,
    "Measured.",
    "LBBB",
    "4th",
)


def test_critical_findings_are_kept_with_the_line_and_lead_the_list_and_the_csv(
    settings, worklist, monkeypatch
):
    fill(worklist, [ecg(1), ecg(2), replace(ecg(3), signal=ecg(3).signal[:1], leads=("ECG",))])
    alarming = [worklist.archive.open(item.key).signal for item in worklist.items()[1:]]

    def critical(ecg):
        return (ALARM,) if any(np.array_equal(ecg.record.signal, signal) for signal in alarming) else ()

    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", critical)
    first, second, one_lead = scored(settings)
    assert (first.outcome.critical, second.outcome.critical) == ((), (ALARM,))
    assert second == worklist.item(second.number)
    assert (one_lead.state, one_lead.outcome.critical) == (WITHHELD, (ALARM,))
    assert one_lead.outcome.judged[0].words.startswith("Read this ECG now: ST elevation")
    listed = arranged(worklist.items(), ListView())
    assert [item.number for item in listed][-1] == first.number
    rows = list(csv.DictReader(io.StringIO(as_csv(listed))))
    assert rows[0]["critical"] == "Read this ECG now: ST elevation V2 +2.5, V3 +3.3 mm."
    assert rows[-1]["critical"] == ""
    assert all(row["judgement"] for row in rows)
    worklist.score_again("tiny_nine")
    assert not any(item.outcome.critical or item.outcome.judged for item in worklist.items())


def test_a_list_of_the_version_before_opens_and_its_ecgs_wait_to_be_judged(settings, worklist):
    number, _ = fill(worklist, [ecg(1), ecg(2)])
    scored(settings)
    worklist.mark_opened(number)
    worklist.add_unreadable(2, 100, "No ECG.")
    with worklist.database.write() as connection:
        for table in ("critical", "judgements"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    first, second, file = Worklist(settings).items()
    assert (first.state, second.state, file.state) == (WAITING, WAITING, "unreadable")
    assert first.opened is not None
    assert file.outcome.sentence == "No ECG."
    assert [item.state for item in scored(settings)] == [SCORED, SCORED, "unreadable"]
    assert all(item.outcome.judged for item in scored(settings)[:2])


def test_what_kills_its_scorer_three_times_is_refused_and_nothing_else(settings, worklist):
    first, second = fill(worklist, [ecg(1), ecg(2)])
    with worklist.database.write() as connection:
        connection.execute("UPDATE items SET tries = ? WHERE number = ?", (MOST_TRIES, first))
    items = {item.number: item for item in scored(settings)}
    assert items[first].state == REFUSED
    assert "three times" in items[first].outcome.sentence
    assert items[second].state == SCORED


def test_what_was_broken_off_comes_after_what_was_not_and_alone(settings, worklist):
    numbers = fill(worklist, [ecg(k) for k in range(4)])
    with worklist.database.write() as connection:
        connection.execute("UPDATE items SET tries = 1 WHERE number <= ?", (numbers[1],))
    scorer = Scorer(settings, 0)
    taken = [[item.number for item in scorer._take()] for _ in range(4)]
    assert taken == [numbers[2:], [numbers[0]], [numbers[1]], []]


def test_one_process_holds_a_slot_and_another_one_ends(settings, monkeypatch):
    from ecgapp.storage.lock import claimed

    monkeypatch.setattr("ecgapp.worklist.scorer.PATIENCE", 0.1)
    settings.worklist.mkdir(parents=True)
    with claimed(slot_path(settings, 0)):
        assert not Scorer(settings, 0).run(0.0)


def test_the_same_ecg_is_listed_once(worklist):
    number, new = worklist.add(ecg(1), 1, 1000, "tiny_nine")
    assert new
    assert worklist.add(replace(ecg(1), record_id="another"), 2, 2000, "tiny_nine") == (number, False)
    assert len(worklist.items()) == 1


def test_deleting_frees_the_samples_and_numbers_are_never_given_again(worklist):
    one, two = fill(worklist, [ecg(1), ecg(2)])
    key = worklist.item(two).key
    assert key in worklist
    assert worklist.delete([two]) > 12 * 5000 * 4
    assert key not in worklist
    assert list(worklist.archive.keys()) == [worklist.item(one).key]
    assert fill(worklist, [ecg(3)]) == [two + 1]
    worklist.delete([item.number for item in worklist.items()])
    assert not worklist.items()
    assert not list(worklist.archive.keys())


def test_samples_that_something_else_needs_are_spared(worklist):
    (number,) = fill(worklist, [ecg(1)])
    key = worklist.item(number).key
    assert worklist.delete([number], lambda: {key}) == 0
    assert key in worklist.archive


def test_what_was_deleted_while_it_was_scored_does_not_come_back(settings, worklist, monkeypatch):
    one, two = fill(worklist, [ecg(1), ecg(2)])

    def meanwhile(records, model):
        worklist.delete([one])
        return score(records, model)

    monkeypatch.setattr("ecgapp.worklist.scorer.score", meanwhile)
    assert [item.number for item in scored(settings)] == [two]


def test_what_is_asked_of_another_classifier_while_it_is_scored_gets_that_ones_answer(
    settings, worklist, monkeypatch
):
    fill(worklist, [ecg(1)])
    model, known = tiny_models.classifier("ward", thresholds=(0.9,) * 9)
    save_model(settings.weights, model, known)

    def meanwhile(records, model):
        if model.card.name == "tiny_nine":
            worklist.score_again("ward")
        return score(records, model)

    monkeypatch.setattr("ecgapp.worklist.scorer.score", meanwhile)
    (item,) = scored(settings)
    assert (item.state, item.model.name) == (SCORED, "ward")


def test_a_full_disk_leaves_no_line_behind(worklist, monkeypatch):
    def full(record):
        raise ArchiveError("full")

    monkeypatch.setattr(worklist.archive, "keep", full)
    with pytest.raises(ArchiveError):
        worklist.add(ecg(1), 1, 1000, "tiny_nine")
    assert not worklist.items()


@pytest.mark.parametrize("kept", [True, False])
def test_an_arrival_that_was_broken_off_is_settled(settings, worklist, kept):
    (number,) = fill(worklist, [ecg(1)])
    with worklist.database.write() as connection:
        connection.execute("UPDATE items SET state = ?, added = 0", (ARRIVING,))
    if not kept:
        worklist.archive.delete(worklist.item(number).key)
    (item,) = scored(settings)
    assert item.state == (SCORED if kept else "unreadable")
    assert kept or "drop the file again" in item.outcome.sentence


def test_scoring_again_takes_the_classifier_that_was_chosen(settings, worklist):
    fill(worklist, [ecg(1)])
    before = scored(settings)[0]
    model, known = tiny_models.classifier("ward", thresholds=(0.9,) * 9)
    save_model(settings.weights, model, known)
    worklist.score_again("ward")
    assert worklist.items()[0].state == WAITING
    after = scored(settings)[0]
    assert (before.model.name, after.model.name) == ("tiny_nine", "ward")
    assert {row.threshold for row in after.outcome.scores} == {0.9}


def test_a_classifier_that_is_gone_is_said(settings, worklist):
    worklist.add(ecg(1), 1, 1000, "no such model")
    (item,) = scored(settings)
    assert item.state == WITHHELD
    assert "no longer installed" in item.outcome.sentence
    assert item.outcome.judged


def test_the_csv_holds_names_only_when_given_and_no_formula(settings, worklist):
    fill(worklist, [ecg(1), ecg(2)])
    items = arranged(scored(settings), ListView())
    plain = list(csv.DictReader(io.StringIO(as_csv(items))))
    assert [int(row["number"]) for row in plain] == [item.number for item in items]
    assert "file" not in plain[0]
    assert float(plain[0]["AF_probability"]) == items[0].outcome.scores[0].probability
    named = csv.DictReader(io.StringIO(as_csv(items, {1: "=cmd()", 2: "rec"})))
    assert {row["file"] for row in named} == {"'=cmd()", "rec"}


def test_the_list_names_swapped_electrodes_before_faults_of_leads():
    swapped = spoil.swapped(synthesise(SyntheticConfig()).record, "RA/LA")
    assert quality_in_words(swapped, record_quality(swapped)) == "RA/LA swapped?"
    noise = np.random.default_rng(0).normal(0, 0.3, swapped.signal.shape).astype(np.float32)
    noisy = replace(swapped, signal=noise)
    assert "I + III is not II; noise: all leads" in quality_in_words(noisy, record_quality(noisy))
