"""The 18 classes that PTB-XL and the Georgia records of the PhysioNet challenges share (Verma et al. 2021).

SNOMED CT codes and PTB-XL's statements as paired in the authors' code (github.com, repository
xeon27/ecg-transfer-learning).
A record with none of the labels is left out. As there, Georgia's "ventricular hypertrophy" counts as
septal hypertrophy (SEHYP), and "nonspecific ST-T abnormality" as non-diagnostic T abnormality (NDT).
"""

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.task import Task, register_task

_SNOMED = {
    "1AVB": "270492004",
    "2AVB": "195042002",
    "CLBBB": "164909002",
    "CRBBB": "713427006",
    "ILBBB": "251120003",
    "IRBBB": "713426002",
    "ISCAN": "426434006",
    "ISCIN": "425419005",
    "ISCLA": "425623009",
    "IVCD": "698252002",
    "LAFB": "445118002",
    "LAO/LAE": "67741000119109",
    "LNGQT": "111975006",
    "LPFB": "445211001",
    "LVH": "164873001",
    "NDT": "428750005",
    "RVH": "89792004",
    "SEHYP": "266249003",
}

VERMA_18 = register_task(
    Task(
        "verma_18",
        "Eighteen diagnoses of PTB-XL and Georgia (Verma 2021)",
        tuple(named_label(name, (f"SCP:{name}", f"SNOMED:{code}")) for name, code in _SNOMED.items()),
        needs_positive=True,
    )
)
