"""The labels of a ranked validation ECG: by its codes, and as the model predicts them."""

import pandas as pd
import streamlit as st

from ecgapp.training.result.examples import RankedAnswer, RankedRecord

TRUTHS = {1.0: "yes", 0.0: "no"}
AFTER = "Probability after this epoch"
KEPT, THRESHOLD = "Kept model, calibrated", "Threshold"


def answers_table(ranked: RankedRecord) -> pd.DataFrame:
    """A row for each label, the true ones first; with columns of the final model once there is one."""
    first = sorted(ranked.answers, key=lambda answer: (answer.truth != 1, -answer.probability))
    table = pd.DataFrame([_line(answer) for answer in first])
    known = any(answer.kept is not None for answer in ranked.answers)
    return table if known else table.drop(columns=[KEPT, THRESHOLD])


def _line(answer: RankedAnswer) -> dict[str, object]:  # a table shows words as they are
    return {
        "Label": answer.label,
        "By its codes": TRUTHS.get(answer.truth, "not known") if answer.truth is not None else "not known",
        AFTER: answer.probability,
        KEPT: answer.kept,
        THRESHOLD: answer.threshold,
    }


def show_answers(ranked: RankedRecord) -> None:
    """Show the table and explain its columns; nothing for an autoencoder, which has no labels."""
    if not ranked.answers:
        return
    st.dataframe(
        answers_table(ranked),
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in (AFTER, KEPT, THRESHOLD)
        },
        key="ranked_answers",
    )
    sentence = "The probability after this epoch is not calibrated, so no threshold belongs to it."
    if all(answer.kept is None for answer in ranked.answers):
        sentence += " Thresholds are chosen when the training ends."
    st.caption(sentence)
