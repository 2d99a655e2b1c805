"""The worklist in a real browser: a drop of many, the order of reading, the walk, and what stays behind."""

import re

from app_server import served
from visitor import Visitor, browser, expect

from ecgapp.records import DEMOS, synthesise, write_wfdb
from ecgapp.worklist import Worklist

NAMES, LONELY = ("doe-jane", "smith-john"), "roe-richard"  # of files: nothing of them may be kept
RHYTHMS = ("Atrial fibrillation", "Normal sinus rhythm")


def files(folder):
    """Two ECGs as they are written, and a header without its signal."""
    found = []
    for name, rhythm in zip(NAMES, RHYTHMS, strict=True):
        record = synthesise(DEMOS[rhythm]).record
        found += [(path.name, path.read_bytes()) for path in write_wfdb(record, folder, name)]
    header, _ = write_wfdb(record, folder, LONELY)
    return [*found, (header.name, header.read_bytes())]


def position(visitor):
    """``1 of 2`` on the bar of the walk."""
    return visitor.sees(re.compile(r"Worklist No\. \d+: ")).inner_text()


def test_many_are_dropped_read_in_order_and_walked_through(tmp_path):
    home = tmp_path / "home"
    with served(home) as app, browser() as chrome:
        visitor = Visitor.at(chrome, app, "worklist")
        visitor.sees("The worklist is empty")
        visitor.drop(*files(tmp_path))
        visitor.sees("Last upload: ECGs added from 2 of 3 records.")
        visitor.sees("No ECG could be read from 1; each line says why.")
        first = visitor.page.get_by_role("button", name=re.compile(r"^Open the first, No\. \d"))
        expect(first).to_be_visible()
        expect(visitor.page.get_by_text("Scored: ")).to_have_count(0)
        first.click()
        visitor.sees(re.compile("unconfirmed\\."))
        assert "1 of 2, by urgency" in position(visitor)
        expect(visitor.widget("worklist_previous").get_by_role("button")).to_be_disabled()
        seen = visitor.widget("tracing").locator(".scatterlayer .trace").first
        expect(seen).to_be_attached()
        visitor.page.keyboard.press("Shift+J")
        visitor.sees("2 of 2, by urgency")
        expect(visitor.widget("worklist_next").get_by_role("button")).to_be_disabled()
        visitor.page.keyboard.press("Shift+U")
        visitor.sees("2 shown.")
        items = Worklist(app.settings).items()
        assert sorted(item.opened is not None for item in items) == [False, True, True]
        kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
        assert not [name for name in (*NAMES, LONELY) for content in kept if name.encode() in content]
        assert visitor.other_hosts() == set()
