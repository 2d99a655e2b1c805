"""One ECG of the worklist: its number, its state, and its findings."""

from dataclasses import dataclass

from ecgapp.analysis.outcomes import NOT_SCORED, REFUSED, SCORED, WITHHELD, LabelScore, Outcome

ARRIVING, WAITING, UNREADABLE = "arriving", "waiting", "unreadable"
ECG_STATES = (ARRIVING, WAITING, SCORED, WITHHELD, REFUSED)  # and UNREADABLE: not an ECG file


@dataclass(frozen=True)
class ModelUsed:
    """The version of the model that scored an ECG.

    ``digest`` is the sha256 of its card, which includes thresholds, ``sha256`` that of its weights.
    """

    name: str = ""
    digest: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Item:
    """One line of the worklist; ``key`` is its fingerprint in the archive, "" if no ECG was read."""

    number: int
    batch: int
    key: str
    size: int  # bytes of its files
    stored_bytes: int  # of its samples on this machine
    duration: float  # s
    state: str
    added: float  # seconds since 1970, like all times here
    scored: float | None = None
    opened: float | None = None
    model: ModelUsed = ModelUsed()
    outcome: Outcome = NOT_SCORED

    @property
    def above(self) -> tuple[LabelScore, ...]:
        """The labels above their threshold, likeliest first."""
        positive = [score for score in self.outcome.scores if score.positive]
        return tuple(sorted(positive, key=lambda score: -score.probability))

    @property
    def can_be_opened(self) -> bool:
        return bool(self.key) and self.state != ARRIVING

    @property
    def is_ecg(self) -> bool:
        """Whether an ECG was read from its files, or is still being read."""
        return self.state != UNREADABLE
