"""Text that a user typed, made safe for where it is shown: a spreadsheet's cell, and Markdown."""

import re

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones where the spreadsheet is Japanese
_TRIMMED = ("\t", "\r", "\n")  # some spreadsheets drop these first, and look at what follows
WORD_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([!-+\--/:-@\[-`{-~])")  # ASCII's, without the comma: no other is escaped
_ADDRESS = re.compile(r"(?<=:)(?=//|material/)|(?<=www)(?=\.)|(?<=@)(?=\w)", re.IGNORECASE)


def plain_cell(words: str) -> str:
    """``words`` as a cell that no spreadsheet takes for a formula: behind an apostrophe where it might."""
    could_be = words.startswith(_TRIMMED) or words.lstrip().startswith(_FORMULA)
    return f"'{words}" if could_be else words


def escape_markdown(words: str) -> str:
    """Typed text as Markdown that shows it as typed: no picture, link, formula, icon or list.

    The browser turns bare addresses into links even where every character is escaped; a word joiner,
    which takes no room, breaks them.
    """
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub(WORD_JOINER, words))
