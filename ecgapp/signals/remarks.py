"""What the reader must know of a recording before reading it, in sentences."""

from ecgapp.records.record import LEADS, ECGRecord
from ecgapp.signals.quality import lead_quality


def remarks(record: ECGRecord) -> list[str]:
    """What its file says, then leads without signal, with gaps, cut off, absent or computed."""
    quality = lead_quality(record)
    faults = {
        "No signal in": [lead.lead for lead in quality if lead.flat],
        "Samples are missing in": [lead.lead for lead in quality if lead.missing_samples and not lead.flat],
        "The recorder's limit cuts waves off in": [lead.lead for lead in quality if lead.clipped],
        "Not recorded:": [lead for lead in LEADS if lead not in record.leads],
        "Computed from I and II, not recorded:": [lead for lead in record.leads if lead in record.derived],
    }
    return [*record.warnings, *(f"{fault} {', '.join(leads)}." for fault, leads in faults.items() if leads)]
