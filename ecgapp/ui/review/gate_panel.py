"""What the gate says of a record, in figures."""

from ecgapp.analysis import Admission


def in_figures(judged: Admission) -> str:
    """The score beside its limit, and what the reader can still do."""
    stays = "The tracing stays for you to read. How often good records fail: see the Performance page."
    return f"{judged.in_figures} {stays}".lstrip()
