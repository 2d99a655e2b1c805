"""Annotations in a WFDB annotation file in the MIT format: times, codes and texts.

A mark has two bytes, little-endian: six bits of code, ten bits of samples since the previous mark. Codes
from 59 on are no marks but qualify the next or the previous one (WFDB Programmer's Guide, annot(5)).
"""

from dataclasses import dataclass, replace

import numpy as np

from ecgapp.errors import CorruptRecordError
from ecgapp.records.waves import Wave

_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_ONSET, _OFFSET = 39, 40
_PEAKS = {24: "P", 1: "QRS", 27: "T"}


@dataclass(frozen=True)
class Mark:
    """One annotation: its sample number, its code, and its text, such as ``(VFL`` of a rhythm."""

    sample: int
    code: int
    text: str = ""


def read_marks(content: bytes) -> list[Mark]:
    """The marks in the bytes of an annotation file, in the file's order.

    Raises:
        CorruptRecordError: it ends in the middle of a mark.
    """
    if len(content) % 2:
        raise CorruptRecordError("The annotation file is cut off. Copy it again.")
    words = np.frombuffer(content, "<u2").tolist()
    marks: list[Mark] = []
    sample, place = 0, 0
    while place < len(words) and words[place]:
        code, value = words[place] >> 10, words[place] & 1023
        place += 1
        if code == _SKIP:
            if place + 2 > len(words):
                raise CorruptRecordError("The annotation file is cut off. Copy it again.")
            sample += np.array(words[place : place + 2], "<u2")[::-1].copy().view("<i4").item()
            place += 2
        elif code == _AUX:
            n_words = (value + 1) // 2
            if marks:
                text = np.array(words[place : place + n_words], "<u2").tobytes()[:value]  # two signs a word
                marks[-1] = replace(marks[-1], text=text.decode("ascii", errors="replace").rstrip("\0"))
            place += n_words
        elif code not in (_NUM, _SUB, _CHN):
            sample += value
            marks.append(Mark(sample, code))
    return marks


def waves_of(marks: list[Mark], sampling_rate: float) -> tuple[Wave, ...]:
    """P, QRS and T waves from triples of onset, peak and offset; empty if a triple is incomplete.

    A wave without a boundary is still a wave, so a lead with one can be used neither to train nor to test.
    """
    triples = [marks[start : start + 3] for start in range(0, len(marks), 3)]
    if any(not _is_whole(triple) for triple in triples):
        return ()
    waves = []
    for triple in triples:
        onset, peak, offset = (mark.sample / sampling_rate for mark in triple)
        waves.append(Wave(_PEAKS[triple[1].code], onset, peak, offset))
    return tuple(waves)


def _is_whole(triple: list[Mark]) -> bool:
    codes = [mark.code for mark in triple]
    in_order = [mark.sample for mark in triple] == sorted(mark.sample for mark in triple)
    return len(codes) == 3 and in_order and (codes[0], codes[2]) == (_ONSET, _OFFSET) and codes[1] in _PEAKS
