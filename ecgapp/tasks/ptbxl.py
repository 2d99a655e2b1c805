"""PTB-XL's five diagnostic superclasses, from its 44 diagnostic SCP-ECG statements.

Wagner et al. (2020), doi:10.1038/s41597-020-0495-6, table ``scp_statements.csv`` of release
1.0.3. As in the benchmark of Strodthoff et al. (2021), doi:10.1109/jbhi.2020.3022989, a
statement counts whatever its likelihood; unlike there, a record without a diagnostic
statement stays, with all five answered no.
"""

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.task import Task, register_task

_MEMBERS = {
    "NORM": "NORM",
    "MI": "IMI ASMI ILMI AMI ALMI INJAS LMI INJAL IPLMI IPMI INJIN INJLA PMI INJIL",
    "STTC": "NDT NST_ DIG LNGQT ISC_ ISCAL ISCIN ISCIL ISCAS ISCLA ANEUR EL ISCAN",
    "CD": "LAFB IRBBB 1AVB IVCD CRBBB CLBBB LPFB WPW ILBBB 3AVB 2AVB",
    "HYP": "LVH LAO/LAE RVH RAO/RAE SEHYP",
}

PTBXL_SUPERCLASS = register_task(
    Task(
        "ptbxl_superclass",
        "Five diagnostic superclasses (PTB-XL)",
        tuple(
            named_label(name, [f"SCP:{code}" for code in members.split()])
            for name, members in _MEMBERS.items()
        ),
    )
)
