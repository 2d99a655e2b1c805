"""Shaoxing People's Hospital database as on figshare (Zheng et al. 2020, doi:10.1038/s41597-020-0386-x).

One CSV file a record, 5,000 samples of 12 leads in microvolts at 500 Hz, and a workbook with the rhythm and
the other findings of each: ``SHAOXING:`` and the acronym. ``AF`` is atrial flutter there. Every record is of
another patient. The signals are those of ``ECGData``, or of ``ECGDataDenoised`` if only that folder exists.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    files_state,
    register_layout,
    sorted_folders,
)
from ecgapp.datasets.layouts.spreadsheet import read_sheet
from ecgapp.errors import CorruptRecordError, DatasetError, IncompleteRecordError, RecordError
from ecgapp.records.leads import lead_name
from ecgapp.records.record import LEADS, ECGRecord, FloatArray

TABLE = "Diagnostics.xlsx"
SAMPLING_RATE = 500.0  # Hz
N_SAMPLES = 5000
HIGHEST = 20.0  # mV; no heart's voltage is higher
RHYTHMS = frozenset({"SB", "SR", "AFIB", "ST", "SVT", "AF", "SA", "AT", "AVNRT", "AVRT", "SAAWR"})
UNUSABLE = frozenset(
    {f"MUSE_20180712_{time}" for time in (
        "151351_36000", "151353_58000", "151357_86000", "152014_31000", "152019_73000", "152022_92000",
        "152024_00000", "152114_47000", "153140_95000", "153632_30000",
    )}
    | {"MUSE_20180113_180425_75000", "MUSE_20180113_181145_89000"}
)  # fmt: skip
"""Records that users of the database leave out because their files are damaged."""

LISTED = "The record is on the public list of damaged records of this database."
SHORT = "The record's file does not hold 5,000 samples, so it is cut off or another one."
TOO_HIGH = "The record has voltages above 20 mV, which no heart gives."
FLAT = "A lead of the record has no signal."
NOT_NUMBERS = "The record's CSV file does not hold twelve columns of numbers."
UNNAMED = "The table of diagnoses does not name the record."
REPEATED = "The table of diagnoses names the record again; its first line was taken."
_DENOISED = "The signals are the publisher's denoised ones, not the recorded ones."
_COPY = (
    "The ecg-arrhythmia database and the 2021 challenge hold most of these patients under other names: a "
    "training on both cannot keep patients apart."
)


@register_layout("shaoxing", "Shaoxing database, figshare (Diagnostics.xlsx, ECGData or ECGDataDenoised)")
def shaoxing(source: Path, options: ImportOptions) -> Scan:
    """All records that the workbook in or beside the folder names."""
    tables = [folder / TABLE for folder in (source, source.parent) if (folder / TABLE).is_file()]
    files, denoised = _signals(source)
    if not tables or not files:
        raise DatasetError(
            f"This folder is not the Shaoxing database: it needs {TABLE} and the CSV files of ECGData or "
            "ECGDataDenoised. Choose the folder that holds them."
        )
    table = read_sheet(tables[0], ["FileName", "Rhythm", "Beat"])
    names = [name.removesuffix(".csv") for name in table["FileName"]]
    codes = {
        name: _codes(rhythm, beat)
        for name, rhythm, beat in reversed(list(zip(names, table["Rhythm"], table["Beat"], strict=True)))
    }
    odd = sum(not RHYTHMS & {code.partition(":")[2] for code in own[:1]} for own in codes.values())
    notes = [_COPY, *([_DENOISED] if denoised else [])]
    if odd:
        notes.append(f"{odd:,} records have none of the eleven rhythms.")
    refused = {REPEATED: len(names) - len(codes), UNNAMED: len(files.keys() - codes.keys())}
    return Scan(
        (_entry(name, codes[name], files.get(name)) for name in sorted(codes)),
        _read,
        SAMPLING_RATE,
        "CC0 1.0",
        notes=tuple(notes),
        refused={reason: n for reason, n in refused.items() if n},
    )


def _signals(source: Path) -> tuple[dict[str, Path], bool]:
    """The CSV file of each record, and whether they are the denoised ones."""
    recorded: dict[str, Path] = {}
    denoised: dict[str, Path] = {}
    for path in _csv_files(source):
        (denoised if "ECGDataDenoised" in path.parts else recorded)[path.stem] = path
    return (recorded, False) if recorded else (denoised, bool(denoised))


def _csv_files(source: Path) -> Iterator[Path]:
    for folder, files in sorted_folders(source):
        yield from (folder / file.name for file in files if re.fullmatch(r"MUSE_\w+\.csv", file.name))


def _codes(rhythm: str, beats: str) -> tuple[str, ...]:
    """The acronyms of both cells as codes, the rhythm first; one table writes SA as SI."""
    words = [*re.findall(r"\w+", rhythm.upper()), *re.findall(r"\w+", beats.upper())]
    words = ["SA" if word == "SI" else word for word in words if word != "NONE"]
    return tuple(dict.fromkeys(f"SHAOXING:{word}" for word in words))


def _entry(name: str, codes: tuple[str, ...], file: Path | None) -> Entry:
    patient = f"shaoxing:{name}"
    state = files_state(file) if file else 0
    return Entry(f"shaoxing/{name}", patient, stable_fold(patient), "shaoxing", str(file or ""), codes, state)


def _read(where: str) -> ECGRecord:
    """The record in millivolts.

    Raises:
        RecordError: it is on the list of damaged records, cut off, flat, or has impossible voltages.
    """
    file = Path(where)
    if not where or not file.is_file():
        raise IncompleteRecordError(NO_FILES)
    if file.stem in UNUSABLE:
        raise RecordError(LISTED)
    signal = _millivolts(file)
    if signal.shape[1] != N_SAMPLES:
        raise IncompleteRecordError(SHORT)
    if np.nanmax(np.abs(signal), initial=0.0) > HIGHEST:
        raise CorruptRecordError(TOO_HIGH)
    if (np.ptp(signal, axis=1) == 0).any():
        raise CorruptRecordError(FLAT)
    return ECGRecord(file.stem, signal, SAMPLING_RATE)


def _millivolts(file: Path) -> FloatArray:
    """The file's twelve leads, float32 (12, n_samples) in mV; without a header line, in the usual order."""
    try:
        with file.open(encoding="utf-8-sig") as text:
            named = "AVR" in text.readline().upper()
        table = pd.read_csv(file, header=0 if named else None, encoding="utf-8-sig")
        if named:
            columns = {lead_name(str(name).strip(), 0): name for name in table.columns}
            table = table[[columns[lead] for lead in LEADS]]
        samples = table.to_numpy(np.float32)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CorruptRecordError(NOT_NUMBERS) from error
    if samples.shape[1] != len(LEADS):
        raise CorruptRecordError(NOT_NUMBERS)
    return np.asarray(samples.T / np.float32(1000), np.float32, order="C")
