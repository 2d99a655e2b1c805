"""The command ``demo``: writes the built-in synthetic records as WFDB files."""

import re
import sys
from argparse import Namespace

from ecgapp.config import Settings
from ecgapp.errors import RecordError
from ecgapp.records import DEMOS, synthesise, write_wfdb


def demo(arguments: Namespace, _settings: Settings) -> int:
    """Write each demonstration record as a .hea and a .dat file."""
    for title, config in DEMOS.items():
        name = "synthetic-" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        try:
            arguments.folder.mkdir(parents=True, exist_ok=True)
            header, _ = write_wfdb(synthesise(config).record, arguments.folder, name)
        except OSError as error:
            raise RecordError("The folder cannot be written to. Choose another one.") from error
        sys.stdout.write(f"{header.name}  {title}\n")
    return 0
