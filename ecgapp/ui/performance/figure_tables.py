"""The performance page's tables: figures with intervals and n, never a percentage on too few."""

import pandas as pd

from ecgapp.models import (
    DelineationMetrics,
    Evaluation,
    Interval,
    LabelMetrics,
    ModelCard,
    ReconstructionMetrics,
)
from ecgapp.models.card_words import insufficient, of_label, with_interval

FIGURES = ("precision", "recall", "f1", "auroc", "auprc")
TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "auroc": "AUROC", "auprc": "AUPRC"}
PAPERS = {  # what the studies reported, each on its own data
    "nine_class": (
        "Ansari 2020 (CPSC2018): AUROC 0.917, AUPRC 0.791, F1 0.801, F2 0.800, G2 0.603. "
        "Singstad and Tronstad 2020: F2 0.83, G2 0.61 in cross-validation, 0.75 and 0.51 on the hidden test."
    ),
    "ptbxl_superclass": "Verma, Dige and Gill 2021 (PTB-XL): macro AUROC 0.947.",
}
JANG = "Jang et al. 2021 (lead II, 2,048 samples): 626.6 summed, 0.305 per sample."


def per_class(evaluation: Evaluation) -> pd.DataFrame:
    """One row a class: each figure with its 95 % bootstrap interval, or why there is none."""
    return pd.DataFrame([_class_row(metrics) for metrics in evaluation.per_label])


def _class_row(metrics: LabelMetrics) -> dict[str, object]:
    row: dict[str, object] = {
        "Class": metrics.label,
        "n": f"{metrics.n_positive} of {metrics.n}",
        "Threshold": metrics.threshold,
    }
    reason = insufficient(metrics)
    if reason is not None:
        return row | {TITLES[figure]: reason if figure == FIGURES[0] else "-" for figure in FIGURES}
    return row | {TITLES[figure]: of_label(metrics, figure) for figure in FIGURES}


def macro(evaluation: Evaluation) -> pd.DataFrame:
    """Unweighted means over the classes, and the challenge's F2 and G2."""
    figures = {
        "Macro AUROC": evaluation.macro_auroc,
        "Macro AUPRC": evaluation.macro_auprc,
        "Macro F1": evaluation.macro_f1,
        "F2": evaluation.f2,
        "G2": evaluation.g2,
    }
    return pd.DataFrame([{name: with_interval(figure) for name, figure in figures.items()}])


def confusion(metrics: LabelMetrics) -> pd.DataFrame:
    """One class's 2x2: what the model said, against what the labels say."""
    rows = {
        "model: above": [metrics.true_positive, metrics.false_positive],
        "model: below": [metrics.false_negative, metrics.true_negative],
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["has it", "has it not"])


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
        "MSE summed over a window": f"{metrics.mse_summed.value:.1f} "
        f"({metrics.mse_summed.low:.1f}-{metrics.mse_summed.high:.1f})",
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
            "Sensitivity": _measured(boundary.sensitivity, 3),
            "Positive predictive value": _measured(boundary.precision, 3),
            "Mean error (ms)": _measured(boundary.mean_error, 1),
            "SD (ms)": _measured(boundary.deviation, 1),
        }
        for boundary in metrics.boundaries
    ]
    return pd.DataFrame(rows)


def _measured(figure: Interval | None, digits: int) -> str:
    """With "to": errors in time can be negative."""
    if figure is None:
        return "-"
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def _trained_on(card: ModelCard) -> str:
    """What ``n_train`` counts."""
    return "patients or synthetic records" if card.is_ventricular else "records"


def card_facts(card: ModelCard) -> pd.DataFrame:
    """The model card: where the weights come from, for whom they were tested."""
    made, prepared = card.provenance, card.preprocessing
    edges = f"{prepared.highpass or 0:g}-{prepared.lowpass or prepared.sampling_rate / 2:g} Hz"
    facts = {
        "Name": card.name,
        "sha256": f"{card.sha256[:32]} {card.sha256[32:]}",  # a cell breaks lines at blanks only
        "Network": card.network.architecture,
        "Leads": ", ".join(prepared.leads),
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
