"""The description of page 2's map: which class, how it was made, and how far it can be trusted."""

from ecgapp.explain import Grade, MapReliability
from ecgapp.records import ECGRecord
from ecgapp.report.contents import ClassifierEvidence
from ecgapp.report.page import FOOT, SMALL, Column
from ecgapp.report.saliency_picture import Frame, draw_saliency
from ecgapp.report.summary import SIGN
from ecgapp.tasks.meanings import in_full

TRUST = {
    Grade.GREEN: "Every check is within its limits: it shows what this network used, right or wrong.",
    Grade.AMBER: "Read it with caution.",
    Grade.RED: "Do not read anything into this map.",
}
PICTURE, LOWEST = 88.0, 45.0  # mm: as tall as there is room for
LEGEND, RELIABILITY = 44.0, 28.0  # mm that its own words take below the picture, about


def print_relevance(column: Column, record: ECGRecord, evidence: ClassifierEvidence, below: float) -> None:
    """The map of the first class above its threshold, and its reliability; why there is none.

    The picture is as tall as leaves ``below`` mm for what is to stand under all of it.
    """
    top, explanation = evidence.findings.top, evidence.explanation
    column.heading(f"Relevance for {in_full(top.label)}" if explanation else "Relevance")
    if explanation is None:
        column.paragraph(
            "No class is above its threshold, so no map of relevance is printed: it would read as evidence."
        )
        return
    column.paragraph(
        f"Probability {top.probability:.2f}, above its threshold of {top.threshold:.2f}. "
        f"Window {explanation.start:g}-{explanation.stop:g} s."
    )
    own = LEGEND + (RELIABILITY if evidence.reliability else 0)
    height = min(PICTURE, max(LOWEST, column.y - FOOT - own - below))
    frame = Frame(column.left, column.y, column.width, height)
    legend = draw_saliency(column.page, frame, record, explanation)
    column.y -= height + 8
    column.paragraph(legend, SMALL)
    made = explanation.attribution
    column.paragraph(
        f"Integrated Gradients (Captum) against this baseline: {made.baseline}. Their sum misses the logit's "
        f"change ({made.baseline_logit:.2f} to {made.logit:.2f}) by {100 * made.completeness_error:.1f} %. "
        "Such maps show what the network used, not the cause of a finding.",
        SMALL,
    )
    if made.shortfall:
        column.paragraph(f"{SIGN} {made.shortfall}")
    _print_reliability(column, evidence.reliability)


def _print_reliability(column: Column, card: MapReliability | None) -> None:
    """The grade in a word, and each check with its figure and limits."""
    if card is None:
        column.paragraph("How far this map can be trusted has not been checked.", SMALL)
        return
    column.heading(f"Reliability of this map: {card.grade.name.lower()}")
    column.paragraph(TRUST[card.grade], SMALL)
    for check in card.checks:
        if check.value is not None and check.grade is not None and check.limit is not None:
            grade = check.grade.name.lower()
            column.paragraph(f"{check.name}: {check.value:.2f}, {grade} ({check.limit.words}).", SMALL)
