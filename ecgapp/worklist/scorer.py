"""``python -m ecgapp.worklist [SLOT]``: one of the processes that score what waits on the worklist.

Each has a slot, locked until it ends, and takes a few items at a time in the name of its slot. What a killed
process had taken is free again as soon as another one locks its slot. An item whose scoring was interrupted
is taken alone the next time, and after three times it is refused: it may be what kills the process.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ecgapp.analysis import InstalledModels, OpenedECG, available_models
from ecgapp.analysis.outcomes import Judge, Outcome, broken, described, score, score_safely
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, LockedError, ModelNotFoundError
from ecgapp.models import TrainedModel
from ecgapp.storage.lock import claimed
from ecgapp.worklist.item import WAITING, ModelUsed
from ecgapp.worklist.item_rows import write_outcome
from ecgapp.worklist.worklist_store import Worklist

TOGETHER = 16  # records taken at a time
LONGEST = 600.0  # s of ECG taken at a time; a longer record comes alone
MOST_TRIES = 3
LINGER = 10.0  # s to wait for more before the process ends
LOOK = 0.2  # s between two looks
PATIENCE = 3.0  # s to wait for the slot
_KILLS = "Scoring it was broken off three times. It may be too long for this machine's memory."
_NO_MODEL = "The classifier that was chosen for it is no longer installed. Choose another and score again."


def slot_path(settings: Settings, slot: int) -> Path:
    """The path that the lock of this slot is named after."""
    return settings.worklist / f"slot-{slot}"


@dataclass(frozen=True)
class Taken:
    """An item that this process scores."""

    number: int
    key: str
    wanted: str  # the classifier's name
    tries: int  # times that it was taken, this one included


class Scorer:
    """Scores what waits, in the name of ``slot``; one process for each slot."""

    def __init__(self, settings: Settings, slot: int) -> None:
        self._settings = settings
        self._slot = slot
        self._taker = f"slot {slot}"
        self._worklist = Worklist(settings)
        self._models = InstalledModels(settings)

    def run(self, linger: float = LINGER) -> bool:
        """Score until nothing has waited for ``linger`` seconds; False where another process has the slot."""
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                with claimed(slot_path(self._settings, self._slot)):
                    self._worklist.settle()  # frees what a killed process of this slot had taken
                    with self._worklist.database.write() as connection:
                        connection.execute("UPDATE items SET taker = '' WHERE taker = ?", (self._taker,))
                    self._score_all(linger)
                return True
            except LockedError:
                if time.monotonic() > limit:
                    return False
                time.sleep(LOOK)

    def _score_all(self, linger: float) -> None:
        idle = time.monotonic()
        while True:
            taken = self._take()
            if taken:
                self._score(taken)
                idle = time.monotonic()
            elif time.monotonic() - idle >= linger:
                return
            else:
                time.sleep(LOOK)

    def _take(self) -> list[Taken]:
        """The next items in the order of their numbers: a few, or one whose scoring was interrupted."""
        with self._worklist.database.write(durable=False) as connection:
            rows = connection.execute(
                "SELECT number, record_key, wanted, tries, duration FROM items "
                "WHERE state = ? AND taker = '' ORDER BY tries, number LIMIT ?",
                (WAITING, TOGETHER),
            ).fetchall()
            chosen: list[Taken] = []
            seconds = 0.0
            for row in rows:
                seconds += row["duration"]
                if chosen and (row["tries"] or row["wanted"] != rows[0]["wanted"] or seconds > LONGEST):
                    break
                chosen.append(Taken(row["number"], row["record_key"], row["wanted"], row["tries"] + 1))
                if row["tries"]:
                    break
            connection.executemany(
                "UPDATE items SET taker = ?, tries = tries + 1 WHERE number = ?",
                [(self._taker, item.number) for item in chosen],
            )
        return chosen

    def _score(self, taken: Sequence[Taken]) -> None:
        """Score the items and store the outcomes; an error in one item does not affect another."""
        if taken[0].tries > MOST_TRIES:
            self._write(taken, [Outcome(sentence=_KILLS)], ModelUsed())
            return
        used = ModelUsed()
        try:
            model = self._model(taken[0].wanted)
            used = ModelUsed(model.card.name, model.card.digest, model.card.sha256)
            judge = partial(score, model=model)
        except EcgAppError as error:
            judge = partial(_without_labels, sentence=str(error))
        self._write(taken, self._outcomes(taken, judge), used)

    def _outcomes(self, taken: Sequence[Taken], judge: Judge) -> list[Outcome]:
        opened = [self._open(item) for item in taken]
        scored = iter(score_safely([ecg for ecg in opened if isinstance(ecg, OpenedECG)], judge))
        return [next(scored) if isinstance(ecg, OpenedECG) else ecg for ecg in opened]

    def _open(self, item: Taken) -> OpenedECG | Outcome:
        """The ECG, or why it cannot be opened."""
        try:
            return OpenedECG(self._worklist.archive.open(item.key), self._models)
        except Exception as error:
            return broken(error)

    def _model(self, name: str) -> TrainedModel:
        """The classifier of this name as it is installed now, read once for each version.

        Raises:
            ModelError: there is none, or its weights are damaged.
        """
        if available_models(self._settings) != self._models.cards():
            self._models = InstalledModels(self._settings)
        card = self._models.cards().get(name)
        if card is None or not card.is_classifier:
            raise ModelNotFoundError(_NO_MODEL)
        return self._models.opened(card)

    def _write(self, taken: Sequence[Taken], outcomes: Sequence[Outcome], used: ModelUsed) -> None:
        with self._worklist.database.write() as connection:
            for item, outcome in zip(taken, outcomes, strict=True):
                write_outcome(connection, item.number, self._taker, outcome, used)


def _without_labels(ecgs: Sequence[OpenedECG], sentence: str) -> list[Outcome]:
    """The outcomes without a classifier: critical findings and measurements only."""
    return [described(ecg, sentence=sentence) for ecg in ecgs]
