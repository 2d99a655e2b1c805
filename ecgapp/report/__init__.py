"""The outputs of the app: a report on paper, a picture of the tracing, and numbers that can be checked."""

from ecgapp.report.bundle import Bundle, bundle
from ecgapp.report.contents import (
    REFERENCE_LENGTH,
    Contents,
    DelineatorMeasurements,
    Drawing,
    ReportRequest,
    gather,
    gather_evidence,
)
from ecgapp.report.output import pdf, png
from ecgapp.report.reproduction import reproduce

__all__ = [
    "REFERENCE_LENGTH",
    "Bundle",
    "Contents",
    "DelineatorMeasurements",
    "Drawing",
    "ReportRequest",
    "bundle",
    "gather",
    "gather_evidence",
    "pdf",
    "png",
    "reproduce",
]
