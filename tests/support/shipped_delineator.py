"""The delineator in ``weights``, and measurements by it."""

from functools import cache

from ecgapp import analysis
from ecgapp.analysis import Measurements
from ecgapp.config import PROJECT
from ecgapp.models import load_model
from ecgapp.records import ECGRecord


@cache
def delineator():
    return load_model([PROJECT / "weights"], "delineator")


def measured(record: ECGRecord) -> Measurements:
    return analysis.measure(record, delineator())
