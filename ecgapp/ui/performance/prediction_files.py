"""The performance page's tables as CSV files, for whoever wants to count again."""

import pandas as pd

from ecgapp.models import LabelMetrics
from ecgapp.storage.plain_text import plain_cell
from ecgapp.ui.performance.selection import Tried

FIGURES = ("precision", "recall", "specificity", "f1", "auroc", "auprc")
COUNTS = ("n", "n_positive", "true_positive", "false_positive", "false_negative", "true_negative")


def predictions_csv(tried: Tried) -> bytes:
    """A line for each record: where it is from, its fold, and for each label target and probability.

    Numbers are written so that they read back as they were; an unknown target is empty.
    """
    known = tried.predictions
    table: dict[str, object] = {}
    if known.names is not None:
        origins = [known.names.origin(row) for row in range(len(known.folds))]
        table |= {
            "data_set": [plain_cell(origin.store) for origin in origins],
            "source": [plain_cell(origin.source) for origin in origins],
            "record": [plain_cell(record_id) for record_id in known.names.ids],
        }
    table["fold"] = known.folds
    for column, label in enumerate(tried.task.label_names):
        table[plain_cell(f"{label} target")] = pd.Series(known.targets[:, column]).astype("Int64")
        table[plain_cell(f"{label} probability")] = known.probabilities[:, column].astype(float)
    return pd.DataFrame(table).to_csv(index=False, lineterminator="\r\n").encode()


def per_class_csv(tried: Tried) -> bytes:
    """A line for each class: its threshold, counts, and figures with their intervals."""
    lines = [_line(metrics) for metrics in tried.evaluation.per_label]
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\r\n").encode()


def _line(metrics: LabelMetrics) -> dict[str, object]:
    line: dict[str, object] = {"class": plain_cell(metrics.label), "threshold": metrics.threshold}
    line |= {name: getattr(metrics, name) for name in COUNTS}
    for name in FIGURES:
        figure = getattr(metrics, name) if metrics.sufficient else None
        for part in ("value", "low", "high"):
            line[name if part == "value" else f"{name}_{part}"] = getattr(figure, part, None)
    return line
