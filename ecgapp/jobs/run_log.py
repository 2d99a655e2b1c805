"""The log file in a job's folder.

Lines of our own begin with the date and time; they are plain sentences without paths or patient data, and
the only ones that pages show. What libraries and tracebacks write stays in the file for administrators.
"""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

LOG_NAME = "log.txt"
_TAIL_BYTES = 262_144
_OWN_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


def append_line(log: Path, text: str) -> None:
    """Append one line of our own; line breaks in ``text`` become spaces.

    A log that cannot be written ends no job, and a folder that was deleted is not created again.
    """
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(text.split())}\n"
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.write(line)


def append_technical(log: Path, text: str) -> None:
    """Append indented lines, which no page shows."""
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.writelines(f"    {line}\n" for line in text.splitlines())


def tail(log: Path, n: int, technical: bool = False) -> tuple[str, ...]:
    """The last ``n`` lines of our own, or of all if ``technical``; reads the file's end only."""
    if not log.is_file():
        return ()
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return tuple([line for line in lines if technical or _OWN_LINE.match(line)][-n:])
