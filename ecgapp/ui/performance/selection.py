"""The model, validation answers and thresholds that the parts of the performance page share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from ecgapp.models import Evaluation, LabelMetrics, ModelCard, Predictions
from ecgapp.tasks import Task
from ecgapp.tasks.meanings import in_full

ALL = "every class"
Column = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Selection:
    """A model, its validation answers, and the thresholds that the reader selects.

    ``evaluation`` is at ``thresholds``; ``which`` is the class whose threshold moves, or ``ALL``.
    """

    card: ModelCard
    task: Task
    predictions: Predictions
    thresholds: tuple[float, ...]
    evaluation: Evaluation
    which: str = ALL

    @property
    def cross_fitted(self) -> bool:
        """Whether each answer is that of the one member which had not learnt from the record."""
        return self.card.is_cross_fitted

    @property
    def dataset(self) -> str:
        """The validation records, as the card names them; "" if there are none."""
        return self.card.validation.dataset if self.card.validation else ""

    def place(self, label: str) -> int:
        """The label's column."""
        return self.task.label_names.index(label)

    def answers(self, label: str) -> tuple[Column, Column]:
        """The label's probabilities and targets, (n_records,) each."""
        column = self.place(label)
        return self.predictions.probabilities[:, column], self.predictions.targets[:, column]

    def metrics(self, label: str) -> LabelMetrics:
        """The label's figures at the threshold in force."""
        return self.evaluation.per_label[self.place(label)]


def choose_class(selection: Selection, place: DeltaGenerator) -> str:
    """Draw the choice of a class, the same in all parts; at first the one whose threshold is moved."""
    labels = selection.task.label_names
    first = labels.index(selection.which) if selection.which in labels else 0
    key = f"class_{selection.card.digest}_{selection.which}"
    return str(place.selectbox("Class", labels, first, format_func=in_full, key=key) or labels[first])


def where_from(selection: Selection) -> str:
    """A sentence on the records behind the figures of a part."""
    members = (
        " Each answer is that of the member that had not learnt from the record." * selection.cross_fitted
    )
    return f"Validation records: {selection.dataset}.{members}"


def download(packed: Callable[[], bytes], words: str, name: str) -> None:
    """A button that saves a table as CSV, made when it is asked for."""
    st.download_button(
        words, packed, f"{name}.csv", "text/csv", key=f"save_{name}", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip
