"""Label sets: what is asked of an ECG, and the codes that answer. Importing it registers them."""

from ecgapp.tasks import cinc2017, nine_class, ptbxl, shaoxing, statement_task, verma
from ecgapp.tasks.csv_task import csv_task
from ecgapp.tasks.evidence_leads import evidence_leads
from ecgapp.tasks.task import Label, Task, column_code, register_task, task, task_names

__all__ = [
    "Label",
    "Task",
    "cinc2017",
    "column_code",
    "csv_task",
    "evidence_leads",
    "nine_class",
    "ptbxl",
    "register_task",
    "shaoxing",
    "statement_task",
    "task",
    "task_names",
    "verma",
]
