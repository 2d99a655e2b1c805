"""The validation figures on a card, one class for each kind of model, with 95 % intervals."""

from dataclasses import dataclass

ENOUGH_POSITIVES = 30  # fewer validation positives than this, and a class's figures are not shown


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelMetrics:
    """One label's figures at its threshold; None where a figure is undefined (no positives, say)."""

    label: str
    n: int
    n_positive: int
    threshold: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    precision: Interval | None = None
    recall: Interval | None = None
    specificity: Interval | None = None
    f1: Interval | None = None
    auroc: Interval | None = None
    auprc: Interval | None = None

    @property
    def sufficient(self) -> bool:
        """Whether there are enough positives to show a percentage."""
        return self.n_positive >= ENOUGH_POSITIVES


@dataclass(frozen=True)
class Evaluation:
    """A classifier on one set of records; macro figures are unweighted means over labels."""

    dataset: str  # which records, which folds, e.g. "PTB-XL, fold 9"
    n: int
    per_label: tuple[LabelMetrics, ...]
    macro_auroc: Interval | None = None
    macro_auprc: Interval | None = None
    macro_f1: Interval | None = None
    f2: Interval | None = None  # CinC 2020's, see evaluate.challenge
    g2: Interval | None = None


@dataclass(frozen=True)
class ReconstructionMetrics:
    """An autoencoder on one set of windows, in normalised units squared."""

    dataset: str
    n: int  # records
    n_windows: int
    mse_per_sample: Interval
    mse_summed: Interval  # over a window's samples, mean over leads, as Jang et al. 2021 report it


@dataclass(frozen=True)
class BoundaryFigures:
    """The figures of one edge of one wave; ``n_found`` are the edges found where marks could be.

    Sensitivity and precision count what lies within 150 ms; errors are found minus marked, in ms.
    """

    wave: str  # P, QRS or T
    edge: str  # onset or offset
    n_marked: int
    n_found: int
    sensitivity: Interval | None = None
    precision: Interval | None = None
    mean_error: Interval | None = None
    deviation: Interval | None = None


@dataclass(frozen=True)
class DelineationMetrics:
    """A delineator on one set of records that were marked by hand, lead by lead."""

    dataset: str
    n: int  # records
    n_leads: int
    boundaries: tuple[BoundaryFigures, ...]


@dataclass(frozen=True)
class RocCurve:
    """Some kinds of records that should be refused against good ones; the points run from strict to lax.

    Each point is (threshold, share of the good ones refused, share of the others refused).
    """

    name: str
    n_good: int
    n_bad: int
    auroc: Interval | None
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class KindFigures:
    """The records of one kind that a gate refuses, or finds unlike the training data.

    ``role``: "good" ones should pass; "class" are those of them with one label; "bad" ones should not;
    "graded" ones lie in between, or belong to the other question, and were fitted as neither. ``without`` is
    the share refused by a gate that was fitted without this kind and has its own threshold.
    """

    kind: str
    role: str
    n: int
    refused: int
    share: Interval | None = None
    auroc: Interval | None = None  # against the good records
    without: Interval | None = None


@dataclass(frozen=True)
class GateMetrics:
    """A gate on records that it was neither fitted nor given its threshold on."""

    dataset: str
    n: int  # good records
    auroc: Interval | None  # of all kinds together
    false_refusals: Interval | None  # share of good records refused
    kinds: tuple[KindFigures, ...]
    curves: tuple[RocCurve, ...]


@dataclass(frozen=True)
class VentricularFigures:
    """The records or windows of one kind that are called ventricular, of patients not trained on.

    ``ventricular``: they are; the others should not be called so. Noise without a heart has no patients.
    """

    kind: str
    ventricular: bool
    n_patients: int
    n: int
    called: int
    share: Interval | None = None


@dataclass(frozen=True)
class VentricularMetrics:
    """A ventricular network, each record judged by a member that was trained without its patient."""

    dataset: str
    n: int  # records and windows
    sensitivity: Interval | None  # of windows that are ventricular for most of the time
    false_alarms: Interval | None  # of all others
    kinds: tuple[VentricularFigures, ...]

    def kinds_that_are(self, ventricular: bool) -> tuple[VentricularFigures, ...]:
        """The kinds that are ventricular, or those that are not."""
        return tuple(kind for kind in self.kinds if kind.ventricular is ventricular)

    @property
    def n_ventricular_patients(self) -> int:
        """The number of patients that the sensitivity rests on; each kind has its own."""
        return sum(kind.n_patients for kind in self.kinds_that_are(True))
