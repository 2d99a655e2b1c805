"""Reading on the review page: confirm, edit, comment, sign; and read first, with nothing to peek at."""

import re
from dataclasses import replace

import pytest
import tiny_models
from google.protobuf.json_format import MessageToJson
from streamlit.testing.v1 import AppTest

from ecgapp.config import PROJECT, Settings
from ecgapp.models import save_model
from ecgapp.records import DEMOS, fingerprint, synthesise
from ecgapp.records.archive import Archive
from ecgapp.reviews import (
    EventKind,
    Journal,
    KeptCaliper,
    ReadingMode,
    ReviewEvent,
    State,
    Status,
    choose_reading_mode,
)
from ecgapp.ui.shell.ecg_in_view import IN_VIEW
from ecgapp.ui.sign_off.caliper_panel import Calipers, CaliperState
from ecgapp.ui.tracing.caliper import Caliper

PAGE = str(PROJECT / "pages" / "review.py")
DEMO, OTHER = list(DEMOS)[:2]
KEY = fingerprint(synthesise(DEMOS[DEMO]).record)
COMPUTES = ("find", "explain", "examine", "reconstruct", "prepare")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """An installation of its own: tiny models, and AF alone above its threshold."""
    thresholds = (0.01,) + (0.99,) * 8
    save_model(tmp_path / "weights", *tiny_models.classifier(thresholds=thresholds))
    save_model(tmp_path / "weights", tiny_models.autoencoder())
    tiny_models.stand_alone(monkeypatch, tmp_path)
    return Settings(tmp_path)


@pytest.fixture
def page(settings):
    return opened(fresh())


def caliper_state(page):
    return page.session_state[IN_VIEW].page_state.setdefault(CaliperState, CaliperState())


def fresh():
    return AppTest.from_file(PAGE, default_timeout=60).run()


def opened(page, demo=DEMO):
    page.selectbox(key="demo").set_value(demo).run()
    assert not page.exception
    return page


def named(page, name="Dr Ada"):
    page.text_input(key="reader_name").set_value(name).run()
    assert not page.exception
    return page


def first(page):
    page.toggle(key="read_first").set_value(True).run()
    assert not page.exception
    return page


def say(page, **states):
    for radio in page.radio:
        for label, state in states.items():
            if f"_{label.replace('_', '-')}_" in radio.key:
                radio.set_value(state)
    return page


def press(page, key):
    next(button for button in page.button if button.key == key).click().run()
    assert not page.exception
    return page


def write(page, field, text):
    next(area for area in page.text_area if area.key.startswith(field)).set_value(text)
    return page


def state(page, *texts):
    next(field for field in page.multiselect if field.key.startswith("say_statements")).set_value(list(texts))
    return page


def stated(page):
    return next(field for field in page.multiselect if field.key.startswith("say_statements"))


def said(page):
    kinds = (page.caption, page.markdown, page.warning, page.info, page.error, page.subheader)
    return " ".join(element.value for elements in kinds for element in elements)


def headline(page):
    """The judgement of the ECG in view, without the marks that keep it from being Markdown."""
    (told,) = (box.value for box in page.warning if box.value.startswith("**"))
    return told.replace("\\", "")


def statuses(page):
    tables = [frame.value for frame in page.dataframe if "Status" in frame.value]
    return dict(tables[0].set_index("Finding")["Status"])


def review(settings):
    return Journal(settings).review(KEY)


def choices(page):
    return {radio.key.split("_")[1]: radio.value for radio in page.radio}


def test_only_what_the_model_finds_is_filled_in_and_nothing_is_confirmed(page, settings):
    chosen = choices(page)
    assert chosen.pop("AF") == State.PRESENT
    assert set(chosen.values()) == {State.NOT_JUDGED}
    assert len(chosen) == 8
    assert set(statuses(page).values()) == {"unconfirmed"}
    assert "Status: **unconfirmed**" in said(page)
    assert Journal(settings).events() == ()


def test_nobody_confirms_without_a_name(page, settings):
    press(page, "decide_confirmed")
    assert "Type your name or initials first" in page.error[0].value
    assert Journal(settings).events() == ()


def test_confirming_keeps_who_when_and_beside_which_model(page, settings):
    press(named(page), "decide_confirmed")
    assert not page.error
    shown = statuses(page)
    assert shown.pop("AF") == "confirmed"
    assert set(shown.values()) == {"not judged"}
    assert "confirmed by Dr Ada at" in said(page)
    assert "It agrees with the model in every class that was judged: 1 of 9 classes." in said(page).replace(
        "\\", ""
    )
    assert "Findings, confirmed" in said(page)
    found = review(settings)
    assert {answer.label: answer.state for answer in found.answers}["PVC"] is State.NOT_JUDGED
    assert found.model.name == "tiny_nine"
    assert len(found.model.sha256) == len(found.model.digest) == 64
    assert all(answer.probability is not None for answer in found.answers)


def test_findings_are_added_and_rejected_and_the_table_says_so(page, settings):
    say(named(page), AF="absent", PVC="present", STD="absent")
    press(page, "decide_edited")
    shown = statuses(page)
    assert (shown["AF"], shown["PVC"], shown["STE"], shown["STD"]) == (
        "rejected",
        "added",
        "not judged",
        "confirmed",
    )
    told = said(page).replace("\\", "")
    assert "Against the model: rejected AF, added PVC. Judged: 3 of 9 classes." in told
    assert review(settings).status is Status.EDITED


def test_all_others_become_absent_at_one_click_but_normal_stays_for_the_reader_to_say(page, settings):
    press(say(named(page), PVC="present"), "rest_absent")
    chosen = choices(page)
    assert (chosen.pop("AF"), chosen.pop("PVC"), chosen.pop("Normal")) == ("present", "present", "not judged")
    assert set(chosen.values()) == {State.ABSENT}
    assert Journal(settings).events() == ()
    press(page, "decide_edited")
    assert review(settings).answer("nine_class", "STE").state is State.ABSENT
    assert review(settings).answer("nine_class", "Normal").state is State.NOT_JUDGED


def both_box(page):
    return [box for box in page.checkbox if "I mean it" in box.label]


@pytest.mark.parametrize("button", ["decide_edited", "commit_read"])
def test_normal_beside_another_label_is_kept_only_once_the_reader_says_that_both_are_meant(settings, button):
    page = named(fresh())
    page = opened(first(page) if button == "commit_read" else page)
    press(say(page, AF="present", Normal="present"), button)
    assert not review(settings).answers
    assert "you marked AF and Normal as present" in said(page)
    press(page, button)
    assert not review(settings).answers
    both_box(page)[0].check()
    press(say(page, PVC="present"), button)  # of another label the tick said nothing
    assert not review(settings).answers
    assert "AF, Normal and PVC" in both_box(page)[0].label
    both_box(page)[0].check()
    press(page, button)
    assert set(review(settings).beside_normal) == {"AF", "Normal", "PVC"}
    assert not both_box(page)


def test_a_model_that_finds_normal_and_another_label_is_not_confirmed_at_one_click(settings):
    save_model(settings.weights, *tiny_models.classifier(thresholds=(0.01, 0.99, 0.99, 0.01) + (0.99,) * 5))
    page = named(opened(fresh()))
    press(page, "decide_confirmed")
    assert not review(settings).is_confirmed
    both_box(page)[0].check()
    press(page, "decide_confirmed")
    assert review(settings).words.startswith("confirmed by Dr Ada")
    assert review(settings).beside_normal == ("AF", "Normal")


def test_with_nothing_judged_there_is_nothing_to_save(page, settings):
    press(say(named(page), AF="not judged"), "decide_edited")
    assert "No class is judged yet" in page.error[0].value
    assert Journal(settings).events() == ()


def test_other_answers_than_the_models_are_no_confirmation(page, settings):
    press(say(named(page), AF="absent"), "decide_confirmed")
    assert "differ from the model's" in page.error[0].value
    assert not review(settings).is_confirmed


def test_statements_and_comments_are_kept_and_the_comments_field_is_empty_again(page, settings):
    write(state(named(page), "LVH", " ", " held  by hand ", "LVH"), "comment", "see 2019 *ECG*")
    press(page, "decide_edited")
    found = review(settings)
    assert found.statements == ("LVH", "held by hand")
    assert [comment.text for comment in found.comments] == ["see 2019 *ECG*"]
    assert "see 2019 \\*ECG\\*" in said(page)
    assert next(area for area in page.text_area if area.key.startswith("comment")).value == ""


def test_a_class_written_as_a_statement_is_refused(page, settings):
    for typed, label in (("pvc", "PVC"), ("left bundle branch block", "LBBB"), ("164889003", "AF")):
        press(state(named(page), typed), "decide_edited")
        assert f"{label} is one of the classes" in page.error[0].value
    assert not review(settings).is_confirmed


def test_a_statement_is_found_by_acronym_synonym_or_code_and_stored_by_its_key(page, settings):
    assert "LAFB · left anterior fascicular block" in stated(page).options
    assert "left anterior hemiblock → LAFB · left anterior fascicular block" in stated(page).options
    assert "SNOMED:445118002 → LAFB · left anterior fascicular block" in stated(page).options
    press(state(named(page), "left anterior hemiblock", "445211001", "LQT", "a fibre"), "decide_edited")
    assert review(settings).statements == ("LAFB", "LPFB", "LQT", "a fibre")
    assert stated(page).value == ["LAFB", "LPFB", "LQT", "a fibre"]
    (history,) = (table.value for table in page.dataframe if "Said" in table.value)
    assert "LAFB (left anterior fascicular block); LPFB" in history["Said"][0]
    press(page, "decide_signed")
    assert review(settings).signature.by == "Dr Ada"


def test_a_statement_that_an_earlier_version_stored_as_typed_stays_so(page, settings):
    press(named(page), "decide_confirmed")
    earlier = replace(Journal(settings).events()[-1], kind=EventKind.EDITED, statements=("old infarct",))
    Journal(settings).add(replace(earlier, number=0, at=0.0))
    again = named(opened(fresh()))
    assert stated(again).value == ["old infarct"]
    press(again, "decide_signed")
    assert review(settings).signature is not None
    assert review(settings).statements == ("old infarct",)


def test_signing_comes_after_deciding_and_a_change_behind_it_is_an_amendment(page, settings):
    named(page)
    assert next(button for button in page.button if button.key == "decide_signed").disabled
    press(page, "decide_confirmed")
    press(say(page, AF="absent"), "decide_signed")
    assert "Save your edits, then sign" in page.error[0].value
    press(say(page, AF="present"), "decide_signed")
    assert review(settings).signature.by == "Dr Ada"
    assert "Findings, confirmed, signed" in said(page)
    press(say(page, AF="absent"), "decide_edited")
    assert "amended by Dr Ada" in said(page)
    assert review(settings).signature is None
    press(page, "decide_reopened")
    assert review(settings).words == "unconfirmed"


def test_the_same_ecg_opened_again_finds_its_review_and_another_one_does_not(page, settings):
    press(say(named(page), PVC="present"), "decide_edited")
    opened(page, OTHER)
    assert "Status: **unconfirmed**" in said(page)
    again = opened(fresh())
    assert "edited by Dr Ada" in said(again)
    assert statuses(again)["PVC"] == "added"
    assert next(radio for radio in again.radio if "_PVC_" in radio.key).value == "present"


def test_the_second_of_two_tabs_sees_what_the_first_decided(page, settings):
    other = named(opened(fresh()), "Dr Bob")
    press(named(page), "decide_confirmed")
    press(say(other, AF="absent"), "decide_edited")
    assert "changed since your page was drawn: confirmed by Dr Ada" in other.error[0].value
    assert review(settings).status is Status.CONFIRMED
    press(say(other, AF="absent"), "decide_edited")
    assert review(settings).words.startswith("edited by Dr Bob")


def test_a_review_beside_another_version_of_the_model_says_so(page, settings):
    press(named(page), "decide_confirmed")
    save_model(settings.weights, *tiny_models.classifier(thresholds=(0.02,) + (0.99,) * 8))
    page.run()
    assert "given with another model's output: tiny\\_nine" in said(page)


def test_an_ecg_is_kept_for_training_only_by_name_and_forgotten_again(page, settings):
    box = next(box for box in page.checkbox if "for training" in box.label)
    box.check().run()
    assert "Type your name" in page.error[0].value
    assert not list(Archive(settings).keys())
    next(box for box in named(page).checkbox if "for training" in box.label).check().run()
    assert list(Archive(settings).keys()) == [KEY]
    assert review(settings).kept
    next(box for box in page.checkbox if "for training" in box.label).uncheck().run()
    assert not list(Archive(settings).keys())
    assert not review(settings).kept
    assert not page.exception


def test_the_audit_trail_is_on_the_page(page):
    press(say(named(page), AF="absent"), "decide_edited")
    press(page, "decide_signed")
    (trail,) = (frame.value for frame in page.dataframe if "Who" in frame.value)
    assert list(trail["What"]) == ["signed", "edited"]
    assert trail["Said"][1] == "rejected AF"
    assert trail["Model"][1].startswith("tiny_nine ")


def everything(page):
    """All that would go to the browser, as it goes there."""
    sent = [MessageToJson(node.proto) for node in walk(page._tree) if getattr(node, "proto", None)]
    frames = [frame.value.to_json() for frame in page.dataframe]
    return "\n".join([*sent, *frames])


def walk(block):
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from walk(child)
        else:
            yield child


def forbid(monkeypatch):
    """No classifier and no autoencoder may be asked from now on; critical findings need neither."""

    def asked(*_arguments, **_options):
        raise AssertionError("a model was asked before the read was committed")

    for name in COMPUTES:
        monkeypatch.setattr(f"ecgapp.analysis.opened_ecg.{name}", asked)
    monkeypatch.setattr("ecgapp.report.bundle", asked)


def test_read_first_asks_no_model_and_sends_nothing_of_its_output(page, settings, monkeypatch):
    told = re.findall(r"0\.\d\d", headline(page))
    assert told
    with monkeypatch.context() as patched:
        forbid(patched)
        blind = named(first(fresh()))
        opened(blind)
        sent = everything(blind)
    for words in (
        "atrial fibrillation\\\\) 0",
        "threshold",
        "Saliency",
        "reconstruction",
        "Measurements",
        "Report",
        *told,
    ):
        assert words not in sent
    assert [chart.proto.id.rsplit("-", 1)[-1] for chart in blind.get("plotly_chart")] == ["tracing"]
    assert {radio.value for radio in blind.radio} == {State.NOT_JUDGED}
    assert not blind.dataframe
    assert [event.kind for event in Journal(settings).events(KEY)] == [EventKind.OPENED]


def test_after_the_commit_both_reads_stand_beside_each_other_with_their_times(settings):
    page = opened(named(first(fresh())))
    press(say(page, AF="absent", PVC="present"), "rest_absent")
    press(page, "commit_read")
    assert "AF (atrial fibrillation)" in headline(page)
    (read,) = review(settings).reads
    assert read.opened <= read.committed <= read.shown
    assert {answer.label: answer.state for answer in read.answers}["PVC"] is State.PRESENT
    assert all(answer.probability is None for answer in read.answers)
    assert {answer.label: answer.models for answer in read.output}["AF"] is State.PRESENT
    assert "Reader and model agree in 6 of 8 classes that were judged, of 9." in said(page)
    (table,) = (frame.value for frame in page.dataframe if "Read first" in frame.value)
    assert list(table.set_index("Finding").loc["AF"])[:1] == ["absent"]
    assert list(table.set_index("Finding").loc["AF"])[2] == "differ"
    assert not review(settings).is_confirmed
    press(say(page, AF="present"), "decide_edited")
    assert review(settings).reads == (read,)
    assert review(settings).answer("nine_class", "AF").state is State.PRESENT
    kinds = [event.kind for event in Journal(settings).events(KEY)]
    assert kinds == [EventKind.OPENED, EventKind.READ, EventKind.SHOWN, EventKind.EDITED]


def test_another_record_starts_over_and_so_does_another_reader(settings, monkeypatch):
    page = opened(named(first(fresh())))
    press(page, "commit_read")
    with monkeypatch.context() as patched:
        forbid(patched)
        opened(page, OTHER)
        other = opened(named(first(fresh()), "Dr Bob"))
    assert "Save my reading" in [button.label for button in other.button]
    assert "Dr Ada" not in everything(other)
    again = opened(named(first(fresh()), "dr ada"))
    assert "AF (atrial fibrillation)" in headline(again)


def test_who_has_seen_the_output_cannot_read_first_any_more(page):
    first(page)
    assert "You have already seen the model's output" in said(page)
    assert not [button for button in page.button if button.key == "commit_read"]
    opened(page, OTHER)
    assert [button for button in page.button if button.key == "commit_read"]
    opened(page, DEMO)
    assert not [button for button in page.button if button.key == "commit_read"]


def test_turning_the_switch_off_before_the_read_is_in_the_trail(settings):
    page = opened(named(first(fresh())))
    page.toggle(key="read_first").set_value(False).run()
    page.run()
    kinds = [event.kind for event in Journal(settings).events(KEY)]
    assert kinds == [EventKind.OPENED, EventKind.SHOWN]
    assert review(settings).reads == ()


def test_a_journal_that_cannot_be_read_lets_nobody_peek(settings, monkeypatch):
    page = named(first(fresh()))
    (settings.home / "reviews.sqlite").write_bytes(b"no database" * 500)
    with monkeypatch.context() as patched:
        forbid(patched)
        opened(page)
    assert "cannot be read or written" in page.error[0].value


def test_without_the_journal_the_ecg_is_still_shown_in_ordinary_mode(settings):
    (settings.home / "reviews.sqlite").write_bytes(b"no database" * 500)
    page = opened(fresh())
    assert "cannot be read or written" in page.error[0].value
    assert "AF (atrial fibrillation)" in headline(page)


def test_the_administrators_default_begins_new_sessions_with_reading_first(settings):
    choose_reading_mode(ReadingMode(read_first=True), settings)
    page = opened(fresh())
    assert page.toggle(key="read_first").value
    assert [button for button in page.button if button.key == "commit_read"]


def test_kept_calipers_are_saved_with_the_review_and_come_back(page, settings):
    drawn = Calipers()
    drawn.add(Caliper("II", 1.0, 1.8, -0.1, 0.9, float("nan"), 1.1), "none, as recorded")
    caliper_state(page).calipers = drawn
    named(page)
    page.text_input(key="caliper_name_1").set_value("RR")
    press(page, "keep_caliper")
    (kept,) = review(settings).calipers
    assert (kept.name, kept.start, kept.stop, kept.lowest) == ("RR", 1.0, 1.8, None)
    again = named(opened(fresh()))
    assert "RR: **II** 1.000-1.800 s: **800 ms** (75/min)" in said(again)
    press(again, "delete_caliper_1")
    assert review(settings).calipers == ()
    assert [event.kind for event in Journal(settings).events(KEY)] == [EventKind.CALIPERS, EventKind.CALIPERS]


def test_calipers_of_a_first_read_are_kept_once_it_is_committed_beside_those_of_others(settings):
    mine = Calipers()
    mine.add(Caliper("II", 1.0, 1.8, -0.1, 0.9, 0.0, 1.1), "none, as recorded")
    mine.keep("mine")
    theirs = KeptCaliper("theirs", "V1", 1.0, 1.4, 0.0, 1.0, 0.0, 1.0, "none, as recorded")
    Journal(settings).add(ReviewEvent(KEY, EventKind.CALIPERS, "Dr Bob", calipers=(theirs,)))
    page = opened(named(first(fresh())))
    assert "theirs" not in everything(page)
    caliper_state(page).calipers = mine
    press(page, "commit_read")
    assert [one.name for one in review(settings).calipers] == ["theirs", "mine"]
    assert "theirs: **V1**" in said(page)


def test_what_is_looked_through_for_the_output_does_hold_it_in_ordinary_mode(page):
    sent = everything(page)
    assert "AF \\\\(atrial fibrillation\\\\) 0" in sent
    assert "Saliency" in sent


def test_the_headline_says_what_readers_made_of_the_model_s_findings(page):
    assert headline(page).startswith("**Abnormal, unconfirmed.** AF (")
    press(say(named(page), AF=State.ABSENT, PVC=State.PRESENT), "decide_edited")
    assert headline(page).startswith("**Abnormal, edited (rejected AF, added PVC).** AF (")
