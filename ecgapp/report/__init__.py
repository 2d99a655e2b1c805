"""What leaves the app: a report on paper, a picture of the tracing, and numbers that can be checked."""

from ecgapp.report.bundle import Bundle, bundle
from ecgapp.report.contents import (
    REFERENCE_LENGTH,
    Contents,
    Drawing,
    Evidence,
    Measured,
    gather,
    question,
)
from ecgapp.report.output import pdf, png
from ecgapp.report.reproduction import reproduce

__all__ = [
    "REFERENCE_LENGTH",
    "Bundle",
    "Contents",
    "Drawing",
    "Evidence",
    "Measured",
    "bundle",
    "gather",
    "pdf",
    "png",
    "question",
    "reproduce",
]
