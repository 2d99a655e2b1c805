"""Doubts about findings because of the recording: faulty leads, swapped electrodes, a pacemaker."""

from collections.abc import Sequence

from ecgapp.signals import LeadQuality, RecordQuality
from ecgapp.tasks import evidence_leads

LIMB_LEADS = frozenset({"I", "II", "III", "aVR", "aVL", "aVF"})
PACED = "Pacing spikes were seen, and models do not know paced beats."


def doubts(label: str, quality: RecordQuality) -> str:
    """Sentences on faults of the recording that make ``label`` doubtful; "" if there are none."""
    needed = evidence_leads(label)
    parts = (_limbs(needed, quality), _faulty(needed, quality.leads), PACED if quality.pacing else "")
    return " ".join(part for part in parts if part)


def doubts_all(quality: RecordQuality) -> str:
    """A headline on faults of the recording that make every answer doubtful; "" if there are none."""
    parts = [quality.limbs_doubtful, "pacing spikes were seen" if quality.pacing else ""]
    words = ", and ".join(part for part in parts if part)
    return f"Doubtful: {words}." if words else ""


def _limbs(needed: Sequence[str], quality: RecordQuality) -> str:
    """The sentence for a label that hangs on limb leads if these are not what their names say; else ""."""
    if not quality.limbs_doubtful or (needed and not LIMB_LEADS & set(needed)):
        return ""
    hangs = "It hangs on limb leads too" if needed else "It may hang on limb leads"
    return f"{hangs}, and {quality.limbs_doubtful}."


def _faulty(needed: tuple[str, ...], leads: Sequence[LeadQuality]) -> str:
    """The faulty leads on which a label hangs."""
    faulty = [lead for lead in leads if lead.faults and (not needed or lead.lead in needed)]
    if not faulty:
        return ""
    named = ", ".join(f"{lead.lead} ({', '.join(lead.faults)})" for lead in faulty)
    if not needed:
        return f"It may hang on any lead, and {_are(faulty)} faulty: {named}."
    return f"It hangs on {_listed(needed)}, of which {_are(faulty)} faulty: {named}."


def _are(faulty: Sequence[LeadQuality]) -> str:
    return "one is" if len(faulty) == 1 else f"{len(faulty)} are"


def _listed(leads: tuple[str, ...]) -> str:
    return f"{', '.join(leads[:-1])} and {leads[-1]}"
