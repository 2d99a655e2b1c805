"""``predict --check``: are the numbers of a bundle those that this record and this machine give?"""

import sys
from collections.abc import Sequence
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.errors import RecordError
from ecgapp.records import read_record
from ecgapp.report import Bundle, reproduce
from ecgapp.storage import documents


def check(path: Path, files: Sequence[Path], settings: Settings) -> int:
    """Compare the bundle at ``path`` with what the record in ``files`` gives now; 0 if all bits agree.

    Raises:
        RecordError: the bundle cannot be read, or the files are another record.
        ConfigError: the bundle is none.
    """
    try:
        bundle = documents.load(Bundle, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError("The bundle cannot be read. Choose the JSON file of a report.") from error
    differences = reproduce(bundle, read_record(files), settings)
    for sentence in differences:
        sys.stderr.write(f"{sentence}\n")
    if differences:
        return 1
    what = (
        "tracing only" if bundle.model is None else f"{len(bundle.predictions)} classes, {bundle.model.name}"
    )
    sys.stdout.write(f"The same to the last bit: {what}.\n")
    return 0
