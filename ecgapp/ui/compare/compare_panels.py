"""The parts of the compare page: two openings, two tracings, what changed."""

from collections.abc import Mapping

import streamlit as st

from ecgapp.analysis import Findings, Measurements, change_tables
from ecgapp.analysis.ecg_comparison import (
    N_REPEATED,
    Change,
    FindingChange,
    finding_changes,
    level_changes,
    same_recording,
)
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.compare import compare_admission, paired_beats, slots
from ecgapp.ui.compare.slots import EARLIER, LATER, ComparedECG
from ecgapp.ui.shell.opening import choose_record
from ecgapp.ui.tracing.paper_frame import PLAIN, paper

REFERENCE_LENGTH = 24
WORDS = (
    "Which ECG is the earlier one, and that both are of one patient, is your statement: no date and no name "
    "is read from the files."
)
_SHARE = st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0, width=100)
FINDING_COLUMNS = {
    "Finding": st.column_config.TextColumn(width=70),
    "Earlier": _SHARE,
    "Later": _SHARE,
    "Threshold": st.column_config.NumberColumn(format="%.2f", width=70),
    "Earlier is": st.column_config.TextColumn(width=75),
    "Later is": st.column_config.TextColumn(width=75),
    "Change": st.column_config.TextColumn(width=85),
    "Remark": st.column_config.TextColumn(width=225),
    "Status": st.column_config.TextColumn(width=90),
}


INTERVAL_COLUMNS = {
    name: st.column_config.TextColumn(width=pixels)
    for name, pixels in {
        "Measurement": 120, "Earlier": 75, "Later": 75, "Change": 80, "Repeat": 75, "Error": 75,
        "Remark": 380,
    }.items()
}  # fmt: skip


def openings() -> dict[str, ComparedECG]:
    """Draw both ways in and a button that swaps; return what is open by its slot, the earlier one first."""
    slots.follow_review()
    for slot, place in zip((EARLIER, LATER), st.columns(2, gap="large"), strict=True):
        with place:
            _opening(slot)
    both = {slot: one for slot in (EARLIER, LATER) if (one := slots.compared(slot)) is not None}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Swap earlier and later", on_click=slots.swap, disabled=not both, key="swap")
        st.caption(WORDS)
    if len(both) == 2 and same_recording(both[EARLIER].record, both[LATER].record):
        st.warning("Both are the same recording. Open another ECG as one of them.")
    return both


def _opening(slot: str) -> None:
    st.subheader(f"{slot.capitalize()} ECG")
    choose_record(slots.opening(slot))
    if (sentence := slots.problem(slot)) is not None:
        st.error(sentence)
    one = slots.compared(slot)
    if one is None:
        st.info(f"No {slot} ECG is open.")
        return
    _ask_reference(slot, one)
    source = ", the one in view on the Review page" if one.of_review else ""
    st.markdown(
        f"Open: **{escape_markdown(one.name)}**{source}, {one.record.duration:.1f} s, "
        f"{one.record.sampling_rate:g} Hz."
    )


def _ask_reference(slot: str, one: ComparedECG) -> None:
    """Ask for the reader's name of this ECG, such as its date, without signs of markup."""
    typed = st.text_input(
        f"Reference of the {slot} ECG (optional, not stored)",
        one.reference,
        max_chars=REFERENCE_LENGTH,
        key=f"compare_reference_{id(one)}",
        placeholder="e.g. its date",
        autocomplete="off",
    )
    one.reference = "".join(sign for sign in typed if sign.isalnum() or sign in " -.:/").strip()


def critical_findings(both: Mapping[str, ComparedECG]) -> None:
    """A red box with the critical findings of each ECG; nothing where there are none."""
    parts = [
        f"**{slot.capitalize()} ECG: {escape_markdown(finding.sentence)}** "
        f"{escape_markdown(finding.evidence)}"
        for slot, one in both.items()
        for finding in one.ecg.critical()
    ]
    if parts:
        st.error("\n\n".join(parts), icon=":material/emergency:")


def compared_findings(both: Mapping[str, ComparedECG], card: ModelCard) -> tuple[FindingChange, ...]:
    """Every class in both; none, and a sentence for each ECG that the model cannot take."""
    findings = {slot: _findings_or_notice(slot, one, card) for slot, one in both.items()}
    earlier, later = findings[EARLIER], findings[LATER]
    return () if earlier is None or later is None else finding_changes(earlier, later)


def _findings_or_notice(slot: str, one: ComparedECG, card: ModelCard) -> Findings | None:
    """The findings of ``card``'s model in one ECG that passed the gate; None, with a warning, on an error."""
    try:
        return one.ecg.findings(card)
    except EcgAppError as error:
        st.warning(f"The {slot} ECG cannot be scored, so no findings are compared. {error}")
        return None


def measured(both: Mapping[str, ComparedECG]) -> dict[str, Measurements]:
    """The measurements of both; none where no delineator is installed.

    Raises:
        EcgAppError: the delineator cannot be opened.
    """
    by_slot = {slot: one.ecg.measurements() for slot, one in both.items()}
    return {slot: one for slot, one in by_slot.items() if one is not None}


def findings_panel(
    both: Mapping[str, ComparedECG], changes: tuple[FindingChange, ...], card: ModelCard
) -> None:
    """One row a class, and what of the recordings makes a finding doubtful."""
    table = change_tables.findings(changes, compare_admission.doubt_marks(both, changes))
    st.dataframe(table, hide_index=True, column_config=FINDING_COLUMNS, height="content")
    for sentence in compare_admission.doubt_sentences(both, changes):
        st.markdown(sentence)
    st.caption(
        f"Both read by {card.title}, sha256 {card.sha256[:12]}. New: below its threshold earlier, above it "
        "later; gone: the other way round. Unchanged: the probability did not cross the threshold."
    )


def intervals_panel(
    measurements: Mapping[str, Measurements], changes: tuple[Change, ...], card: ModelCard
) -> None:
    """Intervals and axes, then ST levels."""
    for slot, one in measurements.items():
        for sentence in one.warnings:
            st.warning(f"{slot.capitalize()}: {sentence}")
    table = change_tables.intervals(changes)
    st.dataframe(table, hide_index=True, column_config=INTERVAL_COLUMNS, height="content")
    for sentence in change_tables.blanks(changes):
        st.info(sentence)
    st.caption(_about_error(card))
    st.caption("ST level at J+60 ms, mm, as recorded, against the level just before QRS:")
    st.dataframe(change_tables.levels(level_changes(measurements[EARLIER], measurements[LATER])))
    st.caption(change_tables.MARKED)


def _about_error(card: ModelCard) -> str:
    """A caption on the two columns that a change is compared with."""
    repeat = (
        "Repeat: the 95 % limit of differences between two halves of one recording (upper end of its 95 % "
        f"interval, n = {N_REPEATED} recordings, same electrodes). Day-to-day differences are larger."
    )
    error = f"Error: not known of {card.name}."
    if card.delineation is not None:
        error = (
            "Error: the 95 % repeatability limit of the measurement itself (Bland and Altman 1999), from the "
            "errors of boundaries in single leads against marks made by hand, on "
            f"{card.delineation.dataset} (n = {card.delineation.n}); the median beat over all leads should "
            "do better. A difference between the two limits may be real or due to electrode placement."
        )
    return (
        f"{repeat} {error} Rate and RR change by themselves and are not judged. Axis changes use the "
        f"smaller angle. Read by {card.name}, sha256 {card.sha256[:12]}."
    )


def beats_panel(both: Mapping[str, ComparedECG], measurements: Mapping[str, Measurements]) -> None:
    """Median beats over each other, and the same as a table."""
    beats = {slot: one.beat for slot, one in measurements.items()}
    earlier, later = beats[EARLIER], beats[LATER]
    if earlier is None or later is None:
        blank = " and ".join(slot for slot, beat in beats.items() if beat is None)
        st.info(f"There is no median beat of the {blank} ECG: too few beats are alike.")
        return
    if any(one.record.units != "mV" for one in both.values()):
        st.info("One ECG has no voltage calibration, so the beats cannot be superimposed at the same scale.")
        return
    figure = paired_beats.overlay(earlier, later)
    alt = (
        "Median beats of both ECGs over each other in each lead: the earlier one dashed, the later one solid"
    )
    with paper(figure, "compare_beats"):
        st.plotly_chart(figure, theme=None, config=PLAIN, key="compare_beats", height="stretch", alt=alt)
    st.caption(paired_beats.in_words(earlier, later))
    with st.expander("As a table"):
        leads = paired_beats.leads_of(earlier, later)
        table = change_tables.wave_heights(earlier, later, leads)
        st.dataframe(table, hide_index=True, height="content")
        st.caption("mV, from the level just before QRS; T where it is largest.")
