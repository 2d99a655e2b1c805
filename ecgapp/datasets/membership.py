"""The index entry of one record: patient, fold and codes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Membership:
    """The index entry of a record, with fold 0 for records that are never used.

    Such records are left out of training and validation.
    """

    record_id: str
    patient_id: str
    fold: int
    codes: tuple[str, ...]
    source: str
