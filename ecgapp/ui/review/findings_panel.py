"""The findings on the review page: the table, what rules and leads say, and one class in detail."""

from collections.abc import Mapping

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Findings, OpenedECG, Support
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.models.card_words import population
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.review import findings

PREVALENCES = "prevalences"  # what the reader set, by class, between 0 and 1; for the session
LEAST, MOST = 0.01, 99.0  # per cent
COLUMNS = {
    "Finding": st.column_config.TextColumn(width=64),
    "Probability": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0, width=84),
    "Threshold": st.column_config.NumberColumn(format="%.2f", width=70),
    "Result": st.column_config.TextColumn(width=66),
    findings.OF_HUNDRED: st.column_config.TextColumn(
        width=100, help="Patients of 100 with this answer who have the class, with a 95 % interval"
    ),
    "Precision (95 %)": st.column_config.TextColumn(width=214),
    "Positives of n": st.column_config.TextColumn(width=92),
    "Rule": st.column_config.TextColumn(
        width=86,
        help="What a textbook rule finds in the measurements: present, absent, or borderline, where its "
        "limit lies within the error of measurement. ✗: the network says the opposite. A rule errs too: its "
        "sensitivity and specificity are in the documentation.",
    ),
    "Doubt": st.column_config.TextColumn(
        width=48, help="A lead that the class hangs on is faulty, or the recording as a whole: see below"
    ),
    "Status": st.column_config.TextColumn(width=92),
}


@st.fragment
def findings_panel(ecg: OpenedECG, result: Findings, card: ModelCard, statuses: Mapping[str, str]) -> None:
    """One row a class; below it one in detail at a prevalence to set, and the others worth a look.

    ``statuses`` are what a reader decided, by class.
    """
    beside = supported(ecg, result)
    shown = findings.table(result, beside, statuses)
    if not any(support.doubts for support in beside.values()):
        shown = shown.drop(columns="Doubt")
    with st.container(key="findings"):
        st.dataframe(shown, hide_index=True, column_config=COLUMNS, height="content")
    label = _detail(result, beside, card, ecg.record.record_id)
    for line in findings.worth_a_look(result, beside, label):
        st.markdown(line)
    for sentences in (result.warnings, (population(card), findings.abbreviations(result))):
        if sentences:
            st.caption(" ".join(sentences))


def supported(ecg: OpenedECG, result: Findings) -> dict[str, Support]:
    """What stands beside each finding, at the prevalences that hold in this session."""
    try:
        measured = ecg.measurements()
    except EcgAppError:  # the measurements' own panel says why
        measured = None
    facts = None if measured is None else (measured, ecg.record.sampling_rate)
    return analysis.support(result, facts, ecg.quality, prevalences())


def prevalences() -> dict[str, float]:
    """What the reader set in this session, by class, between 0 and 1."""
    found: dict[str, float] = st.session_state.setdefault(PREVALENCES, {})
    return found


def _detail(result: Findings, beside: Mapping[str, Support], card: ModelCard, record_id: str) -> str:
    """One class in sentences, at a prevalence that can be set; which one it is."""
    rows = {row.label: row for row in findings.in_order(result)}
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
            help="How many of 100 of your patients have it, before this ECG. It holds for this session.",
        )  # fmt: skip
        if support.is_set:
            right.button(
                f"Back to the validation records' {100 * support.validation:.3g} %",
                key="prevalence_back", on_click=_back, args=(label, key),
            )  # fmt: skip
    for sentence in findings.in_detail(rows[label], support):
        st.markdown(sentence)
    return label


def _set(label: str, key: str) -> None:
    prevalences()[label] = st.session_state[key] / 100


def _back(label: str, key: str) -> None:
    prevalences().pop(label, None)
    st.session_state.pop(key, None)
