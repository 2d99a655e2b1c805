"""The parts of the review page, top to bottom. Each is a fragment: its own controls redraw it alone.

What is computed from a record is kept in the session, so that a redraw computes nothing twice.
"""

from collections.abc import Mapping, Sequence

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Findings, Prepared
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.ui import choosing, findings, session, steps, strips
from ecgapp.ui.tracing import blank_paper
from ecgapp.words import population

PLAIN = {"displayModeBar": False}
COLUMNS = {
    "Probability": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0),
    "Threshold": st.column_config.NumberColumn(format="%.2f"),
}


def empty_panel() -> None:
    """What stands there before a record is open."""
    st.info("No ECG is open. Drop a record above, or choose a synthetic one.")
    st.plotly_chart(blank_paper(), theme=None, config=PLAIN, key="blank", alt="Empty ECG paper")


def found(record: ECGRecord, card: ModelCard) -> Findings:
    """The classifier's findings, computed once for each record and model.

    Raises:
        EcgAppError: the model cannot be opened, or cannot take this record.
    """
    return session.remember(
        ("find", card.digest), lambda: analysis.find(record, choosing.opened(card)), heavy=True
    )


@st.fragment
def preprocessing_panel(prepared: Prepared, card: ModelCard) -> None:
    """Each preprocessing step of one lead beside the one before."""
    leads = prepared.config.leads
    left, right = st.columns([1, 3])
    first = leads.index("II") if "II" in leads else 0
    lead = left.selectbox("Lead", leads, index=first, key="step_lead")
    window = choose_window(right, prepared, 0, "step_window")
    key = ("steps", card.digest, lead, window)
    figure = session.remember(key, lambda: steps.preprocessing(prepared, lead, window))
    alt = f"Lead {lead} before and after each preprocessing step"
    st.plotly_chart(figure, theme=None, config=PLAIN, key="steps", alt=alt)
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
def reconstruction_panel(record: ECGRecord, card: ModelCard) -> None:
    """The autoencoder's output over its input, and where they differ."""
    try:
        model = choosing.opened(card)
        prepared = session.remember(("prepare", card.digest), lambda: analysis.prepare(record, model))
    except EcgAppError as error:
        st.warning(str(error))
        return
    window = choose_window(st.columns([1, 3])[0], prepared, 0, f"reconstruction_window_{card.name}")
    key = ("reconstruct", card.digest, window)
    result = session.remember(key, lambda: analysis.reconstruct(record, model, window), heavy=True)
    figure = session.remember(("strips", *key), lambda: strips.reconstruction(result))
    st.markdown(strips.in_words(result, card))
    alt = "Reconstruction over the input, a strip a lead, with the squared error behind it"
    st.plotly_chart(figure, theme=None, config=PLAIN, key="reconstruction", alt=alt)
    _caption(prepared.warnings)


def findings_panel(result: Findings, card: ModelCard, statuses: Mapping[str, str] | None = None) -> None:
    """One row a class, with the status that its reader gave it."""
    st.dataframe(findings.table(result, statuses), hide_index=True, column_config=COLUMNS, height="content")
    _caption(result.warnings)
    _caption([population(card), findings.abbreviations(result)])


def _caption(sentences: Sequence[str]) -> None:
    if sentences:
        st.caption(" ".join(sentences))
