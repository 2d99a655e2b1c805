"""The order for reading: urgency and uncertainty of an ECG, both defined in full. It is no triage.

Urgency is a level, from the judgement of the ECG, and an order within the level by the danger of the worst
critical finding, or by the distance of the label above its threshold. The levels are our own and not based
on a study. They follow the usual critical, abnormal and normal results of hospitals. Uncertainty is the
nearness of a label to its threshold.
"""

import math

from ecgapp.analysis import Severity
from ecgapp.analysis.critical import ORDER
from ecgapp.worklist.item import REFUSED, Item, LabelScore

NOW, SOON, CONTRADICTION, ABNORMAL, MINOR, UNKNOWN, NORMAL = 6, 5, 4, 3, 2, 1, 0
LEVELS = {
    NOW: "read now",
    SOON: "read soon",
    CONTRADICTION: "contradiction",
    ABNORMAL: "abnormal",
    MINOR: "minor",
    UNKNOWN: "not known to be normal",
    NORMAL: "nothing found",
}
OF_SEVERITY = {
    Severity.CRITICAL: NOW,
    Severity.PROMPT: SOON,
    Severity.CONTRADICTION: CONTRADICTION,
    Severity.ABNORMAL: ABNORMAL,
    Severity.UNKNOWN: UNKNOWN,
    Severity.NORMAL: NORMAL,
}
URGENCY = {  # each label's level if it is above its threshold
    "STE": SOON,
    "MI": SOON,
    "AF": ABNORMAL,
    "A": ABNORMAL,
    "LBBB": ABNORMAL,
    "STD": ABNORMAL,
    "PVC": ABNORMAL,
    "STTC": ABNORMAL,
    "RBBB": MINOR,
    "I-AVB": MINOR,
    "PAC": MINOR,
    "CD": MINOR,
    "HYP": MINOR,
    "O": MINOR,
    "~": MINOR,
    "Normal": NORMAL,
    "NORM": NORMAL,
    "N": NORMAL,
}
OTHER_LABEL = MINOR  # the level of a user's own label
_EDGE = 1e-6  # of a probability, so that its logit is finite

URGENCY_DEFINITION = (
    "Urgency is a level and, behind the point, the order within it. "
    "Level 6, read now: a critical finding, the most dangerous kind first, and a signal that cannot be read "
    "and may be ventricular fibrillation or a standstill. "
    "Level 5, read soon: the labels STE or MI, a heart rate below 40 or from 130/min, broad complexes above "
    "120/min, or an ECG that the gate cannot read or of which it withholds the labels. "
    "Level 4: network, rule and measurement contradict each other. "
    "Level 3, abnormal: AF, LBBB, STD, PVC or STTC, pacing spikes, or a measurement that is not normal. "
    "Level 2, minor: RBBB, I-AVB, PAC, CD, HYP or a label of your own, and nothing else. "
    "Level 1: nothing is found, and the ECG is not known to be normal. "
    "Level 0: the network calls it normal and nothing speaks against it. "
    "Within the levels 0 to 5 an ECG comes earlier the further its label is above the threshold: "
    "(probability - threshold) / (1 - threshold); where none is above, the nearer one comes to it. "
    "Files without an ECG stand in a list of their own."
)
UNCERTAINTY_DEFINITION = (
    "Uncertainty = 2 σ(-κ |logit(probability) - logit(threshold)|), the largest over the labels, with "
    "κ = 1 / √(1 + π s² / 8) and s the standard deviation of the ensemble members' logits (0 for a single "
    "network): 1 where a label stands on its threshold, towards 0 far from it, and nearer to 1 where the "
    "members disagree."
)


def level(item: Item) -> int | None:
    """The item's level, one of ``LEVELS``; None while it waits, and for files that are no ECG."""
    if not item.outcome.judged:  # scoring failed, so the findings are unknown
        return SOON if item.state == REFUSED else None
    severity = item.outcome.judged[0].severity
    if severity is Severity.ABNORMAL and _minor(item):
        return MINOR
    return OF_SEVERITY[severity]


def urgency(item: Item) -> float | None:
    """The level and, behind the point, the order within it; None if there is no level."""
    item_level = level(item)
    if item_level is None:
        return None
    return item_level + min(max(_within(item, item_level), 0.0), 0.99)


def uncertainty(item: Item) -> float | None:
    """The uncertainty, 0 to 1, as defined in ``UNCERTAINTY_DEFINITION``; None without scores."""
    return max((uncertainty_of(score) for score in item.outcome.scores), default=None)


def level_of(label: str) -> int:
    """The level of a label above its threshold."""
    return URGENCY.get(label, OTHER_LABEL)


def uncertainty_of(score: LabelScore) -> float:
    """One label's uncertainty, moderated by ``spread`` as in MacKay (1992, doi:10.1162/neco.1992.4.5.720)."""
    distance = abs(_logit(score.probability) - _logit(score.threshold))
    moderated = distance / math.sqrt(1.0 + math.pi * score.spread**2 / 8.0)
    return 2.0 / (1.0 + math.exp(min(moderated, 700.0)))


def _minor(item: Item) -> bool:
    """Whether all abnormal lines are labels of the level ``MINOR``."""
    lines = [line for line in item.outcome.judged if line.severity is Severity.ABNORMAL]
    by_label = all(line.source == "network" for line in lines)
    return by_label and bool(item.above) and all(level_of(score.label) <= MINOR for score in item.above)


def _within(item: Item, item_level: int) -> float:
    """The order within a level, 0 to 1."""
    if item_level == NOW:
        worst = item.outcome.critical[:1]  # empty if the gate itself names a dangerous rhythm
        return 1.0 - ORDER[worst[0].kind] / len(ORDER) if worst else 1.0
    if not item.above:
        others = [score for score in item.outcome.scores if level_of(score.label) != NORMAL]
        return max((score.probability / max(score.threshold, _EDGE) for score in others), default=0.0)
    highest = max(level_of(score.label) for score in item.above)
    margin = max(_beyond(score) for score in item.above if level_of(score.label) == highest)
    return 1.0 - margin if highest == NORMAL else margin


def _beyond(score: LabelScore) -> float:
    """The distance above the threshold, as a share of the possible distance."""
    return (score.probability - score.threshold) / max(1.0 - score.threshold, _EDGE)


def _logit(probability: float) -> float:
    inside = min(max(probability, _EDGE), 1.0 - _EDGE)
    return math.log(inside / (1.0 - inside))
