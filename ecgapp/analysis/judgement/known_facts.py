"""The facts about an ECG from which it is judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ecgapp.analysis.admission import Admission
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.measurement.measurements import Measurements
from ecgapp.analysis.rules import Verdict
from ecgapp.models import LabelMetrics, ModelCard
from ecgapp.signals import RecordQuality
from ecgapp.tasks.meanings import NORMALS


class Score(Protocol):
    """A label's probability and threshold, from any source."""

    @property
    def label(self) -> str: ...

    @property
    def probability(self) -> float: ...

    @property
    def threshold(self) -> float: ...

    @property
    def positive(self) -> bool: ...


@dataclass(frozen=True)
class KnownFacts:
    """The facts of a judgement; missing ones are unknown.

    ``card`` is that of the classifier with the ``scores``. If there are none, ``no_labels`` is the sentence
    with the reason. ``rules`` are by label. ``ventricular_not_checked`` is the sentence why the network of
    ventricular rhythms could not be run.
    """

    critical: tuple[CriticalFinding, ...] = ()
    scores: tuple[Score, ...] = ()
    card: ModelCard | None = None
    no_labels: str = ""
    rules: Mapping[str, Verdict] = field(default_factory=dict)
    heart_rate: float | None = None
    measured: Measurements | None = None
    quality: RecordQuality | None = None
    admission: Admission | None = None
    ventricular_not_checked: str = ""

    @property
    def refusal(self) -> str:
        """The reason why no label may be shown: unreadable, or unlike the training data; else ""."""
        judged = self.admission
        return judged.reason if judged is not None and judged.labels_withheld else ""

    @property
    def unreadable(self) -> bool:
        """Whether the signal is unreadable, so that its measurements are meaningless."""
        return self.admission is not None and self.admission.refused

    @property
    def not_judged(self) -> str:
        """The gate's sentence if it could not judge the record or was overruled; else ""."""
        judged = self.admission
        return judged.reason if judged is not None and not judged.labels_withheld else ""

    @property
    def stated(self) -> tuple[Score, ...]:
        """The scores that may be shown: none if labels are withheld."""
        return () if self.refusal else self.scores

    @property
    def findings(self) -> tuple[Score, ...]:
        """The labels above their threshold, likeliest first, without those for a normal ECG."""
        positive = [one for one in self.stated if one.positive and one.label not in NORMALS]
        return tuple(sorted(positive, key=lambda one: -one.probability))

    @property
    def normal(self) -> Score | None:
        """The score of the label for a normal ECG; None if the network has no such label."""
        return next((one for one in self.stated if one.label in NORMALS), None)

    def score(self, label: str) -> Score | None:
        """The score of ``label``; None if the network does not have the label."""
        return next((one for one in self.stated if one.label == label), None)

    def metrics(self, label: str) -> LabelMetrics | None:
        """The network's validation figures for ``label``."""
        return None if self.card is None else self.card.label_metrics(label)
