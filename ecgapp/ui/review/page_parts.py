"""The parts of the review page, top to bottom. Each is a fragment: its own controls redraw it alone.

What is computed belongs to the open ECG, so that a redraw computes nothing twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from ecgapp.analysis import OpenedECG, Prepared
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.reviews import Review, changes
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.review import findings_panel, preprocessing_steps, reconstruction_strips
from ecgapp.ui.shell.ecg_in_view import figures
from ecgapp.ui.tracing.paper_frame import PLAIN
from ecgapp.ui.tracing.tracing import blank_paper


def empty_panel(cards: Mapping[str, ModelCard]) -> None:
    """Draw blank paper and the classes that are looked for, before an ECG is open.

    Chart and table also let the browser load what it needs for them before a record is dropped: the
    findings' table, first of its kind, else stood there last, seconds after its numbers came.
    """
    st.info("No ECG is open. Drop a record above, or choose a synthetic one.")
    st.plotly_chart(blank_paper(), theme=None, config=PLAIN, key="blank", alt="Empty ECG paper")
    classes = findings_panel.findable(cards.values())
    if not classes.empty:
        st.subheader("What the installed models look for")
        st.dataframe(classes, hide_index=True, height="content")
        st.caption(
            "Only the selected model is applied; classes of other models are not looked for. Precision and "
            "recall were measured at these thresholds on the records used to choose them (for ensembles: on "
            "single members). Other patients may differ."
        )


def headline_place() -> st.delta_generator.DeltaGenerator:
    """The place of the headline above the tracing, as high before it is known, so that nothing moves."""
    return st.container(key="headline").empty()


def status(reviewed: Review, card: ModelCard | None) -> str:
    """The readers' decision on the labels of this model, as Markdown: ``edited, signed (rejected AF)``."""
    purpose = card.purpose if card is not None else ""
    changed = changes(answer for answer in reviewed.answers if answer.task == purpose)
    if reviewed.is_confirmed and changed:
        return f"{reviewed.word} ({escape_markdown(', '.join(changed))})"
    return reviewed.word


def preprocessing_section(ecg: OpenedECG, card: ModelCard) -> None:
    """The steps under their heading; nothing if the model cannot take this record."""
    try:
        prepared = ecg.prepared(card)
    except EcgAppError:  # where findings were to be shown, the headline says why they are not
        return
    st.subheader("Preprocessing, step by step")
    preprocessing_panel(prepared, card)


@dataclass(frozen=True)
class StepsFigure:
    """The key of a figure of preprocessing steps."""

    digest: str
    lead: str
    window: int


@dataclass(frozen=True)
class StripsFigure:
    """The key of a figure of a reconstruction."""

    digest: str
    window: int
    lead: str | None


@st.fragment
def preprocessing_panel(prepared: Prepared, card: ModelCard) -> None:
    """Each preprocessing step of one lead beside the one before."""
    leads = prepared.config.leads
    left, right = st.columns([1, 3])
    first = leads.index("II") if "II" in leads else 0
    lead = left.selectbox("Lead", leads, index=first, key="step_lead")
    window = choose_window(right, prepared, 0, "step_window")
    key = StepsFigure(card.digest, lead, window)
    figure = figures().once(key, lambda: preprocessing_steps.preprocessing(prepared, lead, window), True)
    alt = f"Lead {lead} before and after each preprocessing step"
    st.plotly_chart(figure, theme=None, config=PLAIN, key="steps", alt=alt)
    with st.expander("Steps as a table"):
        st.table(preprocessing_steps.table(prepared, lead).set_index("Step"))
        st.caption(
            "Values of the whole record are in mV (standard deviations if the file has no voltage "
            "calibration) until the filter, then normalised without unit."
        )
    _caption(prepared.warnings)


def choose_window(place: st.delta_generator.DeltaGenerator, prepared: Prepared, first: int, key: str) -> int:
    """A select box over the windows; none is drawn where there is only one."""
    count = len(prepared.windows)
    if count == 1:
        return 0

    def named(window: int) -> str:
        return f"{window + 1} of {count}: {prepared.start(window):.1f}-{prepared.stop(window):.1f} s"

    return int(place.selectbox("Window shown", range(count), first, format_func=named, key=key))


@st.fragment
def reconstruction_panel(ecg: OpenedECG, card: ModelCard) -> None:
    """The autoencoder's output over its input, and where they differ."""
    left, right, _ = st.columns([1, 1, 2])
    lead = _choose_lead(left, ecg, card)
    try:
        prepared = ecg.prepared(card, lead)
    except EcgAppError as error:
        st.warning(str(error))
        return
    window = choose_window(right, prepared, 0, f"reconstruction_window_{card.name}")
    result = ecg.reconstruction(card, window, lead)
    key = StripsFigure(card.digest, window, lead)
    figure = figures().once(key, lambda: reconstruction_strips.reconstruction(result), True)
    st.markdown(reconstruction_strips.in_words(result, card))
    alt = "Reconstruction over the input, a strip a lead, with the squared error behind it"
    st.plotly_chart(figure, theme=None, config=PLAIN, key="reconstruction", alt=alt)
    with st.expander("Errors as a table"):
        st.table(reconstruction_strips.table(result).set_index("Lead"))
    _caption(prepared.warnings)


def _choose_lead(place: st.delta_generator.DeltaGenerator, ecg: OpenedECG, card: ModelCard) -> str | None:
    """The lead that an autoencoder of one lead reads, by default its own; None for one of several leads."""
    if len(card.preprocessing.leads) != 1:
        return None
    leads, own = ecg.record.leads, card.preprocessing.leads[0]
    first = leads.index(own) if own in leads else 0
    return str(place.selectbox("Lead read", leads, first, key=f"reconstruction_lead_{card.name}"))


def _caption(sentences: Sequence[str]) -> None:
    if sentences:
        st.caption(" ".join(sentences))
