"""The task ``statements``: frequent statements of the vocabulary, unknown in a source that never uses them.

Its labels are the statements with 20 or more positive records in the training folds (1 to 8) of those records
of PTB-XL and of the PhysioNet/CinC Challenge 2021 that the app is developed with, as
``benchmarks/statement_counts.py`` counts them; technical statements are left out. The list is fixed: other
data change what is known of a label, never the labels.
"""

from collections.abc import Iterable

from ecgapp.tasks.statement_vocabulary import Statement, broader_statements, narrower_statements, statement
from ecgapp.tasks.task import Label, Task, column_code, register_task

KEYS = tuple(
    """
    NORM SR SBRAD STACH SARRH BRADY AFIB/AFLT AFIB SVARR
    PAC PVC PRC
    AVB LPR 1AVB BBB CLBBB CRBBB IRBBB LAFB IVCD
    LVOLT VCLVH ABQRS QWAVE
    LVH VH LAE AE
    MI AMI IMI
    ISC ISCAL ISCIN STAB NST STD TAB NDT NT INVT LOWT DIG
    """.split()
)


def statement_label(key: str) -> Label:
    """The label of a statement: narrower statements answer it with yes, broader ones leave it open."""
    own, narrower, broader = (
        frozenset(_codes(statements))
        for statements in ((statement(key),), narrower_statements(key), broader_statements(key))
    )
    return Label(key, own, narrower=narrower, broader=broader)


def _codes(statements: Iterable[Statement]) -> Iterable[str]:
    """The codes of statements, and a hospital's own columns of the same names."""
    return (code for one in statements for code in (*one.codes, column_code(one.key)))


STATEMENTS = register_task(
    Task("statements", "Statements of the vocabulary", tuple(map(statement_label, KEYS)), by_source=True)
)
