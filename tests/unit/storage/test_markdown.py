"""What somebody typed is shown as it was typed: nothing of it becomes a picture, a link or a formula."""

import re
import string

import pytest

from ecgapp.storage.plain_text import WORD_JOINER, escape_markdown

ADDRESS = re.compile(r"https?://|www(?=\.)|(?<!\S)[-.\w+]+@[-\w]+(\.[-\w]+)+", re.IGNORECASE)


def shown(markdown):
    """What a reader sees: escapes and the joiner take no room."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace(WORD_JOINER, "")


@pytest.mark.parametrize(
    "words",
    [
        string.punctuation,
        "![x](http://evil.example/p.png)",
        "better: 3 → 4, 5 °C – no?",
        "$x^2$ :red[now] :material/delete: <b>&amp;",
    ],
)
def test_the_reader_sees_what_was_typed(words):
    assert shown(escape_markdown(words)) == words


@pytest.mark.parametrize("mark", [mark for mark in string.punctuation if mark != ","])
def test_every_mark_of_markdown_is_escaped(mark):
    assert escape_markdown(mark) == f"\\{mark}"


@pytest.mark.parametrize(
    "address", ["see HTTP://evil.example/x", "www.evil.example", "Www.evil.example", "a@evil.example"]
)
def test_no_address_is_left_for_the_browser_to_make_a_link_of(address):
    assert ADDRESS.search(address)
    assert not ADDRESS.search(escape_markdown(address).replace("\\", ""))


def test_no_icon_is_drawn_for_a_name():
    assert ":material/" not in escape_markdown(":material/delete:").replace("\\", "")
