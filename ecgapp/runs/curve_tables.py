"""The figures of a training's curves as tables, with a row for each epoch or step."""

from collections.abc import Mapping, Sequence

import pandas as pd

from ecgapp.runs.run_figures import Point, RunFigures


def by_epoch(figures: RunFigures, lci: Sequence[Point] = ()) -> pd.DataFrame:
    """Losses and scores after each epoch, with the F1 of every class and the index so far."""
    labels = {f"F1 of {label}": points for label, points in figures.f1_by_label.items()}
    members = {f"F1 of member {number}": points for number, points in figures.f1_by_member.items()}
    series = {
        "Training loss": figures.train_loss,
        "Validation loss": figures.validation_loss,
        "Macro F1": figures.f1,
        "Macro AUROC": figures.auroc,
        "LCI so far": lci,
    }
    return joined("Epoch", {**series, **labels, **members})


def by_step(figures: RunFigures) -> pd.DataFrame:
    """The metrics of steps, thinned as the curves are."""
    return joined(
        "Step",
        {
            "Training loss": figures.step_loss,
            "Learning rate": figures.learning_rate,
            "Gradient norm": figures.gradient_norm,
            "Windows/s": figures.throughput,
        },
    )


def joined(across: str, series: Mapping[str, Sequence[Point]]) -> pd.DataFrame:
    """A column for each series that has points, and a row for each place on the axis ``across``."""
    columns = {
        name: pd.Series([value for _, value in points], [place for place, _ in points], dtype=float)
        for name, points in series.items()
        if points
    }
    if not columns:
        return pd.DataFrame(columns=[across])
    unique = {name: column[~column.index.duplicated(keep="last")] for name, column in columns.items()}
    table = pd.DataFrame(unique).sort_index().rename_axis(across).reset_index()
    return table.astype({across: float}).round({across: 2})
