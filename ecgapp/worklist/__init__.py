"""Many ECGs at once: listed under our numbers, scored in the background, in an order to read them."""

from ecgapp.worklist.item import ECG_STATES, Item
from ecgapp.worklist.order import (
    BY_NUMBER,
    BY_UNCERTAINTY,
    BY_URGENCY,
    CRITICAL_FIRST,
    SORTS,
    ListView,
    arranged,
)
from ecgapp.worklist.start_scoring import (
    is_scoring_stopped,
    resume_scoring,
    start_scoring,
    stop_scoring,
)
from ecgapp.worklist.urgency import (
    LEVELS,
    UNCERTAINTY_DEFINITION,
    URGENCY_DEFINITION,
    level,
    uncertainty,
    urgency,
)
from ecgapp.worklist.worklist_csv import as_csv
from ecgapp.worklist.worklist_store import ScoringProgress, Worklist

__all__ = [
    "BY_NUMBER",
    "BY_UNCERTAINTY",
    "BY_URGENCY",
    "CRITICAL_FIRST",
    "ECG_STATES",
    "LEVELS",
    "SORTS",
    "UNCERTAINTY_DEFINITION",
    "URGENCY_DEFINITION",
    "Item",
    "ListView",
    "ScoringProgress",
    "Worklist",
    "arranged",
    "as_csv",
    "is_scoring_stopped",
    "level",
    "resume_scoring",
    "start_scoring",
    "stop_scoring",
    "uncertainty",
    "urgency",
]
