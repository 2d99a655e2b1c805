"""Whether a class's probabilities can be taken at their word: the reliability diagram and its figures."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.evaluate import CalibrationErrors, Reliability, calibration_errors, reliability
from ecgapp.models import Interval
from ecgapp.models.card_words import insufficient, with_interval
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.performance.charts import AXIS, BLUE, GREY, plain_layout
from ecgapp.ui.performance.selection import Column, Selection, choose_class, where_from
from ecgapp.ui.tracing.paper_frame import PLAIN

DRAWS = 300
DIGITS = 3  # good figures lie below 0.1


@st.fragment
def reliability_panel(selection: Selection) -> None:
    """The diagram of one class, the two figures of every class, and the tables."""
    label = choose_class(selection, st.columns([2, 1])[0])
    metrics = selection.metrics(label)
    if (reason := insufficient(metrics)) is not None:
        st.info(f"**{in_full(label)}**: {reason}, too few to assess calibration.")
    else:
        calibration = measured(selection, label)
        st.markdown(in_words(calibration, label))
        alt = f"Reliability diagram of {label}: share that has it against the predicted probability"
        st.plotly_chart(diagram(calibration), config=PLAIN, key="reliability_diagram", alt=alt)
        st.caption(
            "Points: groups of records with similar predicted probability. On the dashed line prediction "
            "equals observation; above it the model underestimates. Bars: 95 % Wilson intervals. The "
            "temperature was fitted on these same records, so that it looks slightly too good. "
            f"{where_from(selection)}"
        )
        with st.expander("The diagram as a table"):
            st.dataframe(bins_table(calibration), hide_index=True, height="content", key="reliability_bins")
    st.markdown("**Calibration error and Brier score of every class**, the smaller the better")
    st.dataframe(figures_table(selection), hide_index=True, height="content", key="calibration_figures")
    st.markdown(errors_in_words(_errors(selection.card.digest, selection)))
    st.caption(
        f"95 % bootstrap intervals over records ({DRAWS} draws). The calibration error of a small class "
        "looks larger than it is, in the draws more than in the records, so that its interval may lie above "
        "the figure."
    )


def measured(selection: Selection, label: str) -> Reliability:
    """The calibration of one class, measured once for each model and class."""
    return _measured(selection.card.digest, label, *selection.answers(label))


@st.cache_data(max_entries=256, show_spinner=False)
def _measured(digest: str, label: str, _probabilities: Column, _targets: Column) -> Reliability:
    """``digest`` and ``label`` key the cache: predictions hold no patient's ECG."""
    return reliability(_probabilities, _targets, n_bootstrap=DRAWS)


@st.cache_data(max_entries=64, show_spinner=False)
def _errors(digest: str, _selection: Selection) -> CalibrationErrors:
    """``digest`` keys the cache: predictions hold no patient's ECG."""
    known = _selection.predictions
    return calibration_errors(known.probabilities, known.targets, n_bootstrap=DRAWS)


def errors_in_words(errors: CalibrationErrors) -> str:
    """The calibration error of all classes in three ways."""
    mean, pooled, adaptive = (
        with_interval(error, DIGITS) for error in (errors.mean, errors.pooled, errors.adaptive)
    )
    return (
        f"**Calibration error of all classes**, {errors.n:,} records, 15 bins: mean of the classes {mean}; "
        f"all probabilities pooled {pooled}; mean of the classes in bins of equally many {adaptive}."
    )


def in_words(calibration: Reliability, label: str) -> str:
    """The two figures of one class."""
    error, brier = (with_interval(figure, DIGITS) for figure in (calibration.ece, calibration.brier))
    return (
        f"**{in_full(label)}**, {calibration.n_positive} of {calibration.n:,} records have it: expected "
        f"calibration error {error}, Brier score {brier}."
    )


def diagram(calibration: Reliability) -> go.Figure:
    """Share that has the label against the mean probability, bin by bin, with n beside each point."""
    bins = calibration.bins
    figure = go.Figure()
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_trace(
        go.Scatter(
            x=[0, 100], y=[0, 100], mode="lines", line=line, name="perfect calibration", hoverinfo="skip"
        )
    )
    up = [100 * (bin_.high - bin_.share) for bin_ in bins]
    down = [100 * (bin_.share - bin_.low) for bin_ in bins]
    figure.add_trace(
        go.Scatter(
            x=[100 * bin_.mean_probability for bin_ in bins],
            y=[100 * bin_.share for bin_ in bins],
            error_y={"array": up, "arrayminus": down, "color": BLUE, "thickness": 1.5},
            mode="markers+text",
            marker={"size": 9, "color": BLUE},
            text=[f"n = {bin_.n:,}" for bin_ in bins],
            textposition="middle right",
            name="records",
            hovertemplate="predicted %{x:.0f} %, %{y:.0f} % have it, %{text}",
        )
    )
    figure.update_layout(
        **plain_layout(400),
        xaxis={**AXIS, "title": "predicted probability, %", "range": [-2, 108], "dtick": 20},
        yaxis={**AXIS, "title": "of them have it, %", "range": [-4, 104], "dtick": 20},
    )
    return figure


def bins_table(calibration: Reliability) -> pd.DataFrame:
    """The points of the diagram."""
    return pd.DataFrame(
        [
            {
                "Mean predicted probability, %": f"{100 * bin_.mean_probability:.1f}",
                "Have it, % (95 %)": with_interval(
                    Interval(100 * bin_.share, 100 * bin_.low, 100 * bin_.high), 1
                ),
                "Records": bin_.n,
            }
            for bin_ in calibration.bins
        ]
    )


def figures_table(selection: Selection) -> pd.DataFrame:
    """The table of calibration error and Brier score of every class with enough positives."""
    return pd.DataFrame([_row(selection, label) for label in selection.task.label_names])


def _row(selection: Selection, label: str) -> dict[str, object]:
    metrics = selection.metrics(label)
    row: dict[str, object] = {"Class": label, "n": f"{metrics.n_positive} of {metrics.n}"}
    if (reason := insufficient(metrics)) is not None:
        return row | {"Expected calibration error": reason, "Brier score": "-"}
    calibration = measured(selection, label)
    return row | {
        "Expected calibration error": with_interval(calibration.ece, DIGITS),
        "Brier score": with_interval(calibration.brier, DIGITS),
    }
