"""Which findings to doubt because a lead that they hang on is faulty."""

from collections.abc import Iterable
from typing import Protocol

from ecgapp.tasks import evidence_leads


class FaultyLead(Protocol):
    """A lead and what is wrong with it, in a word or two each."""

    @property
    def lead(self) -> str: ...

    @property
    def faults(self) -> tuple[str, ...]: ...


def doubts(label: str, leads: Iterable[FaultyLead]) -> str:
    """A sentence that names the faulty leads on which ``label`` hangs; empty where none of them is faulty."""
    needed = evidence_leads(label)
    faulty = [lead for lead in leads if lead.faults and (not needed or lead.lead in needed)]
    if not faulty:
        return ""
    named = ", ".join(f"{lead.lead} ({', '.join(lead.faults)})" for lead in faulty)
    if not needed:
        return f"It may hang on any lead, and {_are(faulty)} faulty: {named}."
    return f"It hangs on {_listed(needed)}, of which {_are(faulty)} faulty: {named}."


def _are(faulty: list[FaultyLead]) -> str:
    return "one is" if len(faulty) == 1 else f"{len(faulty)} are"


def _listed(leads: tuple[str, ...]) -> str:
    return f"{', '.join(leads[:-1])} and {leads[-1]}"
