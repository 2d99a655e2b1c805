"""The text header of a WFDB record, checked before anything is allocated.

The format is PhysioNet's header(5), with two differences. Text behind the number of samples in the
first line (a time and a date, in any order) is ignored, as real files vary. Implausible headers are
refused: counts that disagree, a rate or a gain of zero, a file name that leads out of the record's
folder, sizes that no ECG has.
"""

import math
import re
from dataclasses import dataclass

from ecgapp.errors import CorruptRecordError, UnsupportedRecordError

MAX_HEADER_BYTES = 1 << 18
MAX_SIGNALS = 256
MAX_SEGMENTS = 10_000
MAX_SAMPLES = 32_000_000  # over all signals: 24 hours of a three-lead recorder at 123 Hz, 128 MB in float32
MAX_RATE = 100_000.0  # Hz
FORMATS = frozenset({0, 8, 16, 24, 32, 61, 80, 160, 212, 310, 311, 508, 516, 524})
AGAIN = "Export the record again, or ask for a fresh copy."

_SIGNAL = re.compile(
    r"(\S+)\s+(\d{1,4})(?:x(\d{1,9}))?(?::(\d{1,9}))?(?:\+(\d{1,12}))?"  # file, format
    r"(?:\s+([-+]?[\d.]+(?:[eE][-+]?\d{1,3})?)(?:\(([-+]?\d{1,12})\))?(?:/(\S+))?"  # gain(baseline)/unit
    r"(?:\s+\d{1,4}(?:\s+([-+]?\d{1,12})(?:\s+([-+]?\d{1,12})(?:\s+([-+]?\d{1,12})"  # ADC zero, first, sum
    r"(?:\s+\d{1,9}(?:\s+(.*))?)?)?)?)?)?)?\s*",
    re.ASCII,
)
_PLAIN_NAME = re.compile(r"""[^/\\:"<>|?\x00-\x1f\x7f]{1,200}""")
_DIAGNOSES = re.compile(r"^[ \t]{0,8}#[ \t]{0,8}Dx[ \t]{0,8}:[ \t]{0,8}(\S.*)$", re.IGNORECASE | re.MULTILINE)
_SYNTHETIC = re.compile(
    r"^[ \t]{0,8}#[ \t]{0,8}Synthetic[ \t]{0,8}:[ \t]{0,8}yes[ \t\r]{0,8}$", re.IGNORECASE | re.MULTILINE
)
_NINE_NAMES = frozenset({"AF", "I-AVB", "LBBB", "Normal", "RBBB", "PAC", "PVC", "STD", "STE"})


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal: the file with its samples, and their format, calibration and name.

    ``gain`` is in steps per unit, None if the header gives none; ``first`` and ``checksum``
    are None if the line ends before them.
    """

    file: str
    format: int
    samples_per_frame: int
    skew: int  # frames
    offset: int  # bytes
    gain: float | None
    baseline: int
    unit: str
    unit_given: bool  # if not, ``unit`` is the format's default, mV
    first: int | None
    checksum: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a longer record: the name of the record that holds it, "~" for a gap, and its length."""

    name: str
    n_frames: int


@dataclass(frozen=True, slots=True)
class WFDBHeader:
    """A checked header; ``segments`` is empty unless the record is made of other records."""

    n_signals: int
    frame_rate: float  # Hz
    n_frames: int | None  # None if the header does not say
    signals: tuple[SignalLine, ...]
    segments: tuple[Segment, ...]
    codes: tuple[str, ...]
    synthetic: bool


def parse_header(content: bytes) -> WFDBHeader:
    """The checked header in the bytes of a header file.

    Raises:
        CorruptRecordError: this is no header, or it contradicts itself, or names files in other folders.
        UnsupportedRecordError: a storage format that WFDB does not define, or a record too long.
    """
    text = _decode(content)
    lines = [
        line for line in text.split("\n") if line and not line.isspace() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise CorruptRecordError(f"The header file is empty. {AGAIN}")
    first, rest = lines[0].split(), lines[1:]
    if len(first) < 2:
        raise CorruptRecordError(
            "This file is not a WFDB header. Choose the .hea file that belongs to the ECG."
        )
    parts = re.fullmatch(r"([^/]+)/(\d{1,9})", first[0], re.ASCII)  # a record of several segments
    name, n_segments = (parts.group(1), int(parts.group(2))) if parts else (first[0], None)
    check_name(name)
    n_signals = _count(first[1], "number of signals", MAX_SIGNALS)
    rate = _rate(first[2] if len(first) > 2 else "")
    n_frames = _count(first[3], "number of samples", 10**15) if len(first) > 3 else 0
    if n_frames * n_signals > MAX_SAMPLES:
        raise UnsupportedRecordError("The record is too long to open here. Cut out the part to look at.")
    signals = () if n_segments is not None else _signals(rest, n_signals)
    segments = () if n_segments is None else _segments(rest, n_segments, n_frames)
    return WFDBHeader(
        n_signals, rate, n_frames or None, signals, segments, _codes(text), bool(_SYNTHETIC.search(text))
    )


def check_name(name: str) -> None:
    """Refuse a record or file name that could lead out of the record's own folder.

    Raises:
        CorruptRecordError: it holds a separator, a drive, a control character, or is "..".
    """
    if name in {".", ".."} or not _PLAIN_NAME.fullmatch(name):
        raise CorruptRecordError("The header points to files outside its own folder, which is not allowed.")


def _decode(content: bytes) -> str:
    if len(content) > MAX_HEADER_BYTES:
        raise CorruptRecordError(
            "This file is far too long for a WFDB header. Choose the record's .hea file."
        )
    if b"\0" in content:
        raise CorruptRecordError(
            "This file is not a WFDB header. Choose the .hea file that belongs to the ECG."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _count(text: str, what: str, limit: int) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise CorruptRecordError(
            f"This is not a readable WFDB header: its {what} is not a whole number. {AGAIN}"
        )
    if int(text) > limit:
        raise CorruptRecordError(f"The header's {what} is impossible for an ECG. {AGAIN}")
    return int(text)


def _rate(text: str) -> float:
    """Frames per second from ``rate/counter_rate(base)``, of which only the rate matters here."""
    match = re.match(r"[\d.]+(?:[eE][-+]?\d{1,3})?(?=/|$)", text, re.ASCII)
    rate = _number(match.group()) if match else math.nan
    if not 0 < rate <= MAX_RATE:
        raise CorruptRecordError(f"The header gives no sampling rate above 0 that an ECG can have. {AGAIN}")
    return rate


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _signals(lines: list[str], n_signals: int) -> tuple[SignalLine, ...]:
    if n_signals == 0:
        raise CorruptRecordError(
            "The header describes no signal at all. Choose the header of the ECG itself."
        )
    if len(lines) != n_signals:
        raise CorruptRecordError(
            f"The header announces {n_signals} signals and describes {len(lines)}. {AGAIN}"
        )
    return tuple(_signal(line, number) for number, line in enumerate(lines, start=1))


def _signal(line: str, number: int) -> SignalLine:
    match = _SIGNAL.fullmatch(line)
    if match is None:
        raise CorruptRecordError(f"The header's line for signal {number} cannot be read. {AGAIN}")
    file, fmt, per_frame, skew, offset, gain, baseline, unit, zero, first, checksum, name = match.groups()
    if int(fmt) not in FORMATS:
        raise UnsupportedRecordError(
            f"Signal {number} is stored in a format that WFDB does not define. {AGAIN}"
        )
    if int(fmt) != 0:
        check_name(file)
    if per_frame is not None and not 1 <= int(per_frame) <= MAX_RATE:
        raise CorruptRecordError(f"The header's samples per frame of signal {number} are impossible. {AGAIN}")
    return SignalLine(
        file=file,
        format=int(fmt),
        samples_per_frame=int(per_frame or 1),
        skew=int(skew or 0),
        offset=int(offset or 0),
        gain=_gain(gain, number) if int(fmt) != 0 else None,
        baseline=int(baseline or zero or 0),
        unit=unit or "mV",
        unit_given=unit is not None,
        first=None if first is None else int(first),
        checksum=None if checksum is None else int(checksum),
        name=(name or "").strip(),
    )


def _gain(text: str | None, number: int) -> float | None:
    if text is None:
        return None
    gain = _number(text)
    if not (math.isfinite(gain) and gain > 0):
        raise CorruptRecordError(
            f"The gain of signal {number} is not above 0, so its voltage is unknown. "
            "Export the record again with its calibration."
        )
    return gain


def _segments(lines: list[str], n_segments: int, n_frames: int) -> tuple[Segment, ...]:
    if not 1 <= n_segments <= MAX_SEGMENTS or len(lines) != n_segments:
        raise CorruptRecordError(f"The header's list of parts is not complete. {AGAIN}")
    segments = []
    for line in lines:
        name, *length = line.split()
        check_name(name)
        segments.append(Segment(name, _count("".join(length[:1]), "length of a part", MAX_SAMPLES)))
    if sum(segment.n_frames for segment in segments) != n_frames or n_frames == 0:
        raise CorruptRecordError(f"The parts of the record do not add up to its length. {AGAIN}")
    return tuple(segments)


def _codes(text: str) -> tuple[str, ...]:
    """The diagnoses of a challenge header as codes with their vocabulary, without unknown words."""
    match = _DIAGNOSES.search(text)
    words = re.split(r"[,;\s]+", match.group(1)) if match else []
    codes = [
        f"SNOMED:{word}" if re.fullmatch(r"\d{6,18}", word, re.ASCII) else f"CPSC:{word}" for word in words
    ]
    known = [code for code in codes if code.startswith("SNOMED:") or code[5:] in _NINE_NAMES]
    return tuple(dict.fromkeys(known))
