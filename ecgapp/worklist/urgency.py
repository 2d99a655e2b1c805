"""In which order to read: urgency and uncertainty, both written out. An ordering, no triage.

Urgency is a level, from the labels above their threshold and the heart rate, and within a level how far
above its threshold the label is. The levels are ours; no study stands behind them. They follow what a
hospital calls critical, abnormal and normal results. Uncertainty is how near a label is to its threshold.
"""

import math

from ecgapp.worklist.item import Item, LabelScore

LOOK, ACUTE, PROMPT, SOON, ROUTINE, NORMAL = 5, 4, 3, 2, 1, 0
LEVELS = {
    LOOK: "needs a look",
    ACUTE: "acute",
    PROMPT: "prompt",
    SOON: "soon",
    ROUTINE: "none above",
    NORMAL: "normal only",
}
URGENCY = {  # each label's level where it is above its threshold
    "STE": ACUTE,
    "MI": ACUTE,
    "AF": PROMPT,
    "A": PROMPT,
    "LBBB": PROMPT,
    "STD": PROMPT,
    "PVC": PROMPT,
    "STTC": PROMPT,
    "RBBB": SOON,
    "I-AVB": SOON,
    "PAC": SOON,
    "CD": SOON,
    "HYP": SOON,
    "O": SOON,
    "~": SOON,
    "Normal": NORMAL,
    "NORM": NORMAL,
    "N": NORMAL,
}
OTHER_LABEL = SOON  # a user's own
SLOW, FAST = 40.0, 130.0  # beats per minute; beyond them, one level up and at least prompt
_EDGE = 1e-6  # of a probability, so that its logit is finite

URGENCY_IN_WORDS = (
    "Urgency = level + margin. Level: 5 refused or unreadable, needs a human look; 4 STE, MI; "
    "3 AF, LBBB, STD, PVC, STTC; 2 RBBB, I-AVB, PAC, CD, HYP and labels of your own; 1 nothing above its "
    "threshold; 0 Normal alone. A heart rate below 40 or above 130/min raises it by one, to 3 at least and "
    "4 at most. Margin (0 to 0.99): (probability - threshold) / (1 - threshold) of the label that set the "
    "level, the largest where several did; for Normal alone 1 minus that; with nothing above, the largest "
    "probability / threshold of the labels other than Normal."
)
UNCERTAINTY_IN_WORDS = (
    "Uncertainty = 2 σ(-κ |logit(probability) - logit(threshold)|), the largest over the labels, with "
    "κ = 1 / √(1 + π s² / 8) and s the standard deviation of the ensemble members' logits (0 for a single "
    "network): 1 where a label stands on its threshold, towards 0 far from it, and nearer to 1 where the "
    "members disagree."
)


def level(item: Item) -> int | None:
    """The item's level, one of ``LEVELS``; None while it waits."""
    if item.needs_a_look:
        return LOOK
    if not item.outcome.scores:
        return None
    found = max((level_of(score.label) for score in item.above), default=ROUTINE)
    return _raised(found) if _is_alarming(item.outcome.heart_rate) else found


def urgency(item: Item) -> float | None:
    """The level and, behind the point, the margin; None while it waits."""
    found = level(item)
    if found is None or found == LOOK:
        return None if found is None else float(LOOK)
    return found + min(max(_margin(item), 0.0), 0.99)


def uncertainty(item: Item) -> float | None:
    """0 to 1, as ``UNCERTAINTY_IN_WORDS`` says; None where there are no scores."""
    return max((uncertainty_of(score) for score in item.outcome.scores), default=None)


def level_of(label: str) -> int:
    """The level of a label above its threshold."""
    return URGENCY.get(label, OTHER_LABEL)


def uncertainty_of(score: LabelScore) -> float:
    """One label's uncertainty, moderated by ``spread`` as in MacKay (1992, doi:10.1162/neco.1992.4.5.720)."""
    distance = abs(_logit(score.probability) - _logit(score.threshold))
    moderated = distance / math.sqrt(1.0 + math.pi * score.spread**2 / 8.0)
    return 2.0 / (1.0 + math.exp(min(moderated, 700.0)))


def _margin(item: Item) -> float:
    if not item.above:
        others = [score for score in item.outcome.scores if level_of(score.label) != NORMAL]
        return max((score.probability / max(score.threshold, _EDGE) for score in others), default=0.0)
    highest = max(level_of(score.label) for score in item.above)
    margin = max(_beyond(score) for score in item.above if level_of(score.label) == highest)
    return 1.0 - margin if highest == NORMAL else margin


def _beyond(score: LabelScore) -> float:
    """How far above its threshold, as a share of what is possible."""
    return (score.probability - score.threshold) / max(1.0 - score.threshold, _EDGE)


def _raised(found: int) -> int:
    return min(max(found + 1, PROMPT), ACUTE)


def _is_alarming(heart_rate: float | None) -> bool:
    return heart_rate is not None and not SLOW <= heart_rate <= FAST


def _logit(probability: float) -> float:
    inside = min(max(probability, _EDGE), 1.0 - _EDGE)
    return math.log(inside / (1.0 - inside))
