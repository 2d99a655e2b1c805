"""PTB-XL's tasks: its superclasses, and the six tasks of its benchmark, from SCP-ECG statements.

Wagner et al. (2020), doi:10.1038/s41597-020-0495-6; benchmark of Strodthoff et al. (2021),
doi:10.1109/jbhi.2020.3022989. A statement counts whatever its likelihood. As in the benchmark, each of its
six tasks leaves out the records without any of its labels; ``ptbxl_superclass`` keeps a record without a
diagnostic statement, with all five answered no.
"""

from collections.abc import Callable, Iterable

from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.scp_statements import STATEMENTS, ScpStatement
from ecgapp.tasks.task import Label, Task, register_task

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")


def _labels(name_of: Callable[[ScpStatement], str], names: Iterable[str] = ()) -> tuple[Label, ...]:
    """A label for each name, with the statements of that name; "" for statements without a label."""
    members: dict[str, list[str]] = {name: [] for name in names}
    for statement in STATEMENTS:
        if name := name_of(statement):
            members.setdefault(name, []).append(f"SCP:{statement.code}")
    return tuple(named_label(name, codes) for name, codes in members.items())


def _of_kind(kind: str) -> tuple[Label, ...]:
    """One label for each statement of this kind."""
    return _labels(lambda statement: statement.code if kind in statement.kinds else "")


_SUPERCLASS_LABELS = _labels(lambda statement: statement.superclass, SUPERCLASSES)

PTBXL_SUPERCLASS = register_task(
    Task("ptbxl_superclass", "Five diagnostic superclasses (PTB-XL)", _SUPERCLASS_LABELS)
)

BENCHMARK = tuple(
    register_task(Task(f"ptbxl_{name}", f"PTB-XL benchmark: {title}", labels, needs_positive=True))
    for name, title, labels in (
        ("all", "all 71 statements", _labels(lambda statement: statement.code)),
        ("diagnostic", "44 diagnostic statements", _of_kind("D")),
        ("subdiagnostic", "23 diagnostic subclasses", _labels(lambda statement: statement.subclass)),
        ("superdiagnostic", "5 diagnostic superclasses", _SUPERCLASS_LABELS),
        ("form", "19 statements on form", _of_kind("F")),
        ("rhythm", "12 statements on rhythm", _of_kind("R")),
    )
)
"""The six tasks of the benchmark, exp0 to exp3 in its code."""
