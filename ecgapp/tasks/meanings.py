"""The meaning of each label of the known tasks."""

MEANINGS = {
    "AF": "atrial fibrillation",
    "I-AVB": "first-degree atrioventricular block",
    "LBBB": "left bundle branch block",
    "Normal": "normal ECG",
    "RBBB": "right bundle branch block",
    "PAC": "premature atrial complex",
    "PVC": "premature ventricular complex",
    "STD": "ST depression",
    "STE": "ST elevation",
    "NORM": "normal ECG",
    "MI": "myocardial infarction",
    "STTC": "ST/T change",
    "CD": "conduction disturbance",
    "HYP": "hypertrophy",
    "N": "normal rhythm",
    "A": "atrial fibrillation",
    "O": "other rhythm",
    "~": "too noisy to read",
}

NORMALS = frozenset({"Normal", "NORM", "N"})  # labels that say that the ECG, or its rhythm, is normal


def meaning(label: str) -> str:
    """The meaning of a label; empty for a user's own label."""
    return MEANINGS.get(label, "")


def in_full(label: str) -> str:
    """``AF (atrial fibrillation)``."""
    words = meaning(label)
    return f"{label} ({words})" if words else label
