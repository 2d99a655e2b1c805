"""The labels of a task that the Challenge 2021 scores, and a sentence on those that it does not score.

A label is scored if all its SNOMED CT codes are of one scored class, or kinds of its diagnosis that the
challenge does not score: the PVCs of CPSC2018 and PTB-XL have the code of ventricular ectopics, 164884008.
A label that also follows of another scored class is not scored: it is true more often than its own class.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate.arrays import AnyFloats, Bools
from ecgapp.evaluate.challenge.reward_matrix import challenge_2021
from ecgapp.tasks.task import Label, Task

_SNOMED = "SNOMED:"
_KINDS = {  # codes without a score, and the scored diagnosis that each is a kind of
    "426749004": "164889003",  # chronic atrial fibrillation
    "282825002": "164889003",  # paroxysmal
    "314208002": "164889003",  # rapid
    "164884008": "427172004",  # ventricular ectopics
}


@dataclass(frozen=True)
class ScoredLabels:
    """The columns of a task's labels among the challenge's classes; None for a label without one."""

    task: Task
    columns: tuple[int | None, ...]

    @property
    def scored(self) -> tuple[str, ...]:
        """The names of the labels that are scored."""
        return tuple(name for name, column in self._named() if column is not None)

    @property
    def unscored(self) -> tuple[str, ...]:
        """The names of the labels that are not scored."""
        return tuple(name for name, column in self._named() if column is None)

    def sentence(self) -> str:
        """Plain sentences on what the score of this task counts; "" if it scores no label."""
        if not self.scored:
            return ""
        n_classes = len({column for column in self.columns if column is not None})
        words = [
            f"The Challenge 2021 score counts {n_classes} of its 26 classes here: {', '.join(self.scored)}. "
            "The other classes are neither predicted nor looked for: published scores are on another scale."
        ]
        if self.unscored:
            words.append(f"The challenge does not score {', '.join(self.unscored)}.")
        partly = [
            f"{label.name} ({', '.join(others)})"
            for label, column in zip(self.task.labels, self.columns, strict=True)
            if column is not None and (others := _unscored_codes(label))
        ]
        if partly:
            words.append(f"Codes that it does not score count here as their label: {', '.join(partly)}.")
        return " ".join(words)

    def merged(self, flags: Bools) -> Bools:
        """``flags`` (n_records, n_labels) as flags of the challenge's classes, (n_records, 26)."""
        merged = np.zeros((len(flags), len(challenge_2021().classes)), dtype=bool)
        for place, column in enumerate(self.columns):
            if column is not None:
                merged[:, column] |= flags[:, place]
        return merged

    def known(self, targets: AnyFloats) -> Bools:
        """Flags of the records of which every scored label is known: (n_records,)."""
        scored = [column is not None for column in self.columns]
        return np.asarray(~np.isnan(targets[:, scored]).any(axis=1))

    def _named(self) -> list[tuple[str, int | None]]:
        return list(zip(self.task.label_names, self.columns, strict=True))


def scored_labels(task: Task) -> ScoredLabels:
    """The labels of ``task`` with their classes of the challenge."""
    return ScoredLabels(task, tuple(map(_column, task.labels)))


def _column(label: Label) -> int | None:
    """The class of a label; None if it has no codes, or not all of them are of one class."""
    places = {challenge_2021().column(_KINDS.get(code, code)) for code in _codes(label)}
    narrower = {challenge_2021().column(code) for code in _snomed(label.narrower)} - {None}
    return places.pop() if len(places) == 1 and narrower <= places else None


def _unscored_codes(label: Label) -> list[str]:
    return [code for code in _codes(label) if challenge_2021().column(code) is None]


def _codes(label: Label) -> list[str]:
    return _snomed(label.codes | label.alone)


def _snomed(codes: Collection[str]) -> list[str]:
    return [code.removeprefix(_SNOMED) for code in sorted(codes) if code.startswith(_SNOMED)]
