"""The performance page's view of one model of any kind, on its validation records."""

import pandas as pd
import streamlit as st

from ecgapp import analysis
from ecgapp.errors import EcgAppError
from ecgapp.models import DelineationMetrics, Evaluation, ModelCard, Predictions, ReconstructionMetrics
from ecgapp.models.card_words import with_interval
from ecgapp.ui.performance import gate_performance, ventricular_performance
from ecgapp.ui.performance.threshold_panel import macro, per_class, thresholds_panel
from ecgapp.ui.shell import session

PAPERS = {  # what the studies reported, each on its own data
    "nine_class": (
        "Ansari 2020 (CPSC2018): AUROC 0.917, AUPRC 0.791, F1 0.801, F2 0.800, G2 0.603. "
        "Singstad and Tronstad 2020: F2 0.83, G2 0.61 in cross-validation, 0.75 and 0.51 on the hidden test."
    ),
    "ptbxl_superclass": "Verma, Dige and Gill 2021 (PTB-XL): macro AUROC 0.947.",
}
JANG = "Jang et al. 2021 (lead II, 2,048 samples): 626.6 summed, 0.305 per sample."
TO = " to "  # between the ends of an interval: errors in time can be negative


def show_model(card: ModelCard) -> None:
    """The figures that a model of this kind has."""
    if card.is_classifier:
        _show_classifier(card)
    elif card.is_delineator:
        _show_delineator(card)
    elif card.is_gate:
        gate_performance.gate_panel(card)
    elif card.is_ventricular:
        ventricular_performance.ventricular_panel(card)
    else:
        _show_autoencoder(card)


def _show_classifier(card: ModelCard) -> None:
    """Draw a classifier's figures, and the slider that moves them if its predictions are stored."""
    if card.validation is None or card.task is None:
        st.warning("This model was not validated. Do not rely on its probabilities.")
        return
    st.markdown(tested_on(card.validation))
    if card.task.name in PAPERS:
        st.caption(f"The studies, on their own data: {PAPERS[card.task.name]}")
    predictions = _predictions_of(card)
    if predictions is not None:
        thresholds_panel(card, card.task, predictions)
        return
    st.dataframe(macro(card.validation), hide_index=True)
    st.dataframe(per_class(card.validation), hide_index=True, height="content")
    if not card.predictions_sha256:
        st.info("The validation predictions of this model were not kept, so there are no curves.")


def _predictions_of(card: ModelCard) -> Predictions | None:
    """A classifier's validation predictions; None if there are none, with a warning if they are damaged."""
    try:
        return analysis.version_predictions(card, session.settings())
    except EcgAppError as error:
        st.warning(str(error))
        return None


def _show_autoencoder(card: ModelCard) -> None:
    """Draw an autoencoder's reconstruction error beside the paper's."""
    if card.reconstruction is None:
        st.warning("This autoencoder was not validated.")
        return
    st.markdown(
        f"**{card.reconstruction.dataset}**, in standard deviations squared, 95 % intervals in brackets."
    )
    st.dataframe(reconstruction(card.reconstruction), hide_index=True)
    st.caption(JANG)


def _show_delineator(card: ModelCard) -> None:
    """Draw how well a delineator meets the boundaries that were marked by hand."""
    if card.delineation is None:
        st.warning("This delineator was not validated.")
        return
    st.markdown(
        f"**{card.delineation.dataset}**: {card.delineation.n:,} records, "
        f"{card.delineation.n_leads:,} leads. "
        "Found within 150 ms of a mark; errors are found minus marked; 95 % intervals over records."
    )
    st.dataframe(delineation(card.delineation), hide_index=True)


def tested_on(evaluation: Evaluation) -> str:
    """The records and folds that the figures come from, and how the intervals were drawn."""
    return (
        f"Validation, not a test set: **{evaluation.dataset}**, {evaluation.n:,} records. In brackets: "
        "95 % bootstrap intervals over records. The thresholds were chosen on these same records, so "
        "precision, recall, F1, F2 and G2 are slightly too good; AUROC and AUPRC do not depend on them. "
        "Means run over all classes, also those with few positives. Other patients may differ."
    )


def reconstruction(metrics: ReconstructionMetrics) -> pd.DataFrame:
    """An autoencoder's errors."""
    row = {
        "MSE per sample": with_interval(metrics.mse_per_sample),
        "MSE summed over a window": with_interval(metrics.mse_summed, 1),
        "Records": f"{metrics.n:,}",
        "Windows": f"{metrics.n_windows:,}",
    }
    return pd.DataFrame([row])


def delineation(metrics: DelineationMetrics) -> pd.DataFrame:
    """One row a boundary, with 95 % intervals."""
    rows = [
        {
            "Boundary": f"{boundary.wave} {boundary.edge}",
            "Marked": f"{boundary.n_marked:,}",
            "Sensitivity": with_interval(boundary.sensitivity, 3, TO),
            "Positive predictive value": with_interval(boundary.precision, 3, TO),
            "Mean error (ms)": with_interval(boundary.mean_error, 1, TO),
            "SD (ms)": with_interval(boundary.deviation, 1, TO),
        }
        for boundary in metrics.boundaries
    ]
    return pd.DataFrame(rows)


def card_facts(card: ModelCard) -> pd.DataFrame:
    """The model card: where the weights come from, for whom they were tested."""
    made, prepared = card.provenance, card.preprocessing
    edges = f"{prepared.highpass or 0:g}-{prepared.lowpass or prepared.sampling_rate / 2:g} Hz"
    facts = {
        "Name": card.name,
        "sha256": f"{card.sha256[:32]} {card.sha256[32:]}",  # a cell breaks lines at blanks only
        "Network": card.network.architecture,
        "Leads": ", ".join(prepared.substitutions or prepared.leads),
        "Input": f"{prepared.sampling_rate:g} Hz, {edges}, window {prepared.window_seconds:g} s",
        "Trained on": f"{', '.join(made.datasets)}; {made.train_folds}; {made.n_train:,} {_trained_on(card)}",
        "Validated on": f"{made.validation_folds}; {made.n_validation:,} records",
        "Initialisation": f"{made.initialisation} {made.pretrained or ''}".strip(),
        "Epochs, seed": f"{made.epochs or '-'}, {made.seed}",
        "Command": made.command or "-",
        "Made": f"{made.created or '-'}, version {made.code_version or '-'}",
        "Temperature": f"{card.temperature:.3f}",
        "Licence": made.licence,
        "Note": made.note or "-",
    }
    return pd.DataFrame({"Fact": list(facts), "Value": list(facts.values())})


def _trained_on(card: ModelCard) -> str:
    """The noun that ``n_train`` counts."""
    return "patients or synthetic records" if card.is_ventricular else "records"
