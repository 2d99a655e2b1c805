"""ECG records: the ``ECGRecord`` type, readers of ECG files, lead algebra, and synthetic ECGs.

``read_record`` is the only way from files to an ``ECGRecord``: millivolts, leads in the order of ``LEADS``,
an id of ours. It raises a ``RecordError`` with one plain sentence if anything is wrong with the files.
"""

from ecgapp.records.leads import complete_leads
from ecgapp.records.read_record import read_record
from ecgapp.records.record import LEADS, ECGRecord, FloatArray, fingerprint
from ecgapp.records.synthetic import (
    DEMOS,
    RARE_RHYTHMS,
    RHYTHMS,
    CriticalEvent,
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
    "SyntheticConfig",
    "SyntheticECG",
    "Wave",
    "complete_leads",
    "fingerprint",
    "read_record",
    "synthesise",
    "write_wfdb",
]
