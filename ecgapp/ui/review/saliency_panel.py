"""The review page's saliency: which leads and moments moved the chosen class, and how far to trust that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp.analysis import Explanation, Finding, Findings, OpenedECG, SaliencyQuestion
from ecgapp.errors import EcgAppError
from ecgapp.explain import BASELINES, GRAD_CAM, RECONSTRUCTION, methods_of
from ecgapp.models import ModelCard
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.review import relevance_charts
from ecgapp.ui.review.findings_panel import in_order
from ecgapp.ui.review.page_parts import choose_window
from ecgapp.ui.review.saliency_reliability import card_view, headline
from ecgapp.ui.shell import model_choice
from ecgapp.ui.shell.ecg_in_view import figures, page_state
from ecgapp.ui.tracing import saliency_overlay
from ecgapp.ui.tracing.paper_frame import PLAIN, paper
from ecgapp.ui.tracing.paper_layout import CONFIG
from ecgapp.ui.tracing.saliency_overlay import METHOD_NAMES

OPACITY_RANGE = (20, 100, 85, 5)  # %: minimum, maximum, initial, step


@dataclass(frozen=True)
class MapChoice:
    """The map that the reader chose: of which model and question, by which method, and its opacity."""

    card: ModelCard
    question: SaliencyQuestion
    method: str
    opacity: float


@dataclass
class MapRequests:
    """The maps and checks that the reader asked for on this ECG, by the digest of the classifier."""

    below_threshold: set[tuple[str, str]] = field(default_factory=set)  # with the class
    checked: set[tuple[str, SaliencyQuestion]] = field(default_factory=set)


@dataclass(frozen=True)
class OverlayFigure:
    """The key of a drawn map; explanations are equal only to themselves."""

    explanation: Explanation
    opacity: float


@st.fragment
def saliency_panel(ecg: OpenedECG, result: Findings, card: ModelCard, statuses: Mapping[str, str]) -> None:
    """The map of the chosen class; below its threshold, only on request.

    ``statuses`` are the review status of each class.
    """
    rows = {row.label: row for row in result.rows}
    left, beside, middle, right = st.columns([5, 4, 5, 4], vertical_alignment="bottom")
    label = _choose_class(left, beside, result, f"label_{card.digest}_{ecg.record.record_id}")
    window = choose_window(
        right, result.prepared, result.best_window(label), f"window_{label}_{ecg.record.record_id}"
    )
    if not _is_map_requested(rows[label], card):
        return
    choice = _choose_how(ecg, SaliencyQuestion(label, window), card, middle)
    try:
        explanation = ecg.explanation(card, choice.question, choice.method)
        st.markdown(saliency_overlay.in_words(explanation, rows[label], statuses[label]))
        shortfall_notice(explanation)
        grade = st.empty()  # it stands above the picture, and is known after it
        _show(ecg, explanation, choice.opacity)
        _reliability(ecg, choice, grade)
    except EcgAppError as error:
        st.warning(str(error))


def _choose_class(place: DeltaGenerator, beside: DeltaGenerator, result: Findings, key: str) -> str:
    """The selected class: initially the top finding."""
    labels = [row.label for row in result.rows]
    st.session_state.setdefault(key, result.top.label)  # a default beside what a button sets is refused
    label: str = place.selectbox("Class", labels, format_func=in_full, key=key)
    beside.button(
        "Next finding", key="next_finding", shortcut="Shift+F", on_click=_next_finding, args=(result, key),
        help="Steps through the findings above threshold, then the other classes in order of probability.",
    )  # fmt: skip
    return label


def _next_finding(result: Findings, key: str) -> None:
    first = result.top.label
    order = sorted((row.label for row in in_order(result)), key=lambda label: label != first)
    st.session_state[key] = order[(order.index(st.session_state[key]) + 1) % len(order)]


def _is_map_requested(row: Finding, card: ModelCard) -> bool:
    """Whether to draw the map: yes above the threshold; below it only after the reader asks."""
    requests, request = page_state(MapRequests).below_threshold, (card.digest, row.label)
    if row.positive or request in requests:
        return True
    st.info(
        f"**{in_full(row.label)}** is below its threshold ({row.probability:.2f} < {row.threshold:.2f}), so "
        "it is not a finding. A map would only show what raised or lowered its probability."
    )
    st.button("Show the map anyway", key="map_below", on_click=requests.add, args=(request,))
    return False


def _choose_how(
    ecg: OpenedECG, question: SaliencyQuestion, card: ModelCard, place: DeltaGenerator
) -> MapChoice:
    """Method, baseline and opacity."""
    model, has_autoencoder = model_choice.opened(card), ecg.autoencoder_for(card) is not None
    offered = [name for name in BASELINES if name != RECONSTRUCTION or has_autoencoder]
    method = place.selectbox("Method", methods_of(model), format_func=METHOD_NAMES.__getitem__, key="method")
    left, right = st.columns([2, 4])
    baseline = offered[0]
    if method != GRAD_CAM:  # it has none
        baseline = left.selectbox("Baseline", offered, key="baseline")
    opacity = right.slider("Opacity of the map (%)", *OPACITY_RANGE, key="saliency_opacity")
    return MapChoice(card, replace(question, baseline=baseline), method, opacity / 100)


def _show(ecg: OpenedECG, explanation: Explanation, opacity: float) -> None:
    """The tracing with the map behind it, the map over beats and waves, and all of it in tables."""
    figure = figures().once(
        OverlayFigure(explanation, opacity),
        lambda: saliency_overlay.saliency(ecg.record, explanation, opacity),
        heavy=True,
    )
    alt = f"Relevance of each moment of each lead for {explanation.label}, behind the tracing"
    with paper(figure, "saliency"):
        st.plotly_chart(figure, theme=None, config=CONFIG, key="saliency", height="stretch", alt=alt)
    st.caption(saliency_overlay.method_in_words(explanation))
    _beats_and_waves(ecg, explanation)


def shortfall_notice(explanation: Explanation) -> None:
    """Warn if the sum of the map is too far from the change in logit."""
    if sentence := explanation.attribution.shortfall:
        st.warning(sentence, icon=":material/warning:")


def _beats_and_waves(ecg: OpenedECG, explanation: Explanation) -> None:
    beats, waves = ecg.by_beat(explanation), ecg.by_wave(explanation)
    if beats is None or not waves:
        st.caption("This window has too few beats to average.")
        st.dataframe(relevance_charts.lead_table(explanation), hide_index=True, key="lead_shares")
        return
    left, right = st.columns(2)
    left.markdown(f"**Average over {beats.n_beats} beats**, aligned at R, summed over leads")
    alt = "Mean relevance over the beat with its spread"
    figure = relevance_charts.beat_chart(beats, explanation)
    left.plotly_chart(figure, theme=None, config=PLAIN, key="relevance_beat", alt=alt)
    right.markdown("**By wave**, share of relevance beside share of time")
    alt = "Each wave's share of the relevance and of the time"
    figure = relevance_charts.wave_chart(waves)
    right.plotly_chart(figure, theme=None, config=PLAIN, key="relevance_waves", alt=alt)
    st.caption(relevance_charts.waves_in_words())
    with st.expander("Leads, beat and waves as tables"):
        tables = st.columns(3)
        tables[0].dataframe(relevance_charts.lead_table(explanation), hide_index=True, key="lead_shares")
        tables[1].dataframe(relevance_charts.beat_table(beats), hide_index=True, key="beat_table")
        tables[2].dataframe(relevance_charts.wave_table(waves), hide_index=True, key="wave_table")


def _reliability(ecg: OpenedECG, choice: MapChoice, grade: DeltaGenerator) -> None:
    """The reliability card, computed on request because it runs the network hundreds of times."""
    requests, request = page_state(MapRequests).checked, (choice.card.digest, choice.question)
    if request not in requests:
        grade.button(
            "Check the reliability of this map", key="check_map", help="All methods, a few seconds",
            on_click=requests.add, args=(request,),
        )  # fmt: skip
        return
    with st.spinner("Checking reliability: random order, shuffled weights, agreement of methods"):
        examined = ecg.examined(choice.card, choice.question)
    grade.markdown(headline(examined.examination.reliability[choice.method]))
    card_view(examined, choice.method)
