"""The order for reading: urgency and uncertainty of an ECG, both defined in full. It is no triage.

Urgency is a level, from the judgement of the ECG, and an order within the level by the danger of the worst
critical finding, or by the distance of the labels to their thresholds. The levels are our own and not based
on a study. They follow the usual critical, abnormal and normal results of hospitals. Uncertainty is the
nearness of a label to its threshold.
"""

import math

from ecgapp.analysis import Severity
from ecgapp.analysis.critical import ORDER
from ecgapp.analysis.outcomes import REFUSED, LabelScore
from ecgapp.worklist.item import Item

NOW, SOON, CONTRADICTION, ABNORMAL, MINOR, UNKNOWN, NORMAL = 6, 5, 4, 3, 2, 1, 0
LEVELS = {
    NOW: "read now",
    SOON: "read soon",
    CONTRADICTION: "contradiction",
    ABNORMAL: "abnormal",
    MINOR: "minor",
    UNKNOWN: "nothing found, normal not confirmed",
    NORMAL: "called normal",
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
    "Urgency is a level. The digits after the decimal point order the ECGs within a level. "
    "Level 6, read now: a critical finding (most dangerous first), or an unreadable signal that may be "
    "ventricular fibrillation or asystole. "
    "Level 5, read soon: STE (ST elevation) or MI (myocardial infarction), a heart rate below 40 or from "
    "130/min, broad complexes above 120/min, or an ECG that the gate cannot read or whose labels are "
    "withheld. "
    "Level 4, contradiction: network, rule and measurement contradict each other. "
    "Level 3, abnormal: AF (atrial fibrillation), LBBB (left bundle branch block), STD (ST depression), PVC "
    "(premature ventricular contraction) or STTC (ST-T change), pacing spikes, or a measurement that is not "
    "normal. "
    "Level 2, minor: RBBB (right bundle branch block), I-AVB (first-degree AV block), PAC (premature atrial "
    "contraction), CD (conduction disturbance), HYP (hypertrophy) or a label of your own, and nothing else. "
    "Level 1, nothing found, normal not confirmed: no abnormal finding, and the ECG could not be "
    "confirmed to be normal. "
    "Level 0, called normal: the network calls it normal and nothing speaks against it. "
    "Within levels 1 to 5 an ECG comes earlier the further its most urgent label is above its threshold: "
    "(probability - threshold) / (1 - threshold). "
    "If only the normal label is above, as always at level 0, it comes earlier the closer that label is "
    "to its threshold. If no label is above, the abnormal label nearest to its threshold decides. "
    "Files without an ECG are listed separately."
)
UNCERTAINTY_DEFINITION = (
    "Uncertainty is 1 if a probability is at its threshold, near 0 far from it; higher if ensemble members "
    "disagree. It is the largest over the labels of 2 σ(-κ |logit(probability) - logit(threshold)|), with "
    "κ = 1 / √(1 + π s² / 8) and s the standard deviation of the ensemble members' logits (0 for a single "
    "network)."
)


def level(item: Item) -> int | None:
    """The item's level, one of ``LEVELS``; None while it waits, and for files that are no ECG."""
    if not item.outcome.judged:  # no judgement exists: the ECG could not be scored
        return SOON if item.state == REFUSED else None
    severity = item.outcome.judged[0].severity
    if severity is Severity.ABNORMAL and _minor(item):
        return MINOR
    return OF_SEVERITY[severity]


def urgency(item: Item) -> float | None:
    """The level plus a fraction below 1 that orders the ECGs within it; None if there is no level."""
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
