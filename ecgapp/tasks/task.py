"""Tasks: the labels that are asked of an ECG, and the codes of each vocabulary that answer them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError

_COLUMN = "LABEL "  # of a vocabulary: a column of a hospital's own label file
_LATER = {"added later": True}  # see storage.documents


def column_code(column: str, answer: bool = True) -> str:
    """The code of a yes or no in ``column``, e.g. ``LABEL AF:1``.

    Each column is a vocabulary of its own, so that an empty cell leaves only that label unknown.

    Raises:
        ConfigError: the column has no name, or a colon in it.
    """
    if not column.strip() or ":" in column:
        raise ConfigError("A label column needs a name without a colon; rename the column.")
    return f"{_COLUMN}{column}:{int(answer)}"


@dataclass(frozen=True)
class Label:
    """One label and the codes that mean it; a code is ``VOCABULARY:code``, e.g. ``SCP:AFIB``.

    ``alone`` holds codes that mean it only where the record has no other code of that
    vocabulary: SNOMED's "sinus rhythm" is the class Normal only on its own. ``narrower`` holds codes of
    which the label follows: an anteroseptal infarction is an infarction. ``broader`` holds codes that leave
    it open: an infarction may be anteroseptal or not.
    """

    name: str
    codes: frozenset[str]
    alone: frozenset[str] = frozenset()
    narrower: frozenset[str] = field(default=frozenset(), metadata=_LATER)
    broader: frozenset[str] = field(default=frozenset(), metadata=_LATER)

    def answer(self, codes: Collection[str]) -> float:
        """The answer of ``codes``: 1 for yes, 0 if they could say yes and do not, NaN if they cannot."""
        return self.answer_in(frozenset(codes), frozenset(map(_vocabulary, codes)))

    def answer_in(self, codes: frozenset[str], vocabularies: frozenset[str]) -> float:
        """The answer of ``codes``; their ``vocabularies`` are given once for all labels of a task."""
        if not self._positive.isdisjoint(codes):
            return 1.0
        for code in self.alone & codes:
            if not any(_vocabulary(other) == _vocabulary(code) for other in codes if other != code):
                return 1.0
        if not self.broader.isdisjoint(codes):
            return float("nan")
        return float("nan") if self._vocabularies.isdisjoint(vocabularies) else 0.0

    @cached_property
    def _positive(self) -> frozenset[str]:
        return self.codes | self.narrower

    @cached_property
    def _vocabularies(self) -> frozenset[str]:
        """The vocabularies that can say no; a column of a narrower label denies that one only."""
        narrower = (code for code in self.narrower if not code.startswith(_COLUMN))
        return frozenset(map(_vocabulary, (*self.codes, *self.alone, *narrower)))


@dataclass(frozen=True)
class Task:
    """A named set of labels; several may be true at once where ``multilabel``.

    ``needs_positive``: a record with none of the labels answers nothing, so that it takes part in neither
    training nor figures, as in the PTB-XL benchmark.

    ``by_source``: a label that no record of a source has is unknown in that source, not absent, because its
    readers may never have been asked for it.
    """

    name: str
    title: str
    labels: tuple[Label, ...]
    multilabel: bool = True
    needs_positive: bool = field(default=False, metadata=_LATER)
    by_source: bool = field(default=False, metadata=_LATER)

    def __post_init__(self) -> None:
        names = [label.name for label in self.labels]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"The task {self.name} needs labels, each named once.")

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def targets(
        self, records: Iterable[Collection[str]], sources: Sequence[str] | None = None
    ) -> NDArray[np.float32]:
        """One row for each record's codes: float32 (n_records, n_labels) of 1, 0 and NaN (unknown).

        ``sources`` names the source of each record, by default one for all; a task asked ``by_source`` needs
        all records of each source, so that equal data give equal targets.
        """
        records = list(records)
        targets = self._answers(records)
        if self.by_source:
            unasked = ~self._said_no(records)
            for mine in _by_source(len(records), sources).values():
                unasked[mine] &= ~(targets[mine] == 1).any(axis=0)
            targets[(targets == 0) & unasked] = np.nan
        if self.needs_positive:
            targets[~(targets == 1).any(axis=1)] = np.nan
        return targets

    def used_labels(
        self, records: Iterable[Collection[str]], sources: Sequence[str]
    ) -> dict[str, frozenset[str]]:
        """The names of the labels that each source uses: at least one of its records has them."""
        positive = self._answers(list(records)) == 1
        names = np.array(self.label_names)
        return {
            source: frozenset(names[positive[mine].any(axis=0)].tolist())
            for source, mine in _by_source(len(positive), sources).items()
        }

    def _answers(self, records: Sequence[Collection[str]]) -> NDArray[np.float32]:
        rows = []
        for codes in map(frozenset, records):
            vocabularies = frozenset(map(_vocabulary, codes))
            rows.append([label.answer_in(codes, vocabularies) for label in self.labels])
        return np.array(rows, dtype=np.float32).reshape(-1, len(self.labels))

    def _said_no(self, records: Sequence[Collection[str]]) -> NDArray[np.bool_]:
        """Whether a column of a hospital's own file denies the label: (n_records, n_labels)."""
        places = {column_code(name, False): place for place, name in enumerate(self.label_names)}
        said_no = np.zeros((len(records), len(places)), dtype=bool)
        for row, codes in enumerate(records):
            said_no[row, [places[code] for code in codes if code in places]] = True
        return said_no


def _by_source(n_records: int, sources: Sequence[str] | None) -> dict[str, NDArray[Any]]:
    """The places of each source's records."""
    named = np.array([""] * n_records if sources is None else sources, dtype=str)
    return {str(source): np.flatnonzero(named == source) for source in np.unique(named)}


def _vocabulary(code: str) -> str:
    return code.partition(":")[0]


_TASKS: dict[str, Task] = {}


def register_task(task: Task) -> Task:
    """List ``task`` under its name; a doubled name is an error."""
    if task.name in _TASKS:
        raise ConfigError(f"There are two tasks named {task.name}.")
    _TASKS[task.name] = task
    return task


def task(name: str) -> Task:
    """The task of this name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in _TASKS:
        raise ConfigError(f"There is no task named {name}; there are {', '.join(sorted(_TASKS))}.")
    return _TASKS[name]


def task_names() -> tuple[str, ...]:
    """All registered tasks, sorted."""
    return tuple(sorted(_TASKS))
