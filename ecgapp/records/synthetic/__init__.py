"""Synthetic 12-lead ECGs with known waves and events: for demonstrations, tests and training.

A rhythm's builder returns a ``Heart``: beats made of waves, background activity, pacemaker spikes.
``synthesise`` projects it onto the leads. ``RHYTHMS`` are the everyday rhythms that the classifier
distinguishes; ``RARE_RHYTHMS`` are dangerous and rare ones and rhythms that look like them.
"""

from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS, RHYTHMS
from ecgapp.records.synthetic.critical_events import KINDS, CriticalEvent, RhythmSpan
from ecgapp.records.synthetic.demos import DEMOS
from ecgapp.records.synthetic.synthesis import SyntheticECG, synthesise
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig

__all__ = [
    "DEMOS",
    "KINDS",
    "RARE_RHYTHMS",
    "RHYTHMS",
    "CriticalEvent",
    "RhythmSpan",
    "SyntheticConfig",
    "SyntheticECG",
    "synthesise",
]
