"""``predict``: what is judged of records, as a table or one JSON document, and ``--check`` of a report."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecgapp.analysis import Findings, InstalledModels, Judgement, OpenedECG, open_model
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.findings import task_of
from ecgapp.analysis.judgement.judgement_document import CriticalDocument, critical_document, judged
from ecgapp.config import DISCLAIMER, Settings
from ecgapp.errors import RecordError
from ecgapp.models import ModelCard
from ecgapp.records import read_record
from ecgapp.signals import remarks
from ecgapp.storage import documents

_FIRST_CHOICE = "nine_class"


@dataclass(frozen=True, eq=False)
class RecordAnswer:
    """The judgement and findings of one record; ``findings`` are None if ``no_labels`` says why."""

    name: str
    ecg: OpenedECG
    judgement: Judgement
    card: ModelCard | None
    findings: Findings | None
    no_labels: str


def predict(arguments: Namespace, settings: Settings) -> int:
    """Judge each record; one that cannot be opened is named on standard error, and the rest go on.

    The exit code is 1 where a record could not be opened. One whose labels are refused, or that no
    classifier takes, was judged: it has its critical findings, its measurements and the reason.
    """
    if arguments.check is not None:
        return _check(arguments.check, arguments.files, settings)
    models = InstalledModels(settings)
    card = _classifier(arguments.model, models, settings)
    answers = []
    headers = _records(arguments.files)
    for path in headers:
        try:
            ecg = OpenedECG(read_record([path]), models)
        except RecordError as error:
            sys.stderr.write(f"{path.stem}: {error}\n")
            continue
        findings, no_labels = ecg.labels(card)
        answer = RecordAnswer(path.stem, ecg, ecg.judgement(card), card, findings, no_labels)
        answers.append(answer)
        if answer.findings is None:
            sys.stderr.write(f"{path.stem}: {answer.no_labels}\n")
        if not arguments.json:
            sys.stdout.write(_table(answer))
    if arguments.json:
        plain = [_document(answer) for answer in answers]
        sys.stdout.write(json.dumps(plain, indent=1, ensure_ascii=False) + "\n")
    elif answers:
        sys.stdout.write(f"{DISCLAIMER} All findings are unconfirmed.\n")
    return 0 if len(answers) == len(headers) else 1


def _classifier(name: str | None, models: InstalledModels, settings: Settings) -> ModelCard | None:
    """The classifier asked for, else the usual one; None where none is installed and none was asked for.

    Raises:
        ModelNotFoundError: there is no model of this name.
        ModelError: it is no classifier.
    """
    if name is not None:
        card = open_model(name, settings).card
        task_of(card)
        return card
    names = [name for name, card in models.cards().items() if card.is_classifier]
    usual = _FIRST_CHOICE if _FIRST_CHOICE in names else next(iter(names), None)
    return None if usual is None else models.cards()[usual]


def _records(files: Sequence[Path]) -> list[Path]:
    """One path a record: a signal file given beside its own header is that header's."""
    headers = {path.with_suffix("") for path in files if path.suffix.lower() == ".hea"}
    return [path for path in files if path.suffix.lower() == ".hea" or path.with_suffix("") not in headers]


def _document(answer: RecordAnswer) -> dict[str, Any]:
    ecg, findings = answer.ecg, answer.findings
    admission = ecg.admission()
    return {
        "record": answer.name,
        "model": answer.card.name if answer.card is not None else None,
        "sampling_rate": ecg.record.sampling_rate,
        "critical": [documents.to_plain(_critical(finding)) for finding in ecg.critical()],
        "judgement": {
            "severity": answer.judgement.severity.name.lower(),
            "lines": [documents.to_plain(line) for line in judged(answer.judgement)],
        },
        "heart_rate": ecg.heart_rate,
        "refused": admission.reason if admission.refused else None,
        "labels_withheld": admission.reason if admission.labels_withheld else None,
        "no_labels": answer.no_labels or None,
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
        "warnings": [*remarks(ecg.record, ecg.quality), *(findings.warnings if findings else ())],
    }


def _critical(finding: CriticalFinding) -> CriticalDocument:
    """The finding's document, with its times to the millisecond."""
    document = critical_document(finding)
    return replace(document, start_s=round(document.start_s, 3), end_s=round(document.end_s, 3))


def _table(answer: RecordAnswer) -> str:
    """The judgement, worst first, then each label with its threshold."""
    record, rate = answer.ecg.record, answer.ecg.heart_rate
    beats = "heart rate not measurable" if rate is None else f"heart rate {rate:.0f}/min"
    model = f", model {answer.card.name}" if answer.card is not None else ""
    lines = [f"{answer.name}: {record.duration:.1f} s at {record.sampling_rate:g} Hz, {beats}{model}"]
    lines += [f"  {line.severity.word.upper()}: {line.words}" for line in answer.judgement.lines]
    findings = answer.findings
    if findings is not None:
        lines.append(f"  {'finding':<10} {'probability':>11} {'threshold':>9}")
        for row in findings.rows:
            mark = "above" if row.positive else ""
            lines.append(f"  {row.label:<10} {row.probability:>11.3f} {row.threshold:>9.3f}  {mark}".rstrip())
    warnings = findings.warnings if findings is not None else ()
    lines += [f"  {warning}" for warning in (*remarks(record, answer.ecg.quality), *warnings)]
    return "\n".join(lines) + "\n"


def _check(path: Path, files: Sequence[Path], settings: Settings) -> int:
    """Compare the bundle at ``path`` with what the record in ``files`` gives now; 0 if all bits agree.

    Raises:
        RecordError: the bundle cannot be read, or the files are another record.
        ConfigError: the bundle is none.
    """
    from ecgapp.report import Bundle, reproduce  # its fonts and figures are slow to import

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
