"""Readers' own statements: one of the vocabulary is stored by its key, other text as it was typed."""

from ecgapp.tasks.statement_vocabulary import Statement, find_statement, vocabulary


def as_stored(typed: str) -> str:
    """The key of the statement that the text means, else the text itself with single spaces."""
    known = find_statement(typed)
    return " ".join(typed.split()) if known is None else known.key


def known_statement(stored: str) -> Statement | None:
    """The statement of a stored key; None for text that a reader typed."""
    return vocabulary().get(stored)


def stated_in_full(stored: str) -> str:
    """``LAFB (left anterior fascicular block)``; other text as it is."""
    known = known_statement(stored)
    return stored if known is None else f"{stored} ({known.name})"


def stated_with_code(stored: str) -> str:
    """``LAFB (left anterior fascicular block, SNOMED:445118002)``; other text as it is."""
    known = known_statement(stored)
    if known is None or not known.code:
        return stated_in_full(stored)
    return f"{stored} ({known.name}, {known.code})"
