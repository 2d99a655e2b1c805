"""Page 2, what a model made of the record: findings, measurements, relevance, and what they rest on."""

from dataclasses import dataclass

from ecgapp.analysis import beside_critical
from ecgapp.models import ModelCard
from ecgapp.models.card_words import population
from ecgapp.report.bundle import digest
from ecgapp.report.contents import Contents
from ecgapp.report.findings_table import INDENT, print_table
from ecgapp.report.interval_lines import print_measurements
from ecgapp.report.map_words import print_relevance
from ecgapp.report.page import (
    ALARM,
    FOOT,
    LEFT,
    RIGHT,
    SMALL,
    Column,
    Page,
    Section,
    Type,
    height_of_all,
    print_all,
    print_foot,
    print_head,
)
from ecgapp.report.signatures import UNTIL, by_whom, print_decision, wrote
from ecgapp.report.summary import SIGN
from ecgapp.signals import PreprocessingConfig, remarks
from ecgapp.tasks.meanings import meaning

MIDDLE, TOP = 168.0, 189.0  # mm
UNDER = 14.5  # mm: where the last page counts what it has no room for
MOST_JUDGED = 4  # lines
OF_HUNDRED = (
    "Of 100: how many of 100 patients with this answer have it (95 % interval), at the validation records' "
    "prevalence unless another is told."
)


@dataclass(frozen=True)
class Rest:
    """The parts that do not fit on page 2: the measurements as a whole, sentences under their headings."""

    recording: bool = False
    sections: tuple[Section, ...] = ()

    def __bool__(self) -> bool:
        return self.recording or bool(self.sections)


def draw_evidence(page: Page, contents: Contents) -> Rest:
    """Findings and measurements at the left; alarms, relevance and model at the right.

    What there is no room for goes back, for ``draw_rest``; the foot is drawn by ``print_number``.
    """
    print_head(page, contents, _title(contents))
    left = Column(page, LEFT, TOP, MIDDLE - LEFT - 8)
    right = Column(page, MIDDLE, TOP, RIGHT - MIDDLE)
    if contents.evidence is None:  # nothing else stands at the right
        _print_critical(left, contents)
    _print_findings(left, contents)
    placed = _has_room(left, contents)
    if placed:
        _print_recording(left, contents)
    model = [_model(contents.evidence.card)] if contents.evidence is not None else []
    calipers = Section("Calipers kept by the reader", contents.calipers)
    sections = [*print_all(left, [_about(contents)]), wrote(contents), *model, calipers]
    if contents.evidence is not None:
        _print_critical(right, contents)
        print_relevance(right, contents.record, contents.evidence, height_of_all(right, sections))
    if not placed and _has_room(right, contents):
        _print_recording(right, contents)
        placed = True
    return Rest(not placed, print_all(left, print_all(right, sections)))


def _has_room(column: Column, contents: Contents) -> bool:
    """Whether the measurements fit below what stands in ``column``, tried on another sheet."""
    trial = Column(Page(), column.left, TOP, column.width)
    _print_recording(trial, contents)
    return column.y - (TOP - trial.y) >= FOOT


def draw_rest(page: Page, contents: Contents, rest: Rest) -> None:
    """Draw what does not fit on page 2; what does not fit here either is counted."""
    print_head(page, contents, f"{_title(contents)}, continued")
    columns = (Column(page, LEFT, TOP, MIDDLE - LEFT - 8), Column(page, MIDDLE, TOP, RIGHT - MIDDLE))
    if rest.recording:
        _print_recording(columns[0], contents)
    left = rest.sections
    for column in columns:
        left = print_all(column, left)
    if n_left := sum(len(section.sentences) for section in left):
        page.text(LEFT, UNDER, f"{n_left} more are not printed.", Type(SMALL))


def print_number(page: Page, number: tuple[int, int]) -> None:
    """The foot of a page behind the tracing."""
    print_foot(page, number, UNTIL)


def _title(contents: Contents) -> str:
    if contents.evidence is None:
        measured = contents.measured is not None or contents.critical
        return "Read by rules and measurements, no labels" if measured else "Not read by a model"
    return f"Read by a model, {by_whom(contents)}"


def _print_critical(column: Column, contents: Contents) -> None:
    """Every alarm with its figures, what else it could be and who says so; nothing where there is none."""
    if not contents.critical:
        return
    column.heading(f"{SIGN} Critical findings: alarms, not diagnoses", ALARM)
    for finding in contents.critical:
        everywhere = len(finding.leads) > 1 and set(finding.leads) == set(contents.record.leads)
        named = "all leads" if everywhere else ", ".join(finding.leads)
        leads = f"{named}, " if named else ""
        where = f"{leads}{finding.start:.1f}-{finding.end:.1f} s"
        column.paragraph(f"{finding.sentence} {finding.evidence} ({where})")
        other = f"Could also be: {finding.differential.rstrip('.')}. " if finding.differential else ""
        column.paragraph(f"{other}Found by {finding.found_by}: {finding.source.rstrip('.')}.", SMALL, INDENT)


def _print_findings(column: Column, contents: Contents) -> None:
    column.heading(f"Findings, {contents.status}")
    print_decision(column, contents)
    evidence = contents.evidence
    if contents.judgement is not None:
        lines = [line.words for line in beside_critical(contents.judgement.lines)]
        column.paragraph(" ".join(lines), SMALL, most=MOST_JUDGED)
        column.y -= 1.0
    if evidence is None:
        if contents.judgement is None:  # which says so too
            column.paragraph(contents.refusal or "No classifier has been asked.")
        judged = contents.admission
        if judged is not None and judged.labels_withheld and judged.in_figures:
            column.paragraph(judged.in_figures, SMALL)
        return
    print_table(column, evidence.findings, contents.support)


def _about(contents: Contents) -> Section:
    """The section on the records behind the table's figures, and on the meaning of its short names."""
    evidence = contents.evidence
    if evidence is None:
        return Section("", ())
    named = [f"{row.label}: {meaning(row.label)}" for row in evidence.findings.rows if meaning(row.label)]
    sentences = [population(evidence.card), "; ".join(named), *evidence.findings.warnings]
    return Section("About these figures", (*sentences, *([OF_HUNDRED] if contents.support else [])))


def _print_recording(column: Column, contents: Contents) -> None:
    record, rate = contents.record, contents.heart_rate
    column.heading("Recording and measurements")
    beats = "Heart rate not measurable" if rate is None else f"Heart rate {rate:.0f}/min"
    length = f"{record.n_leads} leads, {record.duration:.1f} s at {record.sampling_rate:g} samples/s"
    column.paragraph(f"{beats}. {length}, in {record.units}.")
    for remark in remarks(record, contents.quality):
        column.paragraph(remark)
    column.paragraph(f"sha256 of its samples: {digest(record.signal)}", SMALL)
    if contents.measured is not None:
        column.y -= 1.0
        print_measurements(column, contents.measured)


def _leads(config: PreprocessingConfig) -> str:
    """``12 leads``; ``lead I``; ``lead I in place of II``."""
    read = config.substitutions or config.leads
    return f"{len(config.leads)} leads" if len(config.leads) > 1 else f"lead {read[0]}"


def _model(card: ModelCard) -> Section:
    config = card.preprocessing
    low = f"above {config.highpass:g} Hz" if config.highpass else "from 0 Hz"
    high = f"below {config.lowpass:g} Hz" if config.lowpass else "without a low-pass"
    return Section(
        "Model",
        (
            f"{card.title or card.name}, name {card.name}, sha256 of its weights:",
            card.sha256,
            f"It saw {_leads(config)} at {config.sampling_rate:g} samples/s, {low} and {high}, each "
            f"lead at unit variance, in windows of {config.window_seconds:g} s, "
            "whatever filter the tracing has.",
        ),
    )
