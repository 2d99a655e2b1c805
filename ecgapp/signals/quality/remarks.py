"""Remarks on a recording for its reader."""

from collections.abc import Sequence

from ecgapp.records.record import LEADS, ECGRecord
from ecgapp.signals.quality import LeadQuality, RecordQuality, record_quality


def remarks(record: ECGRecord, quality: RecordQuality | None = None) -> list[str]:
    """Sentences on a recording: its file's warnings, faults of the whole and of single leads, absent leads.

    ``quality`` is that of ``record``; it is computed if not given.
    """
    quality = quality or record_quality(record)
    absent = {
        "Not recorded:": [lead for lead in LEADS if lead not in record.leads],
        "Computed from I and II, not recorded:": [lead for lead in record.leads if lead in record.derived],
    }
    beginnings = {**_faults(quality.leads), **absent}
    named = (f"{words} {_listed(leads, record)}." for words, leads in beginnings.items() if leads)
    return [*record.warnings, *quality.sentences, *named]


def _faults(quality: Sequence[LeadQuality]) -> dict[str, list[str]]:
    """The leads with each fault, under the beginning of the sentence about it."""
    hums = sorted({lead.mains for lead in quality} - {0})
    return {
        "No signal in": [lead.lead for lead in quality if lead.flat],
        "Samples are missing in": [lead.lead for lead in quality if lead.missing_samples and not lead.flat],
        "An electrode looks off (the signal is constant, jumps or lies far from zero) in": [
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
    """The names of ``leads``, or "all leads"."""
    return "all leads" if len(leads) == record.n_leads > 1 else ", ".join(leads)
