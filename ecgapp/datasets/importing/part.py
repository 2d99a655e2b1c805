"""A part of an import: at most so many records, written whole or not at all.

Its shards and its lines of the index are written first and its note last. A part with a note is therefore
complete, even if the process that wrote it was killed.
"""

import hashlib
import io
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp.datasets.manifest import Shard
from ecgapp.datasets.membership import Membership
from ecgapp.datasets.shards import OpenShard, bucket_samples, quantise, shard_bytes
from ecgapp.errors import ConfigError
from ecgapp.records.record import ECGRecord
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of, write_atomically

_TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("patient_id", pa.string()),
        ("fold", pa.int16()),
        ("codes", _TEXTS),
        ("source", pa.string()),
        ("derived", _TEXTS),
        ("n_samples", pa.int64()),
        ("shard", pa.int32()),  # within the part
        ("row", pa.int32()),
        ("scale", pa.list_(pa.float32())),
        ("signal", pa.uint64()),  # of the signal's sha256: the same recording has the same
    ]
)


@dataclass(frozen=True)
class PartNote:
    """A complete part: its shards, its lines, and what it refused (counts by reason, in plain words).

    ``key`` says what it was read from; it has another one once that has changed.
    """

    number: int
    key: str
    n_read: int
    shards: tuple[Shard, ...] = ()
    lines_sha256: str = ""
    refused: dict[str, int] = field(default_factory=dict)


def lines_file(number: int) -> str:
    """The name of a part's lines of the index."""
    return f"part-{number:05d}.parquet"


def note_file(number: int) -> str:
    """The name of a part's note."""
    return f"part-{number:05d}.json"


def complete_part(folder: Path, number: int, key: str, n_leads: int) -> PartNote | None:
    """The note of a part that is there whole and was read from this; None where it must be read (again)."""
    try:
        note = documents.load(PartNote, (folder / note_file(number)).read_text("utf-8"))
        if note.key != key or sha256_of(folder / lines_file(number)) != note.lines_sha256:
            return None
        sizes = [(folder / shard.signals).stat().st_size for shard in note.shards]
    except (OSError, ConfigError, ValueError):
        return None
    whole = sizes == [shard_bytes(shard, n_leads) for shard in note.shards]
    return note if whole and sum(shard.n for shard in note.shards) == note.n_read else None


class PartWriter:
    """Collects the records of part ``number`` in a folder of its own; ``finish`` moves them to ``folder``.

    A note of this part that is there is removed first: the files that it names are about to change.
    Use it as a context manager: leaving it without ``finish`` removes all that was written.
    """

    def __init__(self, folder: Path, number: int, leads: tuple[str, ...], sampling_rate: float) -> None:
        self.folder, self.number, self.leads, self.sampling_rate = folder, number, leads, sampling_rate
        (folder / note_file(number)).unlink(missing_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f"part-{number:05d}-", dir=folder))
        self._open: dict[int, OpenShard] = {}
        self._shards: dict[int, Shard] = {}
        self._lines: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.file.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def add(self, record: ECGRecord, member: Membership) -> None:
        """Store one record, which has the store's sampling rate and units; ``leads`` are picked from it.

        Raises:
            LeadsMissingError: the record lacks one of the store's leads.
        """
        signal = record.select(self.leads)
        steps, scales = quantise(signal)
        shard = self._shard_for(record.n_samples)
        self._lines.append(
            {
                "record_id": member.record_id,
                "patient_id": member.patient_id,
                "fold": member.fold,
                "codes": member.codes,
                "source": member.source,
                "derived": sorted(record.derived.intersection(self.leads)),
                "n_samples": record.n_samples,
                "shard": shard.number,
                "row": shard.add(steps),
                "scale": scales,
                "signal": int.from_bytes(hashlib.sha256(signal.tobytes()).digest()[:8], "little"),
            }
        )
        if shard.full:
            self._shards[shard.number] = self._open.pop(shard.shape[1]).close()

    def finish(self, key: str, refused: dict[str, int]) -> PartNote:
        """Complete the part: from its note on it is there; ``key`` is what it was read from.

        Raises:
            OSError: the disk is full.
        """
        for shard in self._open.values():
            self._shards[shard.number] = shard.close()
        self._open.clear()
        shards = tuple(self._shards[number] for number in sorted(self._shards))
        content = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(self._lines, SCHEMA), content)
        for described in shards:
            (self._work / described.signals).replace(self.folder / described.signals)
        lines = content.getvalue()
        write_atomically(self.folder / lines_file(self.number), lines)
        digest = hashlib.sha256(lines).hexdigest()
        note = PartNote(self.number, key, len(self._lines), shards, digest, refused)
        write_atomically(self.folder / note_file(self.number), documents.dump(note).encode())
        return note

    def _shard_for(self, n_samples: int) -> OpenShard:
        length = bucket_samples(n_samples, self.sampling_rate)
        if length not in self._open:
            number = len(self._open) + len(self._shards)
            path = self._work / f"signals-{self.number:05d}-{number:02d}.npy"
            self._open[length] = OpenShard(path, number, (len(self.leads), length))
        return self._open[length]
