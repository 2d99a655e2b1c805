"""Trying thresholds on the performance page: one slider that moves every figure; nothing is saved."""

import numpy as np
import pandas as pd
import streamlit as st

from ecgapp.evaluate import OverallFigures, RecordFigure, metrics_at, overall_figures
from ecgapp.models import ENOUGH_POSITIVES, Evaluation, LabelMetrics, ModelCard, Predictions
from ecgapp.models.card_words import insufficient, of_label, with_interval
from ecgapp.storage.plain_text import plain_cell
from ecgapp.tasks import Task
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.performance.alerts_panel import alerts_panel
from ecgapp.ui.performance.calibration_panel import reliability_panel
from ecgapp.ui.performance.charts import precision_recall, precision_recall_table
from ecgapp.ui.performance.confusion_panel import matrix_panel
from ecgapp.ui.performance.error_browser import error_browser
from ecgapp.ui.performance.selection import ALL, Selection, download
from ecgapp.ui.performance.subgroups_panel import subgroups_panel
from ecgapp.ui.tracing.paper_frame import PLAIN

DRAWS = 200  # bootstrap draws while a threshold is moved; the shipped figures have 1,000
COLUMNS = {"Threshold": st.column_config.NumberColumn(format="%.3f")}
PART = "performance_part"  # session state: which part is open, whatever the model
ACROSS = 3  # 2x2 tables side by side
TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1", "auroc": "AUROC", "auprc": "AUPRC"}
SAVED_FIGURES = ("precision", "recall", "specificity", "f1", "auroc", "auprc")
SAVED_COUNTS = ("n", "n_positive", "true_positive", "false_positive", "false_negative", "true_negative")


@st.fragment
def thresholds_panel(card: ModelCard, task: Task, predictions: Predictions) -> None:
    """The slider, and all that it moves; of the parts below it, the open one alone is computed."""
    which, thresholds = _choose_thresholds(card, task)
    shipped = card.validation if thresholds == card.thresholds else None
    evaluation = shipped or _tried(card.digest, thresholds, task, predictions)
    selection = Selection(card, task, predictions, thresholds, evaluation, which)
    if shipped is None:
        st.caption(f"Thresholds as tried here, not as used on the Review page; {DRAWS} bootstrap draws.")
    tabs = st.tabs(list(PARTS), on_change="rerun", key=PART)
    for tab, part in zip(tabs, PARTS.values(), strict=True):
        if tab.open:
            with tab:
                part(selection)


def _choose_thresholds(card: ModelCard, task: Task) -> tuple[str, tuple[float, ...]]:
    """The class that is moved, and the thresholds: the card's, with that class or all set to the slider."""
    left, right = st.columns([1, 2])
    labels = task.label_names
    which = left.selectbox("Try another threshold for", [ALL, *labels], key=f"which_{card.digest}")
    shipped = dict(zip(labels, card.thresholds, strict=True))
    own = shipped.get(which)
    first = round(own if own is not None else float(np.median(card.thresholds)), 2)
    key = f"threshold_{card.digest}_{which}"
    moved = right.slider("Threshold", 0.0, 1.0, first, 0.01, key=key)
    if moved == first:
        right.caption("Thresholds as shipped with the model." if own is None else f"As shipped: {own:.3f}.")
        return which, card.thresholds
    return which, tuple(moved if which in (ALL, label) else value for label, value in shipped.items())


@st.cache_data(max_entries=64, show_spinner=False)
def _tried(digest: str, thresholds: tuple[float, ...], _task: Task, _predictions: Predictions) -> Evaluation:
    """``digest`` and ``thresholds`` key the cache: predictions hold no patient's ECG."""
    return metrics_at(_task, _predictions.probabilities, _predictions.targets, thresholds, DRAWS)


@st.cache_data(max_entries=64, show_spinner=False)
def _overall(
    digest: str, thresholds: tuple[float, ...], _task: Task, _predictions: Predictions
) -> OverallFigures:
    """``digest`` and ``thresholds`` key the cache: predictions hold no patient's ECG."""
    return overall_figures(
        _task, _predictions.probabilities, _predictions.targets, thresholds, n_bootstrap=DRAWS
    )


def classes_panel(selection: Selection) -> None:
    """Means, figures of each class, their curves, and one 2x2 a class."""
    evaluation = selection.evaluation
    overall = _overall(selection.card.digest, selection.thresholds, selection.task, selection.predictions)
    st.dataframe(macro(evaluation, overall), hide_index=True)
    st.caption(overall_words(overall))
    st.dataframe(per_class(evaluation), hide_index=True, height="content", column_config=COLUMNS)
    with st.container(horizontal=True):
        download(lambda: per_class_csv(selection), "This table as CSV", f"{selection.card.name}-classes")
        download(
            lambda: predictions_csv(selection), "All predictions as CSV", f"{selection.card.name}-predictions"
        )
    st.subheader("Precision and recall at every threshold")
    figure = precision_recall(selection.predictions, evaluation, ENOUGH_POSITIVES)
    alt = "Precision-recall curves, one a class"
    st.plotly_chart(figure, config=PLAIN, key="precision_recall", alt=alt)
    st.caption(
        f"Marks: the thresholds above. Classes with fewer than {ENOUGH_POSITIVES} positives are left out."
    )
    with st.expander("The curves as a table"):
        curves = precision_recall_table(selection.predictions, evaluation, ENOUGH_POSITIVES)
        st.dataframe(curves, hide_index=True, height="content", key="precision_recall_table")
        st.caption("Each class's best precision at that recall or more, and the threshold that gives it.")
    st.subheader("One 2x2 a class")
    _confusions(evaluation.per_label)


PARTS = {
    "Classes": classes_panel,
    "In patients": alerts_panel,
    "Reliability": reliability_panel,
    "Confusion": matrix_panel,
    "Data sets": subgroups_panel,
    "Errors": error_browser,
}


def _confusions(per_label: tuple[LabelMetrics, ...]) -> None:
    """Counts, so they are shown for small classes too, with the warning beside them."""
    for first in range(0, len(per_label), ACROSS):
        columns = st.columns(ACROSS)
        for column, metrics in zip(columns, per_label[first : first + ACROSS], strict=False):
            column.markdown(f"**{in_full(metrics.label)}**, threshold {metrics.threshold:.2f}")
            column.table(confusion(metrics))
            if (reason := insufficient(metrics)) is not None:
                column.caption(reason)


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
        return row | dict.fromkeys(TITLES.values(), "-") | {TITLES["precision"]: reason}
    return row | {title: of_label(metrics, figure) for figure, title in TITLES.items()}


def macro(evaluation: Evaluation, overall: OverallFigures | None = None) -> pd.DataFrame:
    """Means over the classes, the challenges' F2, G2 and score, and the accuracy over all classes."""
    figures = {
        "Macro AUROC": evaluation.macro_auroc,
        "Macro AUPRC": evaluation.macro_auprc,
        "Macro F1": evaluation.macro_f1,
        "F2": evaluation.f2,
        "G2": evaluation.g2,
    }
    if overall is not None:
        figures |= {name: figure.figure for name, figure in _of_all_classes(overall).items()}
    return pd.DataFrame([{name: with_interval(figure) for name, figure in figures.items()}])


def _of_all_classes(overall: OverallFigures) -> dict[str, RecordFigure]:
    figures = {"Weighted F1": overall.weighted_f1, "Accuracy": overall.accuracy}
    return figures | ({"Challenge 2021": overall.challenge_2021} if overall.challenge_2021 else {})


def overall_words(overall: OverallFigures) -> str:
    """Sentences on the figures of all classes together: their records, and what the challenge scores."""
    counts = ", ".join(f"{name} {figure.n:,}" for name, figure in _of_all_classes(overall).items())
    return (
        f"Records (n): {counts}. Accuracy is the share of the records with every class right; it needs "
        f"records of which every class is known. {DRAWS} bootstrap draws for these. {overall.sentence}"
    ).rstrip()


def confusion(metrics: LabelMetrics) -> pd.DataFrame:
    """One class's 2x2: what the model said, against what the labels say."""
    rows = {
        "model: above": [metrics.true_positive, metrics.false_positive],
        "model: below": [metrics.false_negative, metrics.true_negative],
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["has it", "has it not"])


def predictions_csv(selection: Selection) -> bytes:
    """A line for each record: where it is from, its fold, and for each label target and probability.

    Numbers are written so that they read back as they were; an unknown target is empty.
    """
    known = selection.predictions
    table: dict[str, object] = {}
    if known.names is not None:
        origins = [known.names.origin(row) for row in range(len(known.folds))]
        table |= {
            "data_set": [plain_cell(origin.store) for origin in origins],
            "source": [plain_cell(origin.source) for origin in origins],
            "record": [plain_cell(record_id) for record_id in known.names.ids],
        }
    table["fold"] = known.folds
    for column, label in enumerate(selection.task.label_names):
        table[plain_cell(f"{label} target")] = pd.Series(known.targets[:, column]).astype("Int64")
        table[plain_cell(f"{label} probability")] = known.probabilities[:, column].astype(float)
    return pd.DataFrame(table).to_csv(index=False, lineterminator="\r\n").encode()


def per_class_csv(selection: Selection) -> bytes:
    """A line for each class: its threshold, counts, and figures with their intervals."""
    lines = [_saved_row(metrics) for metrics in selection.evaluation.per_label]
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\r\n").encode()


def _saved_row(metrics: LabelMetrics) -> dict[str, object]:
    line: dict[str, object] = {"class": plain_cell(metrics.label), "threshold": metrics.threshold}
    line |= {name: getattr(metrics, name) for name in SAVED_COUNTS}
    for name in SAVED_FIGURES:
        figure = getattr(metrics, name) if metrics.sufficient else None
        for part in ("value", "low", "high"):
            line[name if part == "value" else f"{name}_{part}"] = getattr(figure, part, None)
    return line
