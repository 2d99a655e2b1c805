"""An installation in an empty folder, asked through the command line, in this process."""

import contextlib
import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgapp.__main__ import main as app
from ecgapp.config import Settings
from ecgapp.datasets import ImportOptions, import_dataset
from ecgapp.storage import documents

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00)?")
TIMES = ("time (UTC)", "added", "scored", "opened")  # columns that are not compared
CARD = ("created", "command", "pretrained", "code_version")  # of a model's origin; names of runs are random


@dataclass(frozen=True)
class Home:
    """An installation in the folder ``home``, which the environment names."""

    home: Path

    @property
    def settings(self) -> Settings:
        """The folders of this home."""
        return Settings(self.home)

    def command(self, *words: object) -> dict[str, Any]:
        """The exit code of ``python -m ecgapp`` and its lines; a JSON document where it printed one."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = app([str(word) for word in words])
        text = out.getvalue()
        output = json.loads(text) if text.startswith(("[", "{\n")) else self.lines(text)
        return {"exit": code, "out": output, "err": self.lines(err.getvalue())}

    def lines(self, text: str) -> list[str]:
        """The lines of ``text`` without times and without the names of our folders."""
        plain = text.replace(str(self.home.resolve()), "HOME").replace(str(self.home), "HOME")
        return TIME.sub("TIME", plain).splitlines()

    def imported(self, layout: str, source: Path, name: str) -> dict[str, Any]:
        """The report of an import, and what the data set's description says."""
        report = import_dataset(layout, source, self.settings.stores / name, ImportOptions(workers=1))
        manifest = json.loads((self.settings.stores / name / "manifest.json").read_text("utf-8"))
        del manifest["created"]
        return {"report": documents.to_plain(report), "manifest": manifest}

    def model(self, folder: Path, name: str) -> dict[str, Any]:
        """The weights' sha256, and the card, of the one model ``name`` somewhere below ``folder``."""
        (weights,) = folder.rglob(f"{name}.safetensors")
        card = json.loads(weights.with_suffix(".json").read_text("utf-8"))
        made = {key: value for key, value in card.pop("provenance").items() if key not in CARD}
        return {"weights": hashlib.sha256(weights.read_bytes()).hexdigest(), "card": card, "provenance": made}


def table_rows(table: str) -> list[dict[str, Any]]:
    """The rows of a CSV table without its times."""
    rows = csv.DictReader(io.StringIO(table))
    return [dict(zip(row, numbers([list(row.values())])[0], strict=True)) for row in map(_timeless, rows)]


def _timeless(row: dict[str, str]) -> dict[str, str]:
    return {column: cell for column, cell in row.items() if column not in TIMES}


def numbers(rows: list[list[str]]) -> list[list[float | str]]:
    """Cells that are numbers as numbers, so that they are compared as such."""
    return [[_number(cell) for cell in row] for row in rows]


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
