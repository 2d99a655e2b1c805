"""The results of the app for one ECG, as plain values."""

import io
import subprocess
from datetime import UTC, datetime
from typing import Any

import matplotlib.image
import numpy as np

from benchmarks.behaviour.values import plain
from ecgapp import report
from ecgapp.analysis import Findings, InstalledModels, Measurements, OpenedECG, SaliencyQuestion
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.report import ReportRequest
from ecgapp.reviews import Review
from ecgapp.signals import remarks
from ecgapp.storage import documents

MADE = datetime(2026, 1, 1, tzinfo=UTC)
CLASSIFIERS = ("nine_class", "ptbxl_superclass")
# Of a report's document: versions, its time, a hash of floats, and the cards, which are kept once.
NOT_COMPARED = ("software", "made", "values_sha256", "model", "delineator")
GRID = (20, 28)  # fields of a picture whose mean brightness is kept


def answers(record: ECGRecord, models: InstalledModels, printed: bool = True) -> dict[str, object]:
    """All results for ``record``, with its report if ``printed``."""
    ecg = OpenedECG(record, models)
    cards = [models.cards()[name] for name in CLASSIFIERS]
    judgement = ecg.judgement(cards[0])
    result: dict[str, object] = {
        "record": _facts(record),
        "quality": _quality(ecg),
        "heart_rate": ecg.heart_rate,
        "beats": plain(ecg.beats.peaks),
        "admission": plain(documents.to_plain(ecg.admission())),
        "readability": plain(documents.to_plain(ecg.readability())),
        "ventricular": _ventricular(ecg),
        "measurements": _measurements(ecg.measurements()),
        "rules": {label: [str(one.presence), one.words] for label, one in ecg.rules().items()},
        "critical": plain(ecg.critical()),
        "judgement": [[line.severity.name, line.words, line.source] for line in judgement.lines],
        "classifiers": {card.name: _findings(ecg, card) for card in cards},
    }
    if printed:
        result |= printed_report(ecg, cards[0])
    return result


def printed_report(ecg: OpenedECG, card: ModelCard, review: Review | None = None) -> dict[str, Any]:
    """The report: the words of its PDF, its JSON document, its picture; and the map of the first class."""
    contents = report.gather(ecg, card, ReportRequest("An ECG", MADE, review=review))
    made: dict[str, Any] = {}
    if contents.evidence is not None:
        made["support"] = plain(ecg.support(card, {}))
        made["explanation"] = _explanation(ecg, card, contents.evidence.findings)
    made["report_json"] = _without(documents.to_plain(report.bundle(contents)), NOT_COMPARED)
    made["report_text"] = _pdf_lines(report.pdf(contents))
    made["report_picture"] = plain(_brightness(report.png(contents)))
    return made


def all_explanations(record: ECGRecord, models: InstalledModels) -> dict[str, object]:
    """The maps of all methods for the first class of each classifier, and how reliable they are."""
    result: dict[str, object] = {}
    for name in CLASSIFIERS:
        ecg, card = OpenedECG(record, models), models.cards()[name]
        examined = ecg.examined(card, _first_question(ecg.findings(card)))
        maps = {method: _map(one.values) for method, one in examined.explanations.items()}
        result[name] = {"maps": maps, "reliability": plain(examined.examination.reliability)}
    return result


def _facts(record: ECGRecord) -> dict[str, object]:
    facts = ("leads", "derived", "sampling_rate", "units", "codes", "warnings", "synthetic")
    values = {name: plain(getattr(record, name)) for name in facts}
    return {**values, "fingerprint": fingerprint(record), "signal": plain(record.signal)}


def _quality(ecg: OpenedECG) -> dict[str, object]:
    quality = ecg.quality
    return {
        "badges": {lead.lead: list(lead.faults) for lead in quality.leads if lead.faults},
        "sentences": list(quality.sentences),
        "remarks": remarks(ecg.record, quality),
        "limb_reversal": quality.limb_reversal,
        "pacing": plain(quality.pacing),
        "einthoven": plain(quality.einthoven),
    }


def _ventricular(ecg: OpenedECG) -> object:
    result = ecg.ventricular()
    return (
        None if result is None else {"runs": plain(result.runs), "probabilities": plain(result.probabilities)}
    )


def _measurements(measured: Measurements | None) -> object:
    if measured is None:
        return None
    names = ("st_levels", "j_levels", "warnings", "start", "end", "rhythm", "atrial", "paced", "doubt")
    rows = {row.name: [row.value, row.unit, row.normal, row.how, row.reason] for row in measured.rows}
    return {"rows": plain(rows), **{name: plain(getattr(measured, name)) for name in names}}


def _findings(ecg: OpenedECG, card: ModelCard) -> object:
    """Probabilities and thresholds, whether the gate lets them be shown or not."""
    try:
        result = ecg.findings(card)
    except EcgAppError as error:
        return str(error)
    rows = {row.label: [row.probability, row.threshold, row.positive] for row in result.rows}
    windows = plain(result.window_probabilities)
    return {"shown": ecg.labels(card)[1], "rows": rows, "windows": windows, "warnings": list(result.warnings)}


def _first_question(findings: Findings) -> SaliencyQuestion:
    return SaliencyQuestion(findings.top.label, findings.best_window(findings.top.label))


def _explanation(ecg: OpenedECG, card: ModelCard, findings: Findings) -> object:
    """The map of the first class, above its threshold or not."""
    question = _first_question(findings)
    explanation = ecg.explanation(card, question)
    made = explanation.attribution
    logits = plain([made.logit, made.baseline_logit, made.completeness_error])
    return {
        "label": question.label, "window": question.window, "logits": logits, **_map(explanation.values),
    }  # fmt: skip


def _map(values: np.ndarray) -> dict[str, object]:
    return {"leads": plain(values.sum(axis=1, dtype=np.float64).tolist()), "values": plain(values)}


def _without(value: object, keys: tuple[str, ...]) -> object:
    if isinstance(value, dict):
        return {key: _without(item, keys) for key, item in value.items() if key not in keys}
    return [_without(item, keys) for item in value] if isinstance(value, list) else value


def _pdf_lines(pdf: bytes) -> list[str]:
    """The words of all pages; needs poppler's ``pdftotext``."""
    text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return [line for line in text.decode().splitlines() if line.strip()]


def _brightness(png: bytes) -> np.ndarray:
    """The mean brightness of each field of a picture: ``GRID`` fields."""
    picture = matplotlib.image.imread(io.BytesIO(png))[..., :3].mean(axis=-1, dtype=np.float64)
    rows = [band.T for band in np.array_split(picture, GRID[0])]
    return np.array([[field.mean() for field in np.array_split(band, GRID[1])] for band in rows])
