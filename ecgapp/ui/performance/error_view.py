"""One record that the model was wrong about: its tracing with the saliency of the class behind it."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Admission, Explanation, Finding, Findings, OpenedECG, SaliencyQuestion
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import Mistake
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.system.memory import give_back_freed
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.performance.selection import Selection
from ecgapp.ui.review import relevance_charts
from ecgapp.ui.review.saliency_panel import shortfall_notice
from ecgapp.ui.shell import auth, ecg_in_view, model_choice, session
from ecgapp.ui.shell.open_ecgs import open_ecg
from ecgapp.ui.sign_off import reader
from ecgapp.ui.tracing import saliency_overlay
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.paper_layout import CONFIG

OPENED = "error_opened"  # session state: the record that was opened last, with its key
REVIEW = "pages/review.py"
MEMBER, ENSEMBLE = "the member that was wrong", "the whole ensemble"
FROM_MEMBER = "The list shows the answer of the one member that had not learnt from this record"


@dataclass(frozen=True, eq=False)
class NetworkAnswer:
    """The finding of one network now, its explanation, and the figure of that."""

    finding: Finding
    explanation: Explanation
    figure: go.Figure


@dataclass(frozen=True, eq=False)
class OpenedMistake:
    """An ECG, and the answers to it: of the model, and of the one member that the list's is from."""

    ecg: OpenedECG
    answers: dict[str, NetworkAnswer]


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the row of the predictions, the class, and the kind of mistake."""

    row: int
    label: str
    kind: Mistake


def error_view(selection: Selection, wrong: Wrong) -> None:
    """The tracing for an administrator; else, or where the data set is not here, a sentence why not."""
    try:
        auth.check_admin(session.settings())
        opened = _opened_mistake((selection.card.digest, wrong.label, wrong.row), selection, wrong)
    except EcgAppError as error:
        st.info(escape_markdown(str(error)))
        return
    reader.mark_seen(opened.ecg.fingerprint)  # who saw this can read it first no more
    st.markdown(_in_words(selection, wrong))
    st.caption(f"Codes in the data set: {escape_markdown(', '.join(opened.ecg.record.codes) or 'none')}.")
    st.caption(_by_gate(opened.ecg.admission()))
    answer = _choose_answer(selection, opened)
    line = selection.thresholds[selection.place(wrong.label)]
    st.markdown(saliency_overlay.in_words(answer.explanation, replace(answer.finding, threshold=line)))
    shortfall_notice(answer.explanation)
    alt = f"Tracing of the record, with the relevance of each moment of each lead for {wrong.label} behind it"
    with paper(answer.figure, "error_saliency"):
        st.plotly_chart(
            answer.figure, theme=None, config=CONFIG, key="error_saliency", height="stretch", alt=alt
        )
    st.caption(saliency_overlay.method_in_words(answer.explanation))
    with st.expander("Relevance by lead as a table"):
        st.dataframe(relevance_charts.lead_table(answer.explanation), hide_index=True, key="error_leads")
    if st.button("Open on the Review page", key="error_review", icon=":material/open_in_new:"):
        ecg_in_view.open_record(opened.ecg.record, f"Record {opened.ecg.record.record_id}")
        st.session_state["classifier"] = selection.card.name
        st.switch_page(REVIEW)


def _choose_answer(selection: Selection, opened: OpenedMistake) -> NetworkAnswer:
    """Draw the choice of an answer; of an ensemble first the member's, for it made the mistake."""
    names = list(opened.answers)
    if len(names) == 1:
        if selection.cross_fitted:
            st.caption(
                f"{FROM_MEMBER}; which one it was cannot be told here. What follows is the ensemble's."
            )
        return opened.answers[names[0]]
    chosen = st.segmented_control("Answer of", names, default=names[0], required=True, key="error_answer")
    other = opened.answers[ENSEMBLE].finding.probability
    st.caption(
        f"{FROM_MEMBER}. The other ensemble members were trained on this record; all members together give "
        f"{other:.3f}."
    )
    return opened.answers[chosen or names[0]]


def _opened_mistake(key: Hashable, selection: Selection, wrong: Wrong) -> OpenedMistake:
    """Opened once; the next record takes its place, so that a session holds one.

    Raises:
        EcgAppError: the record is not on this machine, or the model cannot take it.
    """
    last: tuple[Hashable, OpenedMistake] | None = st.session_state.get(OPENED)
    if last is None or last[0] != key:
        st.session_state.pop(OPENED, None)
        with st.spinner("Opening the record"):
            last = (key, _open(selection, wrong))
        st.session_state[OPENED] = last
        give_back_freed()
    return last[1]


def _open(selection: Selection, wrong: Wrong) -> OpenedMistake:
    ecg = open_ecg(
        analysis.validated_record(selection.card, selection.predictions, wrong.row, session.settings())
    )
    answers = {}
    if selection.cross_fitted:
        model = model_choice.opened(selection.card)
        member = analysis.answering_member(model, selection.predictions, wrong.row)
        if member is not None:
            answers[MEMBER] = _answer_of_member(ecg.record, member, wrong.label)
    findings = ecg.findings(selection.card)
    explanation = ecg.explanation(
        selection.card, SaliencyQuestion(wrong.label, findings.best_window(wrong.label))
    )
    answers[ENSEMBLE] = _drawn(ecg.record, findings, explanation)
    ecg.admission()  # now, while the reader sees that the record is being opened
    return OpenedMistake(ecg, answers)


def _by_gate(judged: Admission) -> str:
    """A sentence on whether the Review page would show labels of the record."""
    if not judged.has_judge:
        return "No gate is installed, so that labels of any record are shown."
    if judged.labels_withheld:
        return f"The Review page shows no label of it. {judged.reason} {judged.in_figures}".rstrip()
    if judged.reason:
        return judged.reason
    return f"The gate lets it through. {judged.in_figures}"


def _answer_of_member(record: ECGRecord, member: TrainedModel, label: str) -> NetworkAnswer:
    """The answer of one member of an ensemble, which is no installed model of its own."""
    findings = analysis.find(record, member)
    question = SaliencyQuestion(label, findings.best_window(label))
    return _drawn(record, findings, analysis.explain(findings.prepared, member, question))


def _drawn(record: ECGRecord, findings: Findings, explanation: Explanation) -> NetworkAnswer:
    finding = next(row for row in findings.rows if row.label == explanation.label)
    return NetworkAnswer(finding, explanation, saliency_overlay.saliency(record, explanation))


def _in_words(selection: Selection, wrong: Wrong) -> str:
    """A sentence with the record's name, its labels, and its probability in the validation."""
    names, predictions = selection.predictions.names, selection.predictions
    if names is None:
        return ""
    truth = zip(selection.task.label_names, predictions.targets[wrong.row] == 1, strict=True)
    has = [in_full(name) for name, there in truth if there]
    probability = float(predictions.probabilities[wrong.row, selection.place(wrong.label)])
    record, store = escape_markdown(names.ids[wrong.row]), escape_markdown(names.origin(wrong.row).store)
    return (
        f"Record **{record}** of {store}, a {wrong.kind}. By its data set it has: "
        f"{', '.join(has) or 'none of the labels'}. In the validation it got {probability:.3f}."
    )
