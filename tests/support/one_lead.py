"""A record reduced to one of its leads."""

from dataclasses import replace

from ecgapp.records import ECGRecord


def one_lead(record: ECGRecord, lead: str, name: str = "") -> ECGRecord:
    """``record`` with ``lead`` alone, under another ``name`` if one is given ("ECG", "MLII")."""
    return replace(record, signal=record.select((lead,)), leads=(name or lead,), derived=frozenset())
