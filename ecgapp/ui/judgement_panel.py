"""The headline above the tracing: critical findings in a red box, then the rest of the judgement."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp.analysis import JudgementLine, OpenedECG, Severity
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.judgement.known import Known
from ecgapp.analysis.judgement.measured import critical_lines
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.paper import PAGE_SECONDS
from ecgapp.reviews import Review
from ecgapp.ui import gate_panel, reading
from ecgapp.ui.reading_panel import FIRST
from ecgapp.words import as_typed

ICONS = {
    Severity.CRITICAL: ":material/emergency:",
    Severity.PROMPT: ":material/priority_high:",
    Severity.CONTRADICTION: ":material/sync_problem:",
    Severity.ABNORMAL: ":material/monitor_heart:",
    Severity.UNKNOWN: ":material/help:",
    Severity.NORMAL: ":material/info:",
}
BEFORE_READING = (
    "This alarm is shown before your read because it may be urgent. It comes from rules on the signal; no "
    "classifier has been asked. The trail keeps that you saw it."
)


def show_judgement(place: DeltaGenerator, ecg: OpenedECG, card: ModelCard | None, status: str) -> None:
    """Fill ``place`` with the judgement; ``status`` is what readers made of the labels, as Markdown.

    Red is for critical findings alone, blue for where nothing speaks against a normal ECG, amber for all
    between; a symbol and a word say the same as the colour.
    """
    judged, admission = ecg.judgement(card), ecg.admission()
    with place.container():
        _critical_box(judged.of(Severity.CRITICAL), ecg.critical())
        rest = judged.of(*(one for one in Severity if one is not Severity.CRITICAL))
        if rest:
            worst = rest[0].severity
            box = st.info if worst is Severity.NORMAL else st.warning
            words = as_typed(" ".join(line.words for line in rest))
            box(f"**{worst.word}, {status}.** {words}", icon=ICONS[worst])
        if admission is not None and admission.refused:
            st.caption(gate_panel.in_figures(admission))


def before_reading(place: DeltaGenerator, ecg: OpenedECG, reviewed: Review) -> None:
    """What may stand above the tracing while the ECG is to be read first: critical findings alone.

    That they were shown is kept in the trail; where it cannot be kept they are shown all the same.
    """
    found = ecg.critical()
    with place.container():
        _critical_box(tuple(critical_lines(Known(found))), found, BEFORE_READING)
        st.info(FIRST)
    try:
        reading.note_alarmed(reviewed, found)
    except EcgAppError as error:
        st.error(str(error))


def _critical_box(lines: Sequence[JudgementLine], found: Sequence[CriticalFinding], note: str = "") -> None:
    """One red box with a paragraph for each critical finding; nothing where there is none."""
    if lines:
        parts = [_paragraph(line.words, finding) for line, finding in zip(lines, found, strict=True)]
        parts += [f":small[{as_typed(note)}]"] if note else []
        st.error("\n\n".join(parts), icon=ICONS[Severity.CRITICAL])


def _paragraph(words: str, finding: CriticalFinding) -> str:
    """The alarm in bold, its evidence, and in small print what else it could be and who says so."""
    evidence = words.removeprefix(finding.sentence).strip()
    where = f" ({finding.start:.1f}-{finding.end:.1f} s)" if finding.end > PAGE_SECONDS else ""
    small = (
        f"Could also be: {finding.differential.rstrip('.')}. Found by {finding.found_by}: {finding.source}"
    )
    alarm = f"**{Severity.CRITICAL.word}. {as_typed(finding.sentence)}**{where}"
    return f"{alarm} {as_typed(evidence)} :small[{as_typed(small.rstrip('.'))}.]"
