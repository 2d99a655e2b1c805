"""Read first in a real browser: no frame holds anything of the model before the read is committed."""

import re
from contextlib import suppress

from app_server import served
from visitor import PlaywrightTimeout, Visitor, browser, expect

from ecgapp import analysis
from ecgapp.records import DEMOS, fingerprint, synthesise
from ecgapp.reviews import EventKind, Journal

DEMO = "Atrial fibrillation"
RESULTS = (
    b"contradicts itself",
    b"model 0.",
    b"Saliency",
    b"econstruction, mean",
    b"Have it, of 100",
    b"no PR interval",
)


def joined(frames):
    return b"\n".join(frame if isinstance(frame, bytes) else frame.encode() for frame in frames)


def holds(sent, figure):
    return re.search(rb"(?<![\d.])" + re.escape(figure), sent) is not None


def test_no_frame_holds_the_models_output_before_the_read_is_committed(tmp_path):
    record = synthesise(DEMOS[DEMO]).record
    with served(tmp_path) as app, browser() as chrome:
        found = analysis.find(record, analysis.open_model("nine_class", app.settings))
        figures = [f"{row.probability:.2f}".encode() for row in found.rows if 0.05 < row.probability < 0.95]
        told = [repr(float(row.probability))[:6].encode() for row in found.rows] + figures
        frames = []
        visitor = Visitor(chrome.new_page(viewport={"width": 1280, "height": 900}), app)
        visitor.page.set_default_timeout(60_000)

        def listen(socket):
            socket.on("framereceived", lambda frame: frames.append(frame))

        visitor.page.on("websocket", listen)
        visitor.page.goto(app.url)
        visitor.fill("reader_name", "Dr Ada")
        visitor.widget("read_first").get_by_text("Read without the model first").click()
        visitor.sees("Only the selected model is applied")
        empty = joined(frames)  # with figures of models, not of a record
        visitor.pick("demo", DEMO)
        commit = visitor.page.get_by_role("button", name="Save my reading")
        expect(commit).to_be_visible()
        visitor.sees("is hidden until you save your own reading")
        before = joined(frames)
        assert b"Save my reading" in before  # the frames can be read as they are
        assert [words for words in RESULTS if words in before] == []
        new = [figure for figure in told if not holds(empty, figure)]
        assert len(new) > len(told) / 2
        assert [figure for figure in new if holds(before, figure)] == []
        page = visitor.page.content()
        assert not [words for words in RESULTS if words.decode() in page]
        commit.click()
        visitor.sees(re.compile("unconfirmed\\."))
        visitor.sees("None of 9 classes was judged")
        after = joined(frames)
        assert b"contradicts itself" in after
        (read,) = Journal(app.settings).review(fingerprint(record)).reads
        assert read.committed <= read.shown
        kinds = [event.kind for event in Journal(app.settings).events()]
        assert kinds == [EventKind.OPENED, EventKind.READ, EventKind.SHOWN]


def state(page, typed, shown):
    """Choose a statement by what is typed; a page that is just being drawn empties the field."""
    field = page.get_by_label("Further statements: an acronym, a code or your own words")
    choice = page.get_by_role("option", name=shown, exact=True)
    for _ in range(10):
        field.click()
        field.press_sequentially(typed)
        with suppress(PlaywrightTimeout):
            return choice.click(timeout=6000)
        field.fill("")
    raise AssertionError(f"{shown} cannot be chosen")


def test_a_statement_is_found_by_a_synonym_or_a_code_that_is_typed_and_own_words_stay(tmp_path):
    with served(tmp_path) as app, browser() as chrome:
        visitor = Visitor(chrome.new_page(viewport={"width": 1280, "height": 900}), app)
        visitor.page.set_default_timeout(60_000)
        visitor.page.goto(app.url)
        visitor.fill("reader_name", "Dr Ada")
        visitor.widget("read_first").get_by_text("Read without the model first").click()
        visitor.sees("Only the selected model is applied")
        visitor.pick("demo", DEMO)
        commit = visitor.page.get_by_role("button", name="Save my reading")
        expect(commit).to_be_visible()
        state(
            visitor.page, "anterior hemi", "left anterior hemiblock → LAFB · left anterior fascicular block"
        )
        state(visitor.page, "111975006", "SNOMED:111975006 → LQT · long QT interval")
        state(visitor.page, "MOBITZ1", "MOBITZ1 · second-degree atrioventricular block Mobitz I")
        state(visitor.page, "held by hand", "Add: held by hand")
        visitor.page.keyboard.press("Tab")  # the open list hides the rest of the page
        commit.click()
        visitor.sees("Stated: LAFB (left anterior fascicular block)")
        (read,) = Journal(app.settings).review(fingerprint(synthesise(DEMOS[DEMO]).record)).reads
        assert read.statements == ("LAFB", "LQT", "MOBITZ1", "held by hand")
