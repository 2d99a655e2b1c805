"""A task made from the columns of a hospital's own label file."""

from collections.abc import Sequence

from ecgapp.tasks.task import Label, Task, column_code


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
