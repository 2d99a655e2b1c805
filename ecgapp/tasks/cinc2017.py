"""The four rhythms of the PhysioNet/CinC Challenge 2017; a record has exactly one.

Clifford et al. (2017), doi:10.22489/cinc.2017.065-469: N normal, A atrial fibrillation,
O another rhythm, ~ too noisy to tell.
"""

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.task import Task, register_task

CINC2017_RHYTHM = register_task(
    Task(
        "cinc2017_rhythm",
        "Rhythm of a single-lead recording (CinC 2017)",
        tuple(named_label(name, [f"CINC2017:{name}"]) for name in ("N", "A", "O", "~")),
        multilabel=False,
    )
)
