"""The meaning of each label of the known tasks."""

from ecgapp.tasks.scp_statements import STATEMENTS
from ecgapp.tasks.statement_vocabulary import vocabulary

_NAMES = {key: statement.name for key, statement in vocabulary().items()}
_NAMES |= {statement.code: statement.description for statement in STATEMENTS}

MEANINGS = _NAMES | {
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
    "LAFB/LPFB": "left anterior or posterior fascicular block",
    "_AVB": "atrioventricular block",
    "ISCA": "ischaemia in anterior leads",
    "ISCI": "ischaemia in inferior leads",
    "SB": "sinus bradycardia",
    "ST": "sinus tachycardia",
    "SVT": "supraventricular tachycardia",
    "SA": "sinus irregularity",
    "AT": "atrial tachycardia",
    "AVNRT": "atrioventricular node reentrant tachycardia",
    "AVRT": "atrioventricular reentrant tachycardia",
    "SAAWR": "sinus atrium to atrial wandering rhythm",
    "AFIB or AFLT": "atrial fibrillation or flutter",
    "GSVT": "tachycardia from above the ventricles, sinus tachycardia included",
    "SR or SA": "sinus rhythm, regular or not",
}

NORMALS = frozenset({"Normal", "NORM", "N"})  # labels that say that the ECG, or its rhythm, is normal


def meaning(label: str) -> str:
    """The meaning of a label; empty for a user's own label."""
    return MEANINGS.get(label, "")


def in_full(label: str) -> str:
    """``AF (atrial fibrillation)``."""
    words = meaning(label)
    return f"{label} ({words})" if words else label
