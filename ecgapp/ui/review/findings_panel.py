"""The findings on the review page: one row a class, what rules and leads say, and one class in detail."""

from collections.abc import Iterable, Mapping

import pandas as pd
import streamlit as st

from ecgapp.analysis import Finding, Findings, OpenedECG, Support
from ecgapp.analysis.findings import UNCONFIRMED
from ecgapp.analysis.rules import Presence
from ecgapp.models import LabelMetrics, ModelCard
from ecgapp.models.card_words import insufficient, of_label, population
from ecgapp.tasks.meanings import in_full, meaning

OF_HUNDRED = "Have it, of 100"
MARKS = {
    Presence.PRESENT: "present",
    Presence.BORDERLINE: "borderline",
    Presence.ABSENT: "absent",
    Presence.CANNOT_TELL: "cannot tell",
}
CONTRADICTS = "✗ "  # before the rule's word where the network says the opposite
PREVALENCES = "prevalences"  # what the reader set, by class, between 0 and 1; for the session
LEAST, MOST = 0.01, 99.0  # per cent
COLUMNS = {
    "Finding": st.column_config.TextColumn(width=64),
    "Probability": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0, width=84),
    "Threshold": st.column_config.NumberColumn(format="%.2f", width=70),
    "Result": st.column_config.TextColumn(width=66),
    OF_HUNDRED: st.column_config.TextColumn(
        width=100,
        help="Of 100 patients with this result, how many have the condition (95 % interval), at the "
        "prevalence set below.",
    ),
    "Precision (95 %)": st.column_config.TextColumn(width=214),
    "Positives of n": st.column_config.TextColumn(width=92),
    "Rule": st.column_config.TextColumn(
        width=86,
        help="What a textbook rule finds in the measurements: present, absent, or borderline: the "
        "measurement is within its error of the rule's limit. ✗: the network says the opposite. A rule errs "
        "too: its sensitivity and specificity are in the documentation.",
    ),
    "Quality": st.column_config.TextColumn(
        width=58, help="A lead needed for this finding is faulty, or the whole recording is doubtful."
    ),
    "Status": st.column_config.TextColumn(width=92),
}


@st.fragment
def findings_panel(ecg: OpenedECG, result: Findings, card: ModelCard, statuses: Mapping[str, str]) -> None:
    """One row a class; below it one in detail at a prevalence to set, and the others worth a look.

    ``statuses`` are what a reader decided, by class.
    """
    beside = ecg.support(card, prevalences())
    rows = table(result, beside, statuses)
    if not any(support.doubts for support in beside.values()):
        rows = rows.drop(columns="Quality")
    with st.container(key="findings"):
        st.dataframe(rows, hide_index=True, column_config=COLUMNS, height="content")
    label = _detail(result, beside, card, ecg.record.record_id)
    for line in worth_a_look(result, beside, label):
        st.markdown(line)
    for sentences in (result.warnings, (population(card), abbreviations(result))):
        if sentences:
            st.caption(" ".join(sentences))


def prevalences() -> dict[str, float]:
    """The prevalences that the reader set in this session, by class, between 0 and 1."""
    by_class: dict[str, float] = st.session_state.setdefault(PREVALENCES, {})
    return by_class


def _detail(result: Findings, beside: Mapping[str, Support], card: ModelCard, record_id: str) -> str:
    """Draw one class in sentences, at a prevalence that can be set; return which one it is."""
    rows = {row.label: row for row in in_order(result)}
    left, middle, right = st.columns([3, 2, 2], vertical_alignment="bottom")
    key = f"detail_{card.digest}_{record_id}"
    label = left.selectbox("In detail", list(rows), format_func=in_full, key=key)
    support = beside[label]
    if support.validation is not None and support.prevalence is not None:
        key = f"prevalence_{card.digest}_{label}"
        st.session_state.setdefault(key, 100 * support.prevalence)
        middle.number_input(
            f"Prevalence of {label} (%)", LEAST, MOST, step=0.5, format="%.2f", key=key,
            on_change=_set, args=(label, key),
            help="How many of 100 patients like yours have it before the ECG is seen. Reset when you close "
            "the page.",
        )  # fmt: skip
        if support.is_set:
            right.button(
                f"Back to the validation records' {100 * support.validation:.3g} %",
                key="prevalence_back", on_click=_back, args=(label, key),
            )  # fmt: skip
    for sentence in in_detail(rows[label], support):
        st.markdown(sentence)
    return label


def _set(label: str, key: str) -> None:
    prevalences()[label] = st.session_state[key] / 100


def _back(label: str, key: str) -> None:
    prevalences().pop(label, None)
    st.session_state.pop(key, None)


def table(
    findings: Findings, beside: Mapping[str, Support], statuses: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Classes above their threshold first, then by probability.

    ``beside`` holds each one's support, ``statuses`` what its reader decided.
    """
    decided = statuses or {}
    rows = in_order(findings)
    return pd.DataFrame([_row(row, beside[row.label], decided.get(row.label, UNCONFIRMED)) for row in rows])


def findable(cards: Iterable[ModelCard]) -> pd.DataFrame:
    """Every class that the classifiers among ``cards`` look for, and how well each was found."""
    rows = [
        _findable(card, label.name) for card in cards if card.task is not None for label in card.task.labels
    ]
    return pd.DataFrame(rows)


def _findable(card: ModelCard, label: str) -> dict[str, str]:
    validated = card.validation.per_label if card.validation else ()
    metrics = next((row for row in validated if row.label == label), None)
    return {
        "Class": label,
        "In words": meaning(label) or "-",
        "Model": card.name,
        "Precision (95 %)": of_label(metrics, "precision"),
        "Recall (95 %)": of_label(metrics, "recall"),
        "Positives of n": _positives(metrics),
    }


def _positives(metrics: LabelMetrics | None) -> str:
    return f"{metrics.n_positive} of {metrics.n}" if metrics else "-"


def in_order(findings: Findings) -> list[Finding]:
    """The findings in the table's order: above the threshold first, then by probability."""
    return sorted(findings.rows, key=lambda row: (not row.positive, -row.probability))


def _row(row: Finding, beside: Support, status: str) -> dict[str, object]:
    metrics = row.metrics
    return {
        "Finding": row.label,
        "Probability": row.probability,
        "Threshold": row.threshold,
        "Result": "▲ above" if row.positive else "below",
        OF_HUNDRED: beside.of_hundred or "-",
        "Precision (95 %)": of_label(metrics, "precision"),
        "Positives of n": _positives(metrics),
        "Rule": _of_rule(row, beside),
        "Quality": "⚠" if beside.doubts else "",
        "Status": status,
    }


def _of_rule(row: Finding, beside: Support) -> str:
    if beside.verdict is None:
        return "no rule"
    mark = CONTRADICTS if beside.verdict.contradicts(row.positive) else ""
    return f"{mark}{MARKS[beside.verdict.presence]}"


def in_detail(row: Finding, beside: Support) -> list[str]:
    """Sentences of Markdown about one class: in patients, by rule, and what to doubt."""
    side = "above" if row.positive else "below"
    words = [
        f"**{in_full(row.label)}**: {row.probability:.2f}, {side} its threshold of {row.threshold:.2f}.",
        beside.in_patients(),
    ]
    if beside.is_set and beside.probability is not None:
        words.append(
            f"Probability for this ECG at that prevalence: {beside.probability:.2f} (the threshold does not "
            "change)."
        )
    if insufficient(row.metrics) is None:
        words.append(f"Sensitivity on the validation records: {of_label(row.metrics, 'recall')}.")
    return [" ".join(words), " ".join(sentence for sentence in (by_rule(beside), beside.doubts) if sentence)]


def by_rule(beside: Support) -> str:
    """A sentence with the rule's result, or that there is no rule."""
    if beside.verdict is None:
        return "No textbook rule was checked for it."
    return f"Textbook rule: {beside.verdict.description}."


def worth_a_look(findings: Findings, beside: Mapping[str, Support], label: str) -> list[str]:
    """A line of Markdown for each class but ``label`` that is above its threshold, or ought to be by rule."""
    lines = []
    for row in in_order(findings):
        support = beside[row.label]
        disagrees = support.verdict is not None and support.verdict.contradicts(row.positive)
        if row.label == label or not (row.positive or disagrees):
            continue
        side = "above" if row.positive else "below"
        lines.append(f"**{row.label}** is {side} its threshold. {by_rule(support)} {support.doubts}".rstrip())
    return lines


def abbreviations(findings: Findings) -> str:
    """The meanings of the classes' short names."""
    named = [f"{row.label}: {meaning(row.label)}" for row in findings.rows if meaning(row.label)]
    return "; ".join(named)
