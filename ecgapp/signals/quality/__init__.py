"""What is wrong with a recording before anyone reads it, lead by lead and as a whole."""

from ecgapp.signals.quality.lead_quality import LeadQuality, lead_quality
from ecgapp.signals.quality.record_quality import RecordQuality, record_quality

__all__ = ["LeadQuality", "RecordQuality", "lead_quality", "record_quality"]
