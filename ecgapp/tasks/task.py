"""Tasks: the labels that are asked of an ECG, and the codes of each vocabulary that answer them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError


@dataclass(frozen=True)
class Label:
    """One label and the codes that mean it; a code is ``VOCABULARY:code``, e.g. ``SCP:AFIB``.

    ``alone`` holds codes that mean it only where the record has no other code of that
    vocabulary: SNOMED's "sinus rhythm" is the class Normal only on its own.
    """

    name: str
    codes: frozenset[str]
    alone: frozenset[str] = frozenset()

    def answer(self, codes: Collection[str]) -> float:
        """The answer of ``codes``: 1 for yes, 0 if they could say yes and do not, NaN if they cannot."""
        if any(code in self.codes for code in codes):
            return 1.0
        for code in self.alone.intersection(codes):
            if not any(_vocabulary(other) == _vocabulary(code) for other in codes if other != code):
                return 1.0
        known = {_vocabulary(code) for code in self.codes | self.alone}
        return 0.0 if any(_vocabulary(code) in known for code in codes) else float("nan")


@dataclass(frozen=True)
class Task:
    """A named set of labels; several may be true at once where ``multilabel``.

    ``needs_positive``: a record with none of the labels answers nothing, so that it takes part in neither
    training nor figures, as in the PTB-XL benchmark.
    """

    name: str
    title: str
    labels: tuple[Label, ...]
    multilabel: bool = True
    needs_positive: bool = field(default=False, metadata={"added later": True})  # see storage.documents

    def __post_init__(self) -> None:
        names = [label.name for label in self.labels]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"The task {self.name} needs labels, each named once.")

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def targets(self, records: Iterable[Collection[str]]) -> NDArray[np.float32]:
        """One row for each record's codes: float32 (n_records, n_labels) of 1, 0 and NaN (unknown)."""
        rows = [[label.answer(codes) for label in self.labels] for codes in records]
        targets = np.array(rows, dtype=np.float32).reshape(-1, len(self.labels))
        if self.needs_positive:
            targets[~(targets == 1).any(axis=1)] = np.nan
        return targets


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
