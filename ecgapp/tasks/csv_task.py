"""A task made from the columns of a hospital's own label file."""

from collections.abc import Sequence

from ecgapp.errors import ConfigError
from ecgapp.tasks.task import Label, Task


def column_code(column: str, answer: bool = True) -> str:
    """The code of a yes or no in ``column``, e.g. ``LABEL AF:1``.

    Each column is a vocabulary of its own, so that an empty cell leaves only that label unknown.

    Raises:
        ConfigError: the column has no name, or a colon in it.
    """
    if not column.strip() or ":" in column:
        raise ConfigError("A label column needs a name without a colon; rename the column.")
    return f"LABEL {column}:{int(answer)}"


def named_label(name: str, codes: Sequence[str], alone: Sequence[str] = ()) -> Label:
    """A label that public codes answer, and a hospital's own column of the same name."""
    return Label(name, frozenset((*codes, column_code(name))), frozenset(alone))


def csv_task(columns: Sequence[str]) -> Task:
    """One label a column, several of which may be true at once.

    Raises:
        ConfigError: there is no column, or two have one name.
    """
    labels = tuple(Label(column, frozenset((column_code(column),))) for column in columns)
    return Task("csv", "Labels of the data set's own file", labels)
