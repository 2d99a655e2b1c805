"""The dangerous and the rare rhythms, and those that look like them: one builder each."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from ecgapp.records.synthetic import atrial, blocks, pacing, repolarisation, standstill, ventricular
from ecgapp.records.synthetic.config import SyntheticConfig
from ecgapp.records.synthetic.heart import Heart
from ecgapp.records.synthetic.plan import Plan

BUILDERS: MappingProxyType[str, Callable[[Plan], Heart]] = MappingProxyType(
    {
        "VT": ventricular.tachycardia,
        "NSVT": ventricular.run,
        "torsade": ventricular.torsade,
        "VFL": ventricular.flutter,
        "VF": ventricular.fibrillation,
        "AIVR": ventricular.idioventricular,
        "asystole": standstill.asystole,
        "sinus pause": standstill.pause,
        "sinus bradycardia": standstill.bradycardia,
        "III-AVB": blocks.complete,
        "II-AVB 2:1": blocks.two_to_one,
        "high-degree AVB": blocks.high_degree,
        "Wenckebach": blocks.wenckebach,
        "paced": pacing.paced,
        "pacing failure": pacing.failing,
        "hyperkalaemia": repolarisation.sine_wave,
        "long QT": repolarisation.long_qt,
        "STEMI": repolarisation.infarction,
        "SVT": atrial.reentry,
        "AFL": atrial.flutter,
        "AT": atrial.atrial_tachycardia,
        "WPW": atrial.pre_excitation,
        "BBB tachycardia": atrial.aberrant,
        "AF with LBBB": atrial.aberrant_fibrillation,
    }
)


def rare(config: SyntheticConfig, rng: np.random.Generator) -> tuple[Heart, str]:
    """The heart of one of ``RARE_RHYTHMS``, and the variant that it shows."""
    plan = Plan.drawn(config, rng)
    return BUILDERS[config.rhythm](plan), plan.variant
