"""The reader of WFDB records: .hea with .dat, or with the .mat of the PhysioNet challenges."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from ecgapp.errors import IncompleteRecordError
from ecgapp.records.companions import Companions, is_file
from ecgapp.records.leads import lead_order
from ecgapp.records.record import ECGRecord
from ecgapp.records.wfdb_header import MAX_HEADER_BYTES, WFDBHeader, parse_header
from ecgapp.records.wfdb_segments import read_segments
from ecgapp.records.wfdb_signals import read_signals


def read_wfdb(header: Path, files: Sequence[Path] = (), record_id: str | None = None) -> ECGRecord:
    """Read the record whose header is ``header``; its signal files are among ``files`` or beside it.

    Leads are in the order of ``LEADS`` and in millivolts, whatever the header has; samples that
    the recorder marked invalid are NaN. Signals that are no voltage are left out, with a warning.
    The first sample and the checksum of every signal are compared with the header's.

    Raises:
        RecordError: one sentence says what is wrong with the files.
    """
    described = read_header(header)
    companions = Companions(header, files)
    signals = (read_segments if described.segments else read_signals)(described, companions)
    rows = lead_order(signals.leads)
    in_order = rows == list(range(len(rows)))
    return ECGRecord(
        record_id=record_id or secrets.token_hex(6),
        signal=signals.signal if in_order else signals.signal[rows],
        sampling_rate=signals.sampling_rate,
        leads=signals.leads if in_order else tuple(signals.leads[row] for row in rows),
        codes=described.codes,
        warnings=signals.warnings,
        synthetic=described.synthetic,
    )


def read_header(path: Path) -> WFDBHeader:
    """The checked header at ``path``.

    Raises:
        IncompleteRecordError: there is no such file.
        CorruptRecordError: it is no WFDB header.
    """
    if not is_file(path):
        raise IncompleteRecordError(
            "The record's header file is missing. Choose the .hea file with its signal file."
        )
    with path.open("rb") as file:
        return parse_header(file.read(MAX_HEADER_BYTES + 1))
