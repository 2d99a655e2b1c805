"""What the gate says of a record, in figures."""

from ecgapp.analysis import Admission


def in_figures(judged: Admission) -> str:
    """The score beside its threshold, and what the reader can still do."""
    stays = "The tracing stays for you to read. How often good records are refused: see the Performance page."
    return f"{judged.in_figures} {stays}".lstrip()
