"""The names, variants and rates of all synthetic rhythms.

Every rare rhythm has variants, each with the range of rates that it is drawn from (per min). The rate is
the ventricles', except in ventricular fibrillation (the main frequency), in asystole and sinus pause (the
sinus node's), in NSVT and torsade (that of the run) and in intermittent pacing failure (the pacemaker's).
"""

from dataclasses import dataclass
from types import MappingProxyType

from ecgapp.records.synthetic.critical_events import Span

RHYTHMS = ("sinus", "AF", "PAC", "PVC", "I-AVB", "LBBB", "RBBB", "STD", "STE")


@dataclass(frozen=True)
class RareRhythm:
    """The variants of a rare rhythm with their rates per min, and its SNOMED CT codes."""

    variants: dict[str, Span]
    codes: tuple[str, ...] = ()
    tail: float | None = None  # s that must follow its onset; None if it fills the record

    def fitting(self, rate: float | None) -> tuple[str, ...]:
        """The variants that can have ``rate``; all of them for None."""
        return tuple(
            name for name, (low, high) in self.variants.items() if rate is None or low <= rate <= high
        )


def _each(names: tuple[str, ...], rates: Span) -> dict[str, Span]:
    return dict.fromkeys(names, rates)


ORIGINS = (
    "LBBB-like, inferior axis",
    "LBBB-like, superior axis",
    "RBBB-like, superior axis",
    "RBBB-like, right axis",
    "north-west axis",
    "negative concordance",
    "positive concordance",
)
TERRITORIES = ("anterior", "inferior", "lateral")

RARE_RHYTHMS = MappingProxyType(
    {
        # ventricular tachycardia, flutter and fibrillation
        "VT": RareRhythm(_each(ORIGINS, (124, 250)), ("SNOMED:164895002",), 3.0),
        "NSVT": RareRhythm(_each(ORIGINS, (130, 220)), ("SNOMED:425856008",), 4.0),
        "torsade": RareRhythm({"": (190, 250)}, ("SNOMED:164895002",), 3.0),
        "VFL": RareRhythm({"": (200, 300)}, ("SNOMED:111288001",)),
        "VF": RareRhythm(_each(("coarse", "fine", "fading"), (240, 390)), ("SNOMED:164896001",), 3.0),
        # bradycardia and asystole
        "asystole": RareRhythm(
            _each(("without P waves", "with P waves", "agonal baseline"), (50, 95)), (), 6.6
        ),
        "sinus pause": RareRhythm(_each(("sinus", "junctional escape"), (50, 85)), ("SNOMED:5609005",), 6.0),
        "sinus bradycardia": RareRhythm({"": (28, 38)}, ("SNOMED:426177001",)),
        "III-AVB": RareRhythm(
            {"junctional escape": (40.5, 55), "ventricular escape": (25, 39)}, ("SNOMED:27885002",)
        ),
        "II-AVB 2:1": RareRhythm(_each(("narrow", "bundle branch block"), (30, 52)), ("SNOMED:195042002",)),
        "high-degree AVB": RareRhythm({"3:1": (24, 42), "4:1": (22, 33)}, ("SNOMED:195042002",)),
        "Wenckebach": RareRhythm({"": (54, 80)}, ("SNOMED:54016002",)),
        # pacemakers
        "paced": RareRhythm(_each(("ventricular", "atrial", "dual"), (58, 95)), ("SNOMED:10370003",)),
        "pacing failure": RareRhythm(
            {"no capture": (26, 38), "no capture, P waves": (26, 38), "intermittent": (66, 88)},
            ("SNOMED:10370003",),
        ),
        # repolarisation
        "hyperkalaemia": RareRhythm({"": (40, 110)}),
        "long QT": RareRhythm(_each(("broad T", "late T", "notched T"), (46, 84)), ("SNOMED:111975006",)),
        "STEMI": RareRhythm(_each(TERRITORIES, (55, 105)), ("SNOMED:164931005",)),
        # supraventricular
        "SVT": RareRhythm(_each(("P hidden", "retrograde P"), (154, 230)), ("SNOMED:426761007",), 3.0),
        "AFL": RareRhythm(
            {"2:1": (125, 165), "3:1": (84, 110), "4:1": (63, 82), "variable": (75, 125)},
            ("SNOMED:164890007",),
        ),
        "AT": RareRhythm({"": (115, 190)}, ("SNOMED:713422000",)),
        "WPW": RareRhythm(_each(("left pathway", "right pathway"), (55, 100)), ("SNOMED:74390002",)),
        # broad complexes that are not ventricular
        "BBB tachycardia": RareRhythm(
            {
                "LBBB below 120": (110, 118),
                "RBBB below 120": (110, 118),
                "LBBB above 120": (125, 150),
                "RBBB above 120": (125, 150),
            },
            ("SNOMED:427084000",),
        ),
        "AF with LBBB": RareRhythm(
            {"slow": (65, 105), "fast": (135, 165)}, ("SNOMED:164889003", "SNOMED:733534002")
        ),
        "AIVR": RareRhythm(_each(ORIGINS, (55, 108)), ("SNOMED:81898007",)),
    }
)
