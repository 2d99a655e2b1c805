"""Cells of tables that leave the app as CSV: a spreadsheet computes what looks like a formula."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones where the spreadsheet is Japanese
_TRIMMED = ("\t", "\r", "\n")  # some spreadsheets drop these first, and look at what follows


def plain_cell(words: str) -> str:
    """``words`` as a cell that no spreadsheet takes for a formula: behind an apostrophe where it might."""
    could_be = words.startswith(_TRIMMED) or words.lstrip().startswith(_FORMULA)
    return f"'{words}" if could_be else words
