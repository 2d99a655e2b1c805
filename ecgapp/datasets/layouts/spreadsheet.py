"""The first sheet of an Excel workbook as a table of text."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import pandas as pd

from ecgapp.errors import DatasetError

_UNREADABLE = "The table of records cannot be read as an Excel workbook. Copy it again."


def read_sheet(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The first sheet of the workbook ``path``: cells as text without blanks around it, empty ones as "".

    The first row names the columns, among them ``columns``; rows without any text are left out.

    Raises:
        DatasetError: it is no workbook, or a column is missing.
    """
    rows = _rows(path)
    width = len(rows[0]) if rows else 0
    table = pd.DataFrame([row[:width] for row in rows[1:] if any(row)], columns=rows[0] if rows else [])
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DatasetError(f"The table of records has no column {', '.join(missing)}. Choose another folder.")
    return table[list(columns)]


def _rows(path: Path) -> list[list[str]]:
    from openpyxl import load_workbook  # imported here: few imports read a workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some writers understate the size of the sheet
            rows = [_cells(row) for row in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, BadZipFile) as error:
        raise DatasetError(_UNREADABLE) from error
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _cells(row: Iterable[object]) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in row]
