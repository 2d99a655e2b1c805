"""The dangerous and the rare rhythms, and those that look like them: one builder each."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from ecgapp.records.synthetic import (
    atrial_rhythms,
    blocks,
    pacemaker_rhythms,
    repolarisation_changes,
    standstill,
    ventricular_rhythms,
)
from ecgapp.records.synthetic.heart import Heart
from ecgapp.records.synthetic.plan import Plan
from ecgapp.records.synthetic.synthetic_config import SyntheticConfig

BUILDERS: MappingProxyType[str, Callable[[Plan], Heart]] = MappingProxyType(
    {
        "VT": ventricular_rhythms.tachycardia,
        "NSVT": ventricular_rhythms.run,
        "torsade": ventricular_rhythms.torsade,
        "VFL": ventricular_rhythms.flutter,
        "VF": ventricular_rhythms.fibrillation,
        "AIVR": ventricular_rhythms.idioventricular,
        "asystole": standstill.asystole,
        "sinus pause": standstill.pause,
        "sinus bradycardia": standstill.bradycardia,
        "III-AVB": blocks.complete,
        "II-AVB 2:1": blocks.two_to_one,
        "high-degree AVB": blocks.high_degree,
        "Wenckebach": blocks.wenckebach,
        "paced": pacemaker_rhythms.paced,
        "pacing failure": pacemaker_rhythms.failing,
        "hyperkalaemia": repolarisation_changes.sine_wave,
        "long QT": repolarisation_changes.long_qt,
        "STEMI": repolarisation_changes.infarction,
        "SVT": atrial_rhythms.reentry,
        "AFL": atrial_rhythms.flutter,
        "AT": atrial_rhythms.atrial_tachycardia,
        "WPW": atrial_rhythms.pre_excitation,
        "BBB tachycardia": atrial_rhythms.aberrant,
        "AF with LBBB": atrial_rhythms.aberrant_fibrillation,
    }
)


def rare(config: SyntheticConfig, rng: np.random.Generator) -> tuple[Heart, str]:
    """The heart of one of ``RARE_RHYTHMS``, and the variant that it shows."""
    plan = Plan.drawn(config, rng)
    return BUILDERS[config.rhythm](plan), plan.variant
