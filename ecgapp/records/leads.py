"""Lead names, their order, and the four leads that are computed from I and II."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgapp.records.record import LEADS, ECGRecord, FloatArray

MAX_NAME = 24  # characters of a lead's name that are kept
_STANDARD = {lead.upper(): lead for lead in LEADS}


def lead_name(name: str, number: int) -> str:
    """The standard spelling of a lead's name: "AVR", "Lead aVR" and "ECG avr" are all "aVR".

    Other names keep letters, digits, blanks, "+", "-" and "_" only, because pages show them as Markdown,
    in which other signs could load a picture. A signal without a name is called by its ``number``.
    """
    standard = _STANDARD.get(name.upper())
    if standard is not None:
        return standard
    words = name.replace("_", " ").upper().split()
    while len(words) > 1 and words[0] in {"ECG", "EKG", "LEAD"}:
        words = words[1:]
    if len(words) == 1 and words[0] in _STANDARD:
        return _STANDARD[words[0]]
    plain = re.sub(r"[^\w +-]", "", name).strip()[:MAX_NAME]
    return plain or f"Signal {number}"


def lead_order(names: Sequence[str]) -> list[int]:
    """The rows of ``names`` in the order of ``LEADS``, followed by other leads in their given order."""
    place = {lead: row for row, lead in enumerate(LEADS)}
    return sorted(range(len(names)), key=lambda row: place.get(names[row], len(LEADS)))


def complete_leads(record: ECGRecord) -> ECGRecord:
    """``record`` with missing III, aVR, aVL and aVF computed from I and II and marked as derived.

    Einthoven's and Goldberger's equations: III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2,
    aVF = II - I / 2. A sample missing in I or II is missing in them too. Without I or II the record is
    returned unchanged.
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
