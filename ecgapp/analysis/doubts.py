"""Doubts about findings because of the recording: faulty leads, swapped electrodes, a pacemaker."""

from collections.abc import Sequence

from ecgapp.signals import LeadQuality, RecordQuality
from ecgapp.tasks import evidence_leads

LIMB_LEADS = frozenset({"I", "II", "III", "aVR", "aVL", "aVF"})
PACED = "Pacing spikes were seen, and models do not know paced beats."


def doubts(label: str, quality: RecordQuality) -> str:
    """Sentences on the doubts about ``label``; empty without any."""
    needed = evidence_leads(label)
    parts = (_limbs(needed, quality), _faulty(needed, quality.leads), PACED if quality.pacing else "")
    return " ".join(part for part in parts if part)


def doubts_all(quality: RecordQuality) -> str:
    """The sentence on doubts that apply to every finding, for a headline; empty without any."""
    parts = [quality.limbs_doubtful, "pacing spikes were seen" if quality.pacing else ""]
    reasons = ", and ".join(part for part in parts if part)
    return f"Doubtful: {reasons}." if reasons else ""


def _limbs(needed: Sequence[str], quality: RecordQuality) -> str:
    """The doubt about a label that depends on limb leads, if these may be mislabelled."""
    if not quality.limbs_doubtful or (needed and not LIMB_LEADS & set(needed)):
        return ""
    depends = "It depends on limb leads too" if needed else "It may depend on limb leads"
    return f"{depends}, and {quality.limbs_doubtful}."


def _faulty(needed: tuple[str, ...], leads: Sequence[LeadQuality]) -> str:
    """The doubt about a label that depends on faulty leads."""
    faulty = [lead for lead in leads if lead.faults and (not needed or lead.lead in needed)]
    if not faulty:
        return ""
    named = ", ".join(f"{lead.lead} ({', '.join(lead.faults)})" for lead in faulty)
    if not needed:
        return f"It may depend on any lead, and {_are(faulty)} faulty: {named}."
    return f"It depends on {_listed(needed)}, of which {_are(faulty)} faulty: {named}."


def _are(faulty: Sequence[LeadQuality]) -> str:
    return "one is" if len(faulty) == 1 else f"{len(faulty)} are"


def _listed(leads: tuple[str, ...]) -> str:
    return f"{', '.join(leads[:-1])} and {leads[-1]}"
