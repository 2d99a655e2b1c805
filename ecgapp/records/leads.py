"""Lead names, their order, and the four leads that follow from I and II."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgapp.records.record import LEADS, ECGRecord, FloatArray

MAX_NAME = 24  # characters of a lead's name that are kept
_STANDARD = {lead.upper(): lead for lead in LEADS}


def lead_name(name: str, number: int) -> str:
    """``name`` in our spelling: "AVR", "Lead aVR" and "ECG avr" are all "aVR"; others are kept.

    Of those only letters, digits, blanks, "+", "-" and "_" are kept, for pages show them as Markdown,
    where other signs could fetch a picture. A signal without a name is called by its ``number``.
    """
    standard = _STANDARD.get(name.upper())
    if standard is not None:
        return standard
    words = name.replace("_", " ").upper().split()
    while len(words) > 1 and words[0] in {"ECG", "EKG", "LEAD"}:
        words = words[1:]
    if len(words) == 1 and words[0] in _STANDARD:
        return _STANDARD[words[0]]
    kept = re.sub(r"[^\w +-]", "", name).strip()[:MAX_NAME]
    return kept or f"Signal {number}"


def lead_order(names: Sequence[str]) -> list[int]:
    """The rows of ``names`` with the standard leads first, in their order, others behind as they came."""
    place = {lead: row for row, lead in enumerate(LEADS)}
    return sorted(range(len(names)), key=lambda row: place.get(names[row], len(LEADS)))


def complete_leads(record: ECGRecord) -> ECGRecord:
    """Add whichever of III, aVR, aVL, aVF are absent, where I and II are there; they are marked derived.

    Einthoven's and Goldberger's equations: III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2,
    aVF = II - I / 2. A sample missing in I or II is missing in them too.
    """
    absent = [lead for lead in ("III", "aVR", "aVL", "aVF") if lead not in record.leads]
    if not absent or "I" not in record.leads or "II" not in record.leads:
        return record
    first, second = record.select(("I", "II"))
    formulas: dict[str, FloatArray] = {
        "III": second - first,
        "aVR": -(first + second) / 2,
        "aVL": first - second / 2,
        "aVF": second - first / 2,
    }
    signal = np.concatenate([record.signal, np.stack([formulas[lead] for lead in absent])])
    names = (*record.leads, *absent)
    rows = lead_order(names)
    return replace(
        record,
        signal=signal[rows],
        leads=tuple(names[row] for row in rows),
        derived=record.derived | frozenset(absent),
    )


def one_lead(record: ECGRecord, lead: str, name: str = "") -> ECGRecord:
    """``record`` with nothing but ``lead``, under another ``name`` if one is given ("ECG", "MLII").

    Raises:
        LeadsMissingError: the record has no such lead.
    """
    return replace(record, signal=record.select((lead,)), leads=(name or lead,), derived=frozenset())
