"""The headline above the tracing: critical findings in a red box, then the rest of the judgement."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp.analysis import JudgementLine, OpenedECG, Severity
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.judgement.judge import gate_lines
from ecgapp.analysis.judgement.known_facts import KnownFacts
from ecgapp.analysis.judgement.measured_lines import critical_lines
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.reviews import Review
from ecgapp.signals.paper import PAGE_SECONDS
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.sign_off import reader
from ecgapp.ui.sign_off.reading_panel import FIRST

ICONS = {
    Severity.CRITICAL: ":material/report:",
    Severity.PROMPT: ":material/priority_high:",
    Severity.CONTRADICTION: ":material/sync_problem:",
    Severity.ABNORMAL: ":material/monitor_heart:",
    Severity.UNKNOWN: ":material/help:",
    Severity.NORMAL: ":material/info:",
}
MOST_BESIDE = 3  # further lines beside a critical finding, so that the tracing stays in view
LINE_BREAK = "  \n"  # of Markdown
GATE_STAYS = "You can still read the tracing. The rate of wrongly refused records is on the Performance page."
BEFORE_READING = (
    "This alarm is shown before your read because it may be urgent. It comes from rules and the ventricular "
    "network; the classifier has not run. The audit trail records that you saw it."
)


def show_judgement(place: DeltaGenerator, ecg: OpenedECG, card: ModelCard | None, status: str) -> None:
    """Fill ``place`` with the judgement; ``status`` is what readers made of the labels, as Markdown.

    Red is for critical findings alone, blue for where nothing speaks against a normal ECG, amber for all
    between; a symbol and a word say the same as the colour.
    """
    judged = ecg.judgement(card)
    with place.container():
        _critical_box(judged.of(Severity.CRITICAL), ecg.critical())
        rest = judged.of(*(one for one in Severity if one is not Severity.CRITICAL))
        if rest:
            worst, first = rest[0].severity, rest[:MOST_BESIDE] if ecg.critical() else rest
            box = st.info if worst is Severity.NORMAL else st.warning
            words = escape_markdown(" ".join(line.words for line in first))
            words += " More in detail below the tracing." if len(first) < len(rest) else ""
            box(f"**{worst.word}, {status}.** {words}", icon=ICONS[worst])


def details(ecg: OpenedECG, card: ModelCard | None) -> None:
    """Draw the judgement, folded: each line with its source, and the differential of critical findings."""
    with st.expander("The judgement in detail: sources, and what else a critical finding could be"):
        for finding in ecg.critical():
            st.markdown(
                f"**{escape_markdown(finding.name)}**, {finding.start:.1f}-{finding.end:.1f} s, found by "
                f"{finding.found_by}. Could also be: {escape_markdown(finding.differential.rstrip('.'))}. "
                f"Limits: {escape_markdown(finding.source.rstrip('.'))}."
            )
        judged, admission = ecg.judgement(card), ecg.admission()
        lines = [
            {"Severity": line.severity.word, "Statement": line.words, "Source": line.source}
            for line in judged.lines
        ]
        st.table(pd.DataFrame(lines).set_index("Severity"))
        if admission.labels_withheld:
            st.caption(f"{admission.in_figures} {GATE_STAYS}".lstrip())


def before_reading(place: DeltaGenerator, ecg: OpenedECG, reviewed: Review) -> None:
    """Show critical findings, and a refusal that may be a dangerous rhythm, above an ECG to be read first.

    That they were shown is kept in the trail; where it cannot be kept they are shown all the same.
    """
    findings = ecg.critical()
    refusal = [
        line
        for line in gate_lines(KnownFacts(admission=ecg.readability()))
        if line.severity is Severity.CRITICAL
    ]
    with place.container():
        _critical_box((*critical_lines(KnownFacts(findings)), *refusal), findings, BEFORE_READING)
        st.info(FIRST)
    try:
        reader.note_alarmed(reviewed, findings)
    except EcgAppError as error:
        st.error(str(error))


def _critical_box(
    lines: Sequence[JudgementLine], findings: Sequence[CriticalFinding], note: str = ""
) -> None:
    """One red box with a line for each critical finding; nothing where there is none.

    What else it could be stands behind the worst one alone, for the tracing below should stay in view.
    """
    if lines:
        parts = [_alarm(line.words, finding) for line, finding in zip(lines, findings, strict=False)]
        if findings:
            parts[0] += f" :small[Could also be: {escape_markdown(findings[0].differential.rstrip('.'))}.]"
        parts += [f"**{escape_markdown(line.words)}**" for line in lines[len(findings) :]]  # the gate's own
        parts += [f":small[{escape_markdown(note)}]"] if note else []
        st.error(f"**{Severity.CRITICAL.word}.** {LINE_BREAK.join(parts)}", icon=ICONS[Severity.CRITICAL])


def _alarm(words: str, finding: CriticalFinding) -> str:
    """The alarm in bold, and its evidence."""
    evidence = words.removeprefix(finding.sentence).strip()
    where = f" ({finding.start:.1f}-{finding.end:.1f} s)" if finding.end > PAGE_SECONDS else ""
    return f"**{escape_markdown(finding.sentence)}**{where} {escape_markdown(evidence)}"
