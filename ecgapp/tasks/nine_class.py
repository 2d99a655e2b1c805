"""The nine classes of the China Physiological Signal Challenge 2018, in every vocabulary that has them.

Liu et al. (2018), doi:10.1166/jmihi.2018.2442. SNOMED CT codes as in the PhysioNet/CinC
Challenges 2020 and 2021 (Perez Alday et al. 2020, doi:10.1088/1361-6579/abc960), which score
complete and unspecified bundle branch block alike, likewise premature beats of one origin;
incomplete blocks and atrial flutter are no members. SCP-ECG codes as in PTB-XL (Wagner et al.
2020, doi:10.1038/s41597-020-0495-6). We leave ST elevation unknown in PTB-XL: its ``STE_`` is
the non-specific form only, and most of its infarctions in evolution do not carry it. In the
Lobachevsky database (``LUDB``) only rhythm, conduction and extrasystoles are annotated fully.
"""

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.task import Task, register_task

NINE_CLASS = register_task(
    Task(
        "nine_class",
        "Nine rhythm, conduction and ST classes",
        (
            named_label(
                "AF",
                (
                    "CPSC:AF",
                    "SNOMED:164889003",  # atrial fibrillation
                    "SNOMED:426749004",  # chronic
                    "SNOMED:282825002",  # paroxysmal
                    "SNOMED:314208002",  # rapid
                    "SCP:AFIB",
                    "LUDB:Atrial fibrillation",
                ),
            ),
            named_label("I-AVB", ("CPSC:I-AVB", "SNOMED:270492004", "SCP:1AVB", "LUDB:I degree av block")),
            named_label(
                "LBBB",
                (
                    "CPSC:LBBB",
                    "SNOMED:164909002",  # left bundle branch block
                    "SNOMED:733534002",  # complete
                    "SCP:CLBBB",
                    "LUDB:Complete left bundle branch block",
                ),
            ),
            named_label("Normal", ("CPSC:Normal", "SCP:NORM"), alone=("SNOMED:426783006",)),  # sinus rhythm
            named_label(
                "RBBB",
                (
                    "CPSC:RBBB",
                    "SNOMED:59118001",  # right bundle branch block
                    "SNOMED:713427006",  # complete
                    "SCP:CRBBB",
                    "LUDB:Complete right bundle branch block",
                ),
            ),
            named_label(
                "PAC",
                (
                    "CPSC:PAC",
                    "SNOMED:284470004",  # premature atrial contraction
                    "SNOMED:63593006",  # supraventricular premature beats
                    "SCP:PAC",
                    "LUDB:Atrial extrasystole",
                ),
            ),
            named_label(
                "PVC",
                (
                    "CPSC:PVC",
                    "SNOMED:427172004",  # premature ventricular contractions
                    "SNOMED:17338001",  # ventricular premature beats
                    "SNOMED:164884008",  # ventricular ectopics
                    "SCP:PVC",
                    "LUDB:Ventricular extrasystole",
                ),
            ),
            named_label("STD", ("CPSC:STD", "SNOMED:429622005", "SCP:STD_")),
            named_label("STE", ("CPSC:STE", "SNOMED:164931005")),
        ),
    )
)
