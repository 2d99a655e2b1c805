"""Page 2, what a model made of the record: findings, measurements, relevance, and what they rest on."""

from collections.abc import Sequence

from ecgapp.explain import Card, Grade
from ecgapp.models import ModelCard
from ecgapp.report.bundle import digest
from ecgapp.report.contents import Contents, Evidence
from ecgapp.report.head import LEFT, RIGHT, print_foot, print_head
from ecgapp.report.intervals import print_measurements
from ecgapp.report.page import Column, Page, Type
from ecgapp.report.reading import UNTIL, by_whom, has_words, print_decision, wrote
from ecgapp.report.saliency import Frame, draw_saliency
from ecgapp.report.section import SMALL, Section, print_all
from ecgapp.report.table import print_table, rules
from ecgapp.report.tracing import rate_in_words
from ecgapp.signals import remarks
from ecgapp.words import in_full, meaning, population

MIDDLE, TOP = 168.0, 190.0  # mm
UNDER = 14.5  # mm: where the last page tells that it has no room for more
TRUST = {
    Grade.GREEN: "Every check is within its limits: it shows what this network used, right or wrong.",
    Grade.AMBER: "Read it with caution.",
    Grade.RED: "Do not read anything into this map.",
}
PICTURE, LOWER = 88.0, 72.0  # mm; the lower one leaves room for what readers wrote
OF_HUNDRED = (
    "Of 100: how many of 100 patients with this answer have it (95 % interval), at the validation records' "
    "prevalence unless another is told."
)


def draw_evidence(page: Page, contents: Contents) -> tuple[Section, ...]:
    """Findings, measurements and model at the left, relevance and the textbook's rules at the right.

    What there is no room for goes back, for ``draw_rest``; the foot is drawn by ``print_number``.
    """
    print_head(page, contents, _title(contents))
    left = Column(page, LEFT, TOP, MIDDLE - LEFT - 8)
    _print_findings(left, contents)
    _print_recording(left, contents)
    right = Column(page, MIDDLE, TOP, RIGHT - MIDDLE)
    stands: tuple[Section, ...] = ()
    if contents.evidence is not None:
        rest = print_all(left, [_model(contents.evidence.card)])
        _print_relevance(right, contents, contents.evidence)
        stands = (*rest, *print_all(right, [rules(contents.evidence.findings, contents.support)]))
    calipers = Section("Calipers kept by the reader", contents.calipers)
    return (*stands, *print_all(right, [wrote(contents)]), *print_all(left, [calipers]))


def draw_rest(page: Page, contents: Contents, rest: Sequence[Section]) -> None:
    """A page of what page 2 had no room for; what even this one has not is told of."""
    print_head(page, contents, f"{_title(contents)}, continued")
    columns = (
        Column(page, LEFT, TOP, MIDDLE - LEFT - 8),
        Column(page, MIDDLE, TOP, RIGHT - MIDDLE),
    )
    for column in columns:
        rest = print_all(column, rest)
    if n_left := sum(len(section.sentences) for section in rest):
        page.text(LEFT, UNDER, f"{n_left} more are not printed.", Type(SMALL))


def print_number(page: Page, number: tuple[int, int]) -> None:
    """The foot of a page behind the tracing."""
    print_foot(page, number, UNTIL)


def _title(contents: Contents) -> str:
    if contents.evidence is None:
        return "Not read by a model"
    return f"Read by a model, {by_whom(contents)}"


def _print_findings(column: Column, contents: Contents) -> None:
    column.heading(f"Findings, {contents.status}")
    print_decision(column, contents)
    evidence = contents.evidence
    if evidence is None:
        column.paragraph(contents.refusal or "No classifier has been asked.")
        judged = contents.admission
        if judged is not None and judged.labels_withheld and judged.in_figures:
            column.paragraph(judged.in_figures, SMALL)
        return
    print_table(column, evidence.findings, contents.support)
    if contents.support:
        column.paragraph(OF_HUNDRED, SMALL)
    named = [f"{row.label}: {meaning(row.label)}" for row in evidence.findings.rows if meaning(row.label)]
    column.paragraph("; ".join(named), SMALL)
    column.paragraph(population(evidence.card), SMALL)
    for warning in evidence.findings.warnings:
        column.paragraph(warning, SMALL)


def _print_recording(column: Column, contents: Contents) -> None:
    record = contents.record
    column.heading("Recording and measurements")
    length = f"{record.n_leads} leads, {record.duration:.1f} s at {record.sampling_rate:g} samples/s"
    column.paragraph(f"{rate_in_words(record).capitalize()}. {length}, in {record.units}.")
    for remark in remarks(record):
        column.paragraph(remark)
    column.paragraph(f"sha256 of its samples: {digest(record.signal)}", SMALL)
    if contents.measured is not None:
        column.y -= 1.0
        print_measurements(column, contents.measured)


def _model(card: ModelCard) -> Section:
    config = card.preprocessing
    low = f"above {config.highpass:g} Hz" if config.highpass else "from 0 Hz"
    high = f"below {config.lowpass:g} Hz" if config.lowpass else "without a low-pass"
    return Section(
        "Model",
        (
            f"{card.title or card.name}, name {card.name}, sha256 of its weights:",
            card.sha256,
            f"It saw {len(config.leads)} leads at {config.sampling_rate:g} samples/s, {low} and {high}, each "
            f"lead at unit variance, in windows of {config.window_seconds:g} s, "
            "whatever filter the tracing has.",
        ),
    )


def _print_relevance(column: Column, contents: Contents, evidence: Evidence) -> None:
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
    height = LOWER if has_words(contents) else PICTURE
    frame = Frame(column.left, column.y, column.width, height)
    legend = draw_saliency(column.page, frame, contents.record, explanation)
    column.y -= height + 8
    column.paragraph(legend, SMALL)
    made = explanation.attribution
    column.paragraph(
        f"Integrated Gradients (Captum) against this baseline: {made.baseline}. Their sum misses the logit's "
        f"change ({made.baseline_logit:.2f} to {made.logit:.2f}) by {100 * made.completeness_error:.1f} %. "
        "Such maps show what the network used, not the cause of a finding.",
        SMALL,
    )
    _print_reliability(column, evidence.reliability)


def _print_reliability(column: Column, card: Card | None) -> None:
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
