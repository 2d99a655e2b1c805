"""The rhythms of the Shaoxing database, eleven or in four groups; a record has exactly one.

Zheng et al. (2020), doi:10.1038/s41597-020-0386-x, which names the eleven and groups them. Its acronym ``AF``
is atrial flutter, which we call AFLT. In SNOMED CT the codes are those of its copies on PhysioNet
(ecg-arrhythmia 1.0.0, and the PhysioNet/CinC Challenge 2021, which has other codes for two of them). Those
copies lack the records of sinus irregularity: there the eleven rhythms are ten.
"""

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.task import Task, register_task

_RHYTHMS = {
    "SB": ("SHAOXING:SB", "SNOMED:426177001"),
    "SR": ("SHAOXING:SR", "SNOMED:426783006"),
    "AFIB": ("SHAOXING:AFIB", "SNOMED:164889003"),
    "ST": ("SHAOXING:ST", "SNOMED:427084000"),
    "SVT": ("SHAOXING:SVT", "SNOMED:426761007"),
    "AFLT": ("SHAOXING:AF", "SNOMED:164890007"),
    "SA": ("SHAOXING:SA", "SNOMED:427393009"),
    "AT": ("SHAOXING:AT", "SNOMED:713422000"),
    "AVNRT": ("SHAOXING:AVNRT", "SNOMED:233896004", "SNOMED:251166008"),
    "AVRT": ("SHAOXING:AVRT", "SNOMED:233897008"),
    "SAAWR": ("SHAOXING:SAAWR", "SNOMED:195101003", "SNOMED:17366009"),
}
_GROUPS = {
    "AFIB or AFLT": ("AFIB", "AFLT"),
    "GSVT": ("SVT", "AT", "SAAWR", "ST", "AVNRT", "AVRT"),
    "SB": ("SB",),
    "SR or SA": ("SR", "SA"),
}

SHAOXING_RHYTHM = register_task(
    Task(
        "shaoxing_rhythm",
        "Eleven rhythms (Shaoxing)",
        tuple(named_label(name, codes) for name, codes in _RHYTHMS.items()),
        multilabel=False,
    )
)

SHAOXING_RHYTHM_GROUP = register_task(
    Task(
        "shaoxing_rhythm_group",
        "Four groups of rhythms (Shaoxing)",
        tuple(
            named_label(group, [code for rhythm in rhythms for code in _RHYTHMS[rhythm]])
            for group, rhythms in _GROUPS.items()
        ),
        multilabel=False,
    )
)
