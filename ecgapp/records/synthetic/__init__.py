"""Synthetic 12-lead ECGs whose truth is known: for the demonstrations, for tests, and to train on.

A rhythm's builder gives a ``Heart``: beats made of waves, what lies behind them, spikes. ``synthesise``
projects it onto the leads. Everyday rhythms are those that the classifier tells apart (``RHYTHMS``); the
dangerous and rare ones and their look-alikes are ``RARE_RHYTHMS``.
"""

from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS, RHYTHMS, RareRhythm
from ecgapp.records.synthetic.critical_events import KINDS, CriticalEvent, RhythmSpan
from ecgapp.records.synthetic.demos import DEMOS
from ecgapp.records.synthetic.synthesis import LABELS, SyntheticECG, synthesise
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig

__all__ = [
    "DEMOS",
    "KINDS",
    "LABELS",
    "RARE_RHYTHMS",
    "RHYTHMS",
    "CriticalEvent",
    "RareRhythm",
    "RhythmSpan",
    "SyntheticConfig",
    "SyntheticECG",
    "synthesise",
]
