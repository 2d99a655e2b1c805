"""What somebody typed is shown as it was typed: nothing of it becomes a picture, a link or a formula."""

import re
import string

import pytest

from ecgapp.models.card_words import WORD_JOINER, as_typed

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
    assert shown(as_typed(words)) == words


@pytest.mark.parametrize("mark", [mark for mark in string.punctuation if mark != ","])
def test_every_mark_of_markdown_is_escaped(mark):
    assert as_typed(mark) == f"\\{mark}"


@pytest.mark.parametrize(
    "address", ["see HTTP://evil.example/x", "www.evil.example", "Www.evil.example", "a@evil.example"]
)
def test_no_address_is_left_for_the_browser_to_make_a_link_of(address):
    assert ADDRESS.search(address)
    assert not ADDRESS.search(as_typed(address).replace("\\", ""))


def test_no_icon_is_drawn_for_a_name():
    assert ":material/" not in as_typed(":material/delete:").replace("\\", "")
