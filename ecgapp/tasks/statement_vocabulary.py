"""The vocabulary of ECG statements: key, name, group and the codes of each, in ``statement_vocabulary.csv``.

SCP-ECG statements and AHA/ACC/HRS numbers (Mason et al. 2007, doi:10.1161/CIRCULATIONAHA.106.180202) are
those of PTB-XL's ``scp_statements.csv`` (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6, CC BY 4.0).
SNOMED CT codes are those of ``dx_mapping_scored.csv`` and ``dx_mapping_unscored.csv`` of the PhysioNet/CinC
Challenges (Reyna et al. 2021, doi:10.23919/cinc53138.2021.9662687, BSD 2-Clause), and one of ecg-arrhythmia
(AVNRT). Of the Lobachevsky database (``LUDB``) we take rhythm, conduction, extrasystoles, hypertrophies and
pacing, because it does not annotate ischaemia and repolarisation fully. Where a code is broader or narrower
than the statement, the column ``note`` says so.

``broader`` names statements that are true whenever the statement is, e.g. MI for ASMI.
"""

import csv
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecgapp.errors import ConfigError

TABLE = Path(__file__).with_name("statement_vocabulary.csv")
GROUPS = (
    "normal", "rhythm", "premature beats", "conduction", "axis and voltage", "hypertrophy and enlargement",
    "infarction", "ST and T", "pacing", "technical",
)  # fmt: skip
_PREFERRED = (
    "SNOMED",
    "SCP",
)  # vocabularies of the code that stands for a statement, the first one that has it
_TYPED = ("SNOMED:", "SCP:")  # prefixes that a reader may leave out; other vocabularies have ambiguous words


@dataclass(frozen=True)
class Statement:
    """One statement; ``key`` is its acronym and never changes, ``aha`` its AHA/ACC/HRS number or "".

    ``codes`` are of the form ``VOCABULARY:code``, as in a record.
    """

    key: str
    name: str
    group: str
    aha: str
    codes: tuple[str, ...]
    broader: tuple[str, ...]
    synonyms: tuple[str, ...]
    note: str

    @property
    def code(self) -> str:
        """The code that stands for the statement in a report: SNOMED CT, else SCP-ECG; "" without one."""
        codes = (code for kind in _PREFERRED for code in self.codes if code.startswith(f"{kind}:"))
        return next(codes, "")

    @property
    def terms(self) -> tuple[str, ...]:
        """All that a reader may type for it: key, name, synonyms and codes."""
        bare = (code.removeprefix(kind) for kind in _TYPED for code in self.codes if code.startswith(kind))
        aha = (f"AHA:{self.aha}",) if self.aha else ()
        return (self.key, self.name, *self.synonyms, *self.codes, *bare, *aha)


def _statement(row: Mapping[str, str]) -> Statement:
    codes, broader, synonyms = (
        tuple(filter(None, row[name].split("; "))) for name in ("codes", "broader", "synonyms")
    )
    return Statement(row["key"], row["name"], row["group"], row["aha"], codes, broader, synonyms, row["note"])


@functools.cache
def vocabulary() -> Mapping[str, Statement]:
    """All statements by their keys, in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        statements = map(_statement, csv.DictReader(file))
        return MappingProxyType({statement.key: statement for statement in statements})


def statement(key: str) -> Statement:
    """The statement of this key.

    Raises:
        ConfigError: there is none.
    """
    if key not in vocabulary():
        raise ConfigError(f"The vocabulary has no statement {key}.")
    return vocabulary()[key]


def find_statement(text: str) -> Statement | None:
    """The statement that a reader means by a key, name, synonym or code; None for other text.

    Capitals do not count; hyphens and slashes count as spaces.
    """
    return _by_term().get(_plain(text))


@functools.cache
def _by_term() -> Mapping[str, Statement]:
    return {_plain(term): one for one in vocabulary().values() for term in one.terms}


def _plain(term: str) -> str:
    return " ".join(re.split(r"[\s\-/]+", term.casefold().strip()))


def offered_terms() -> tuple[str, ...]:
    """The terms offered to a reader who types: all keys, then synonyms, then SNOMED CT and SCP-ECG codes."""
    every = vocabulary().values()
    synonyms = [term for one in every for term in one.synonyms]
    return (
        *vocabulary(),
        *synonyms,
        *(code for one in every for code in one.codes if code.startswith(_TYPED)),
    )


def broader_statements(key: str) -> tuple[Statement, ...]:
    """All statements that are true whenever that of ``key`` is, the nearest first."""
    return tuple(dict.fromkeys(_above(statement(key))))


def _above(below: Statement) -> Iterator[Statement]:
    above = [statement(key) for key in below.broader]
    yield from above
    for one in above:
        yield from _above(one)


def narrower_statements(key: str) -> tuple[Statement, ...]:
    """All statements of which that of ``key`` follows, in the order of the table."""
    broader = statement(key)
    return tuple(one for one in vocabulary().values() if broader in broader_statements(one.key))
