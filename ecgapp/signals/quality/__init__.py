"""The quality of a recording: faults of single leads and of the whole."""

from ecgapp.signals.quality.lead_quality import LeadQuality, lead_quality
from ecgapp.signals.quality.record_quality import RecordQuality, record_quality

__all__ = ["LeadQuality", "RecordQuality", "lead_quality", "record_quality"]
