"""``predict``: what a model finds in records, as a table or as one JSON document."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ecgapp import documents
from ecgapp.analysis import Admission, Findings, Gates, available_models, find, open_model
from ecgapp.config import DISCLAIMER, Settings
from ecgapp.errors import ModelNotFoundError, RecordError, SignalError
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord, read_record
from ecgapp.signals import remarks

_FIRST_CHOICE = "nine_class"


def predict(arguments: Namespace, settings: Settings) -> int:
    """Score each record; one that is refused is told on standard error, and the rest go on.

    One whose labels are withheld stays in the JSON document, with the reason and without findings.
    """
    if arguments.check is not None:
        from ecgapp.cli.checking import check  # a report's fonts and figures are slow to import

        return check(arguments.check, arguments.files, settings)
    model = open_model(arguments.model or _default_model(settings), settings)
    gates = Gates(settings)
    told, n_refused = [], 0
    headers = _records(arguments.files)
    for path in headers:
        try:
            record = read_record([path])
            admission = gates.admit(record)
            findings = None if admission.labels_withheld else find(record, model)
        except (RecordError, SignalError) as error:
            sys.stderr.write(f"{path.stem}: {error}\n")
            continue
        told.append(_document(path.stem, record, model, findings, admission))
        if findings is None:
            n_refused += 1
            sys.stderr.write(f"{path.stem}: {admission.reason}\n")
        elif not arguments.json:
            sys.stdout.write(_table(path.stem, record, model, findings))
    if arguments.json:
        sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    elif len(told) > n_refused:
        sys.stdout.write(f"{DISCLAIMER} All findings are unconfirmed.\n")
    return 0 if len(told) - n_refused == len(headers) else 1


def _default_model(settings: Settings) -> str:
    names = [name for name, card in available_models(settings).items() if card.is_classifier]
    if not names:
        raise ModelNotFoundError("There is no classifier on this machine. Train and promote one first.")
    return _FIRST_CHOICE if _FIRST_CHOICE in names else names[0]


def _records(files: list[Path]) -> list[Path]:
    """One path a record: a signal file given beside its own header is that header's."""
    headers = {path.with_suffix("") for path in files if path.suffix.lower() == ".hea"}
    return [path for path in files if path.suffix.lower() == ".hea" or path.with_suffix("") not in headers]


def _document(
    name: str, record: ECGRecord, model: TrainedModel, findings: Findings | None, admission: Admission
) -> dict[str, Any]:
    return {
        "record": name,
        "model": model.card.name,
        "sampling_rate": record.sampling_rate,
        "admission": documents.to_plain(admission),
        "findings": [
            {
                "label": row.label,
                "probability": row.probability,
                "threshold": row.threshold,
                "positive": row.positive,
            }
            for row in (findings.rows if findings else ())
        ],
        "warnings": [*remarks(record), *(findings.warnings if findings else ())],
    }


def _table(name: str, record: ECGRecord, model: TrainedModel, findings: Findings) -> str:
    lines = [f"{name}: {record.duration:.1f} s at {record.sampling_rate:g} Hz, model {model.card.name}"]
    lines.append(f"  {'finding':<10} {'probability':>11} {'threshold':>9}")
    for row in findings.rows:
        mark = "above" if row.positive else ""
        lines.append(f"  {row.label:<10} {row.probability:>11.3f} {row.threshold:>9.3f}  {mark}".rstrip())
    lines += [f"  {warning}" for warning in (*remarks(record), *findings.warnings)]
    return "\n".join(lines) + "\n"
