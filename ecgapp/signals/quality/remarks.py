"""What the reader must know of a recording before reading it, in sentences."""

from collections.abc import Sequence

from ecgapp.records.record import LEADS, ECGRecord
from ecgapp.signals.quality import LeadQuality, RecordQuality, record_quality


def remarks(record: ECGRecord, quality: RecordQuality | None = None) -> list[str]:
    """What its file says, then what is wrong with the whole and with single leads, absent or computed ones.

    ``quality`` is that of ``record`` where it is known already.
    """
    quality = quality or record_quality(record)
    absent = {
        "Not recorded:": [lead for lead in LEADS if lead not in record.leads],
        "Computed from I and II, not recorded:": [lead for lead in record.leads if lead in record.derived],
    }
    found = {**_faults(quality.leads), **absent}
    named = (f"{fault} {_listed(leads, record)}." for fault, leads in found.items() if leads)
    return [*record.warnings, *quality.sentences, *named]


def _faults(quality: Sequence[LeadQuality]) -> dict[str, list[str]]:
    """Which leads have each fault, by how a sentence about it begins."""
    hums = sorted({lead.mains for lead in quality} - {0})
    return {
        "No signal in": [lead.lead for lead in quality if lead.flat],
        "Samples are missing in": [lead.lead for lead in quality if lead.missing_samples and not lead.flat],
        "An electrode looks off (the signal stands still, jumps or lies far from zero) in": [
            lead.lead for lead in quality if lead.electrode_off
        ],
        "The recorder's limit cuts waves off in": [lead.lead for lead in quality if lead.clipped],
        "Noise hides small waves in": [lead.lead for lead in quality if lead.noisy],
        "The baseline wanders by more than 1 mV in": [lead.lead for lead in quality if lead.wandering],
        **{f"Mains hum of {hum} Hz in": [lead.lead for lead in quality if lead.mains == hum] for hum in hums},
        "The size of the waves is not that of an ECG (check the gain) in": [
            lead.lead for lead in quality if lead.implausible
        ],
    }


def _listed(leads: list[str], record: ECGRecord) -> str:
    """Their names, or that it is all of them."""
    return "all leads" if len(leads) == record.n_leads > 1 else ", ".join(leads)
