"""One part of an import is read: every record that can be, and why the others cannot."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgapp.datasets.importing.entries import Pack
from ecgapp.datasets.importing.part import PartNote, PartWriter
from ecgapp.datasets.layouts.layout import Read
from ecgapp.errors import RecordError, SignalError
from ecgapp.records.record import ECGRecord
from ecgapp.signals import resample

SHORTEST = 1.0  # seconds

Tell = Callable[[int], None]  # how many records of the part are done; what it raises ends the part


@dataclass(frozen=True)
class Form:
    """The form of every record of a store; ``sampling_rate`` in Hz."""

    leads: tuple[str, ...]
    sampling_rate: float
    units: str


@dataclass(frozen=True)
class PartJob:
    """The entries of part ``number``, what reads them, and the folder that the part is written to."""

    folder: Path
    number: int
    pack: Pack
    read: Read
    form: Form


def read_part(job: PartJob, tell: Tell) -> PartNote:
    """Write the part that ``job`` describes.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    refused: dict[str, int] = {}
    with PartWriter(job.folder, job.number, job.form.leads, job.form.sampling_rate) as writer:
        for done, entry in enumerate(job.pack.entries(), start=1):
            try:
                record = job.read(entry.where)
                writer.add(fitted(record, job.form), entry.member(record))
            except (RecordError, SignalError) as error:
                refused[str(error)] = refused.get(str(error), 0) + 1
            tell(done)
        return writer.finish(job.pack.key, refused)


def fitted(record: ECGRecord, form: Form) -> ECGRecord:
    """``record`` with the store's leads and sampling rate.

    Raises:
        RecordError: it is in other units.
        SignalError: it is too short, lacks leads, or has gaps.
    """
    if record.units != form.units:
        raise RecordError("The record is in other units than the rest of the data set.")
    if record.duration < SHORTEST:
        raise SignalError("The record is shorter than one second.")
    if not set(form.leads) <= set(record.leads):
        raise SignalError(f"The record lacks some of the leads {', '.join(form.leads)}.")
    signal = record.select(form.leads)
    if not np.isfinite(signal).all():
        raise SignalError("The recorder marked samples of the record as missing.")
    if record.sampling_rate != form.sampling_rate:
        signal = resample(signal, record.sampling_rate, form.sampling_rate)
    return replace(record, signal=signal, leads=form.leads, sampling_rate=form.sampling_rate)
