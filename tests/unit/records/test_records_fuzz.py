"""Random damage to a header and its signal file: the reader answers with a record or a sentence."""

import numpy as np
import pytest

from ecgapp.errors import RecordError
from ecgapp.records import ECGRecord, read_record, write_wfdb

TOKENS = (
    *"0 -1 1 2 12 13 99999999 -99999999999 1e9 1e-40 nan inf ~ * / .. x/2 x # é V1 aVR %s{0}".split(),
    *"16 212 80 8 310 24 524 516x3 16x2 16:5 16+3 212:1+1 ()/mV 200(5)/mV 1/V".split(),
    "\x00", "\x1d", "", "9" * 30, "II II",
)  # fmt: skip


def mutated(text: str, draw: np.random.Generator) -> str:
    """``text`` with one to four random edits of a byte, a word or a line."""
    for _ in range(draw.integers(1, 5)):
        lines = text.split("\n")
        row = int(draw.integers(len(lines)))
        words = lines[row].split(" ")
        kind = draw.integers(5)
        if kind == 0 and text:
            place = int(draw.integers(len(text)))
            text = text[:place] + chr(draw.integers(0, 256)) + text[place + 1 :]
            continue
        if kind <= 2:
            words[draw.integers(len(words))] = TOKENS[draw.integers(len(TOKENS))]
            lines[row] = " ".join(words)
        elif kind == 3:
            lines.insert(row, lines[draw.integers(len(lines))])
        else:
            del lines[row]
        text = "\n".join(lines)
    return text


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_record_is_read_or_refused_and_nothing_else_happens(tmp_path, seed):
    """100 mutations a seed; the signal file is cut and spoilt now and then."""
    draw = np.random.default_rng(seed)
    signal = draw.normal(size=(12, 300)).astype(np.float32)
    files = write_wfdb(ECGRecord("x", signal, 500.0), tmp_path, "x")
    header, samples = files[0].read_text(), files[1].read_bytes()
    read = 0
    for _ in range(100):
        files[0].write_text(mutated(header, draw), encoding="utf-8", errors="replace")
        damaged = bytearray(samples)
        if draw.random() < 0.3:
            damaged = damaged[: draw.integers(len(damaged))] + bytes(draw.integers(0, 256, 5, dtype=np.uint8))
        files[1].write_bytes(damaged)
        try:
            record = read_record(files)
        except RecordError:
            continue
        read += 1
        assert record.signal.dtype == np.float32
        assert not np.isinf(record.signal).any()
    assert 0 < read < 100
