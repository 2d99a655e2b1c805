"""Examples of a training: reconstructions, and its best and worst validation ECGs."""

import streamlit as st

from ecgapp.jobs import Run, RunStore
from ecgapp.runs.run_figures import RunFigures, config_of, first_at_work
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training.ensembles import member_words
from ecgapp.training.result.examples import (
    RankedRecord,
    RankedRecords,
    Reconstructions,
    read_ranking,
    read_reconstructions,
)
from ecgapp.ui.tracing.paper_frame import PLAIN
from ecgapp.ui.training import example_figures
from ecgapp.ui.training.run_dialogs import TRACING, ask_for

LATEST = 0  # instead of an epoch: the latest one


def show_examples(run: Run, store: RunStore, figures: RunFigures) -> None:
    """Show the reconstructions and the ranked ECGs, as far as the training has written them."""
    folder = store.folder(run.id)
    examples = read_reconstructions(folder)
    if examples is not None and len(examples.epochs):
        _reconstructions(run, examples)
    ranking = read_ranking(folder)
    if ranking is not None:
        _ranking(run, ranking, figures)
    if words := final_epoch_words(run, figures):
        st.caption(f"Shown are the weights after these epochs. {words}")


def final_epoch_words(run: Run, figures: RunFigures) -> str:
    """The sentence on the epoch whose weights are the run's model; empty while it is not known."""
    config = config_of(run)
    if config is None or run.state != "finished" or not figures.validation_loss:
        return ""
    if config.members > 1:
        return "An ensemble keeps each member as it was after its last epoch."
    if figures.auroc and len(figures.auroc) < len(figures.validation_loss):
        return ""
    scores = figures.auroc or [(epoch, -loss) for epoch, loss in figures.validation_loss]
    best, _ = max(scores, key=lambda point: point[1])
    why = "the highest macro AUROC" if figures.auroc else "the lowest validation loss"
    return f"The model that is kept is that of epoch {best:.0f}, which had {why}."


def _reconstructions(run: Run, examples: Reconstructions) -> None:
    st.markdown("**Reconstructions of the same validation windows as they improve**")
    config = config_of(run)
    leads = config.preprocessing.leads if config else ()
    rate = config.preprocessing.sampling_rate if config else 1.0
    if len(leads) != examples.windows.shape[1]:  # another version's config
        leads, rate = tuple(f"lead {place + 1}" for place in range(examples.windows.shape[1])), 1.0
    left, middle, right = st.columns(3)
    first = leads.index("II") if "II" in leads else 0
    lead = left.selectbox("Lead", leads, index=first, key=f"shown_lead_{run.id}")
    earlier = middle.selectbox("Left: after epoch", examples.epochs, key=f"shown_earlier_{run.id}")
    later = right.selectbox(
        "Right: after epoch",
        (LATEST, *reversed(examples.epochs)),
        format_func=lambda epoch: str(epoch) if epoch else f"the latest, {examples.epochs[-1]}",
        key=f"shown_later_{run.id}",
    )
    epochs = list(dict.fromkeys((earlier or examples.epochs[0], later or examples.epochs[-1])))
    figure = example_figures.reconstructions(examples, leads.index(lead), epochs, rate)
    alt = f"Original and reconstruction of lead {lead} after epoch {' and '.join(map(str, epochs))}"
    st.plotly_chart(figure, theme=None, config=PLAIN, key="live_reconstructions", alt=alt)
    st.caption(
        "In normalised units: each lead has unit variance. The squared error is the mean over all leads."
    )


def ranking_words(run: Run, figures: RunFigures) -> str:
    """The sentence on the member of an ensemble whose ranking is shown; empty for one network."""
    config, together = config_of(run), max(1, len(figures.f1_by_member))
    if config is None or config.members == 1 or not figures.validation_loss:
        return ""
    first = first_at_work(figures.validation_loss, config, together)
    member = member_words(first, 1, config.members)
    return f"{member} alone judged them, on its own validation records. Another member's may be others."


def _ranking(run: Run, ranking: RankedRecords, figures: RunFigures) -> None:
    st.markdown(f"**Best and worst validation ECGs** after epoch {ranking.epoch}")
    if words := ranking_words(run, figures):
        st.caption(words)
    left, right = st.columns(2)
    with left:
        _ranked(run, "Lowest loss", "best", ranking.best)
    with right:
        _ranked(run, "Highest loss", "worst", ranking.worst)


def _ranked(run: Run, words: str, side: str, records: tuple[RankedRecord, ...]) -> None:
    st.caption(f"{words}. A click opens the tracing.")
    row = st.container(horizontal=True, gap="small")
    for place, ranked in enumerate(records):
        row.button(
            f"{place + 1}. loss {ranked.loss:.4f}, {escape_markdown(ranked.record_id)}",
            key=f"{side}_{place}",
            icon=":material/ecg:",
            on_click=ask_for(TRACING, run.id, ranked),
        )
