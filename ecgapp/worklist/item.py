"""One ECG of the worklist: its number, its state, and what was found in it."""

from dataclasses import dataclass

from ecgapp.analysis import JudgementLine
from ecgapp.analysis.critical import CriticalFinding

ARRIVING, WAITING, SCORED, REFUSED, UNREADABLE = "arriving", "waiting", "scored", "refused", "unreadable"
WITHHELD = "labels withheld"  # readable, and no classifier's labels may be shown
ECG_STATES = (ARRIVING, WAITING, SCORED, WITHHELD, REFUSED)  # and UNREADABLE, of files without an ECG


@dataclass(frozen=True)
class LabelScore:
    """One label of one ECG; ``spread`` is the ensemble members' standard deviation in logits, 0 without."""

    label: str
    probability: float
    threshold: float
    spread: float = 0.0

    @property
    def positive(self) -> bool:
        return self.probability >= self.threshold


@dataclass(frozen=True)
class ModelUsed:
    """Which version answered: the card's digest covers thresholds too, ``sha256`` the weights."""

    name: str = ""
    digest: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Outcome:
    """What scoring an ECG came to; ``sentence`` says why there are no scores, where there are none.

    ``withheld``: the ECG was judged, and has no labels. ``critical`` and the lines of ``judged`` come worst
    first.
    """

    scores: tuple[LabelScore, ...] = ()
    heart_rate: float | None = None  # beats per minute
    quality: str = ""  # faults of leads, in a few words
    sentence: str = ""
    critical: tuple[CriticalFinding, ...] = ()
    judged: tuple[JudgementLine, ...] = ()
    withheld: bool = False


@dataclass(frozen=True)
class Item:
    """One line of the worklist. ``key`` opens its samples in the archive; it is empty where none was read."""

    number: int
    batch: int
    key: str
    size: int  # bytes of the files it came in
    kept: int  # bytes of its samples on this machine
    duration: float  # s
    state: str
    added: float  # UTC seconds, as all times here
    scored: float | None = None
    opened: float | None = None
    model: ModelUsed = ModelUsed()
    outcome: Outcome = Outcome()

    @property
    def above(self) -> tuple[LabelScore, ...]:
        """The labels above their threshold, likeliest first."""
        found = [score for score in self.outcome.scores if score.positive]
        return tuple(sorted(found, key=lambda score: -score.probability))

    @property
    def can_be_opened(self) -> bool:
        return bool(self.key) and self.state != ARRIVING

    @property
    def is_ecg(self) -> bool:
        """Whether an ECG was read from its files, or may still be."""
        return self.state != UNREADABLE
