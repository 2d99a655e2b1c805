"""The demonstration ECGs: one of each everyday rhythm, then the dangerous ones."""

from types import MappingProxyType

from ecgapp.records.synthetic.synthetic_config import SyntheticConfig


def _demo(
    rhythm: str, seed: int, heart_rate: float | None = None, variant: str = "", onset: float | None = None
) -> SyntheticConfig:
    return SyntheticConfig(
        rhythm, heart_rate, noise=0.008, wander=0.03, seed=seed, variant=variant, onset=onset
    )


DEMOS = MappingProxyType(
    {
        "Normal sinus rhythm": _demo("sinus", 1, 68),
        "Atrial fibrillation": _demo("AF", 2, 98),
        "Premature atrial contractions": _demo("PAC", 3, 72),
        "Premature ventricular contractions": _demo("PVC", 4, 70),
        "First-degree AV block": _demo("I-AVB", 5, 62),
        "Left bundle branch block": _demo("LBBB", 6, 74),
        "Right bundle branch block": _demo("RBBB", 7, 70),
        "ST depression": _demo("STD", 8, 82),
        "ST elevation": _demo("STE", 9, 84),
        "Inferior ST elevation": _demo("STEMI", 10, 78, "inferior"),
        "Ventricular tachycardia": _demo("VT", 11, 168, "RBBB-like, superior axis", 0.0),
        "Non-sustained ventricular tachycardia": _demo("NSVT", 12, 170, "LBBB-like, inferior axis", 3.0),
        "Torsade de pointes": _demo("torsade", 13, 215, onset=3.0),
        "Ventricular flutter": _demo("VFL", 14, 260),
        "Ventricular fibrillation": _demo("VF", 31, 300, "coarse", 3.0),
        "Asystole": _demo("asystole", 16, 72, "with P waves", 2.5),
        "Sinus pause": _demo("sinus pause", 17, 64, "sinus", 3.0),
        "Complete AV block": _demo("III-AVB", 18, 34, "ventricular escape"),
        "Second-degree AV block 2:1": _demo("II-AVB 2:1", 19, 38, "narrow"),
        "Wenckebach (Mobitz I)": _demo("Wenckebach", 20, 58),
        "Paced rhythm": _demo("paced", 21, 70, "dual"),
        "Pacing without capture": _demo("pacing failure", 22, 32, "no capture, P waves"),
        "Hyperkalaemia (sine wave)": _demo("hyperkalaemia", 23, 66),
        "Long QT": _demo("long QT", 24, 62, "broad T"),
        "Supraventricular tachycardia": _demo("SVT", 25, 186, "retrograde P", 0.0),
        "Atrial flutter": _demo("AFL", 26, 74, "4:1"),
        "Wolff-Parkinson-White": _demo("WPW", 27, 72, "left pathway"),
    }
)
