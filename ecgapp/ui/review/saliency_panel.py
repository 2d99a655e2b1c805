"""The review page's saliency: which leads and moments moved the chosen class, and how far to trust that."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp import analysis
from ecgapp.analysis import Asked, Examined, Explanation, Finding, Findings
from ecgapp.analysis.beat_relevance import by_beat, by_wave
from ecgapp.errors import EcgAppError
from ecgapp.explain import BASELINES, GRAD_CAM, RECONSTRUCTION, Recipe, methods_of
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.review import relevance_charts
from ecgapp.ui.review.findings import in_order
from ecgapp.ui.review.page_parts import choose_window
from ecgapp.ui.review.saliency_reliability import card_view, headline
from ecgapp.ui.shell import model_choice, session
from ecgapp.ui.tracing import saliency_overlay
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.saliency_overlay import METHOD_NAMES
from ecgapp.ui.tracing.tracing import CONFIG

PLAIN = {"displayModeBar": False}
STRENGTHS = (20, 100, 85, 5)  # %: least, most, first, step


@dataclass(frozen=True, eq=False)
class Choice:
    """What the reader asks, and of which models; ``autoencoder`` is None where none reads the same leads."""

    asked: Asked
    method: str
    model: TrainedModel
    autoencoder: TrainedModel | None
    opacity: float

    @property
    def examined_key(self) -> Hashable:
        """Under this the card of all methods is remembered."""
        return ("examine", self.model.card.digest, self.asked)

    def key(self, method: str) -> Hashable:
        """Under this one method's map is remembered."""
        return ("explain", self.model.card.digest, self.asked, method)


@st.fragment
def saliency_panel(record: ECGRecord, result: Findings, card: ModelCard, statuses: Mapping[str, str]) -> None:
    """The map of the chosen class; below its threshold, only on request. ``statuses`` are a reader's."""
    rows = {row.label: row for row in result.rows}
    left, beside, middle, right = st.columns([5, 4, 5, 4], vertical_alignment="bottom")
    label = _choose_class(left, beside, result, f"label_{card.digest}_{record.record_id}")
    window = choose_window(
        right, result.prepared, result.best_window(label), f"window_{label}_{record.record_id}"
    )
    if not _wanted(rows[label], card):
        return
    choice = _choose_how(Asked(label, window), card, middle)
    try:
        explanation = session.remember(
            choice.key(choice.method), lambda: _explain(record, choice), heavy=True
        )
        st.markdown(saliency_overlay.in_words(explanation, rows[label], statuses[label]))
        tell_shortfall(explanation)
        grade = st.empty()  # it stands above the picture, and is known after it
        _show(record, explanation, choice)
        _reliability(record, choice, grade)
    except EcgAppError as error:
        st.warning(str(error))


def _choose_class(place: DeltaGenerator, beside: DeltaGenerator, result: Findings, key: str) -> str:
    """The class whose map is shown: first the one that was found, then any, or the next one by a key."""
    labels = [row.label for row in result.rows]
    st.session_state.setdefault(key, result.top.label)  # a default beside what a button sets is refused
    label: str = place.selectbox("Class", labels, format_func=in_full, key=key)
    beside.button(
        "Next finding", key="next_finding", shortcut="Shift+F", on_click=_next_finding, args=(result, key),
        help="Those above their threshold in turn, then the others by probability",
    )  # fmt: skip
    return label


def _next_finding(result: Findings, key: str) -> None:
    first = result.top.label
    order = sorted((row.label for row in in_order(result)), key=lambda label: label != first)
    st.session_state[key] = order[(order.index(st.session_state[key]) + 1) % len(order)]


def _wanted(row: Finding, card: ModelCard) -> bool:
    """Whether there is a map to show: of a class below its threshold only once it was asked for."""
    asked_for = ("map below threshold", card.digest, row.label)
    if row.positive or session.remembered(asked_for):
        return True
    st.info(
        f"**{in_full(row.label)}** is below its threshold ({row.probability:.2f} < {row.threshold:.2f}): the "
        "model does not find it, so a map would show why a class that was not found got the little it got."
    )
    st.button(
        "Show the map all the same",
        key="map_below",
        on_click=session.remember,
        args=(asked_for, lambda: True),
    )
    return False


def _choose_how(asked: Asked, card: ModelCard, place: DeltaGenerator) -> Choice:
    """Method, baseline and strength of the colours."""
    model, autoencoder = model_choice.opened(card), _fitting_autoencoder(card)
    offered = [name for name in BASELINES if name != RECONSTRUCTION or autoencoder is not None]
    method = place.selectbox("Method", methods_of(model), format_func=METHOD_NAMES.__getitem__, key="method")
    left, right = st.columns([2, 4])
    baseline = offered[0]
    if method != GRAD_CAM:  # it has none
        baseline = left.selectbox("Baseline", offered, key="baseline")
    least, most, first, step = STRENGTHS
    opacity = right.slider("Strength of the colours (%)", least, most, first, step, key="saliency_opacity")
    return Choice(Asked(asked.label, asked.window, baseline), method, model, autoencoder, opacity / 100)


def _fitting_autoencoder(card: ModelCard) -> TrainedModel | None:
    """The first installed autoencoder that reads what the classifier reads."""
    cards = analysis.available_models(session.settings()).values()
    fitting = next((other for other in cards if analysis.fits(other, card)), None)
    return None if fitting is None else model_choice.opened(fitting)


def _explain(record: ECGRecord, choice: Choice) -> Explanation:
    return analysis.explain_against(
        record, choice.model, choice.asked, Recipe(choice.method), choice.autoencoder
    )


def _show(record: ECGRecord, explanation: Explanation, choice: Choice) -> None:
    """The tracing with the map behind it, the map over beats and waves, and all of it in tables."""
    key = ("overlay", choice.key(choice.method), choice.opacity)
    figure = session.remember(key, lambda: saliency_overlay.saliency(record, explanation, choice.opacity))
    alt = f"Relevance of each moment of each lead for {explanation.label}, behind the tracing"
    with paper(figure, "saliency"):
        st.plotly_chart(figure, theme=None, config=CONFIG, key="saliency", height="stretch", alt=alt)
    st.caption(saliency_overlay.method_in_words(explanation))
    _beats_and_waves(record, explanation, choice.key(choice.method))


def tell_shortfall(explanation: Explanation) -> None:
    """An amber line above a map whose sum misses by too much; it is known without any further check."""
    if sentence := explanation.attribution.shortfall:
        st.warning(sentence, icon=":material/warning:")


def _beats_and_waves(record: ECGRecord, explanation: Explanation, key: Hashable) -> None:
    beats = session.remember(("by beat", key), lambda: by_beat(record, explanation))
    waves = session.remember(("by wave", key), lambda: by_wave(record, explanation))
    if beats is None or not waves:
        st.caption("Too few beats in this window to lay them over each other.")
        st.dataframe(relevance_charts.lead_table(explanation), hide_index=True, key="lead_shares")
        return
    left, right = st.columns(2)
    left.markdown(f"**Over the beat**, {beats.n_beats} beats aligned at R, summed over leads")
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


def _reliability(record: ECGRecord, choice: Choice, grade: DeltaGenerator) -> None:
    """The card, once it was asked for: its checks ask the network hundreds of times."""
    asked_for = ("card", choice.model.card.digest, choice.asked)
    if not session.remembered(asked_for):
        grade.button(
            "Check how far this map can be trusted", key="check_map", help="All methods, a few seconds",
            on_click=session.keep, args=(asked_for, True),
        )  # fmt: skip
        return
    with st.spinner("Checking all methods against chance, shuffled weights and each other"):
        examined = session.remember(choice.examined_key, lambda: _examine(record, choice), heavy=True)
    grade.markdown(headline(examined.examination.cards[choice.method]))
    card_view(examined, choice.method)


def _examine(record: ECGRecord, choice: Choice) -> Examined:
    """All methods' maps, remembered each for itself, so that switching between them computes nothing."""
    examined = analysis.examine(record, choice.model, choice.asked, choice.autoencoder)
    for method, explanation in examined.explanations.items():
        session.keep(choice.key(method), explanation)
    return examined
