"""The argument ``--part I/N`` of commands that are shared out between machines."""

from ecgapp.errors import ConfigError


def part_of(text: str | None) -> tuple[int, int] | None:
    """The part ``I/N`` as (I, N), I from 1; None without one.

    Raises:
        ConfigError: it is not such a part.
    """
    if text is None:
        return None
    first, _, n = text.partition("/")
    if not (first.isdecimal() and n.isdecimal() and 1 <= int(first) <= int(n)):
        raise ConfigError("A part is written I/N, e.g. 2/8 for the second of eight.")
    return int(first), int(n)
