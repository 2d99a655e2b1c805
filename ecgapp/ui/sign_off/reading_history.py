"""The history of a review: first reads beside the model's output, comments, the audit trail."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ecgapp.reviews import (
    EVENT_NAMES,
    Read,
    Review,
    ReviewAnswer,
    ReviewEvent,
    event_description,
    moment,
    stated_in_full,
)
from ecgapp.storage.plain_text import escape_markdown

NONE = "-"


def show_reads(review: Review) -> None:
    """Draw each first read beside the model's output at that time and the review now."""
    for number, read in enumerate(review.reads):
        st.markdown(f"**Read first by {escape_markdown(read.by)}**: {_times(read)} {_agreement(read)}")
        if read.answers:
            st.dataframe(
                reads_table(read, review), hide_index=True, height="content", key=f"read_first_{number}"
            )
        if read.statements:
            st.markdown(f"Stated: {escape_markdown('; '.join(map(stated_in_full, read.statements)))}")


def reads_table(read: Read, review: Review) -> pd.DataFrame:
    """One row a class: the read, the model's output then, whether they agree, and the review now."""
    by_label = {(one.task, one.label): one for one in read.output}
    rows = []
    for one in read.answers:
        model, now = by_label.get((one.task, one.label)), review.answer(one.task, one.label)
        rows.append(
            {
                "Finding": one.label,
                "Read first": str(one.state),
                "Model": _output(model),
                "Both": _both(one, model),
                "Review now": NONE if now is None else str(now.state),
            }
        )
    return pd.DataFrame(rows)


def _both(read: ReviewAnswer, model: ReviewAnswer | None) -> str:
    if model is None or not read.is_judged:
        return NONE
    return "agree" if model.models is read.state else "differ"


def show_comments(review: Review) -> None:
    """Draw the comments of a review, each with its author and time."""
    for comment in review.comments:
        text = escape_markdown(" ".join(comment.text.split()))
        st.markdown(f"{escape_markdown(comment.by)}, {moment(comment.at)}: {text}")


def show_history(events: Sequence[ReviewEvent]) -> None:
    """The audit trail of this ECG, the newest event first."""
    if events:
        with st.expander(f"History: {len(events)} {'event' if len(events) == 1 else 'events'}"):
            table = pd.DataFrame([_row(event) for event in reversed(events)])
            st.dataframe(table, hide_index=True, key="review_history")
            st.caption("Entries cannot be changed or deleted; corrections are added as new entries.")


def _row(event: ReviewEvent) -> dict[str, str]:
    model = event.model
    return {
        "When": moment(event.at),
        "Who": event.by or NONE,
        "What": EVENT_NAMES[event.kind],
        "Said": event_description(event) or NONE,
        "Model": f"{model.name} {model.sha256[:12]}" if model else NONE,
    }


def _times(read: Read) -> str:
    opened = f"opened {moment(read.opened)}, " if read.opened else ""
    when_shown = f"; model output shown {moment(read.shown)}" if read.shown else ""
    return f"{opened}saved {moment(read.committed)}{when_shown}."


def _agreement(read: Read) -> str:
    """A sentence on how many of the judged classes agree between the read and the model's output."""
    by_label = {(one.task, one.label): one.models for one in read.output}
    known = [one for one in read.answers if (one.task, one.label) in by_label]
    judged = [one for one in known if one.is_judged]
    if not known:
        return ""
    if not judged:
        return f"None of {len(known)} classes was judged."
    n = sum(one.state is by_label[one.task, one.label] for one in judged)
    return f"Reader and model agree in {n} of {len(judged)} classes that were judged, of {len(known)}."


def _output(model: ReviewAnswer | None) -> str:
    if model is None or model.probability is None or model.threshold is None:
        return NONE
    return f"{model.models} ({model.probability:.2f}, threshold {model.threshold:.2f})"
