"""ECG records: what they are, one reader per file format, lead algebra, and synthetic ECGs with known truth.

A file becomes an ``ECGRecord`` through ``read_record`` alone: millivolts, leads in the order of
``LEADS``, an id of ours. Whatever is wrong with the files is a ``RecordError`` with one plain sentence.
"""

from ecgapp.records.identity import fingerprint
from ecgapp.records.leads import complete_leads, one_lead
from ecgapp.records.read_record import read_record
from ecgapp.records.record import LEADS, ECGRecord, FloatArray
from ecgapp.records.synthetic import (
    DEMOS,
    RARE_RHYTHMS,
    RHYTHMS,
    CriticalEvent,
    RhythmSpan,
    SyntheticConfig,
    SyntheticECG,
    synthesise,
)
from ecgapp.records.waves import WAVES, Wave
from ecgapp.records.wfdb_writer import write_wfdb

__all__ = [
    "DEMOS",
    "LEADS",
    "RARE_RHYTHMS",
    "RHYTHMS",
    "WAVES",
    "CriticalEvent",
    "ECGRecord",
    "FloatArray",
    "RhythmSpan",
    "SyntheticConfig",
    "SyntheticECG",
    "Wave",
    "complete_leads",
    "fingerprint",
    "one_lead",
    "read_record",
    "synthesise",
    "write_wfdb",
]
