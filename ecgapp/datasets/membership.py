"""The index entry of one record: patient, fold and codes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Membership:
    """The index entry of a record without its signal; fold 0 is never trained or validated on."""

    record_id: str
    patient_id: str
    fold: int
    codes: tuple[str, ...]
    source: str
