"""The outcomes of ECGs of the worklist: a classifier's scores, quality, critical findings, judgement."""

from collections.abc import Sequence

from ecgapp.analysis import Findings, OpenedECG, Severity, find_many
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import RecordQuality
from ecgapp.worklist.item import LabelScore, Outcome


def score(ecgs: Sequence[OpenedECG], model: TrainedModel) -> list[Outcome]:
    """The outcome of each ECG by ``model``, as ``analysis.find`` has it one by one, to float rounding.

    An ECG that the gate refuses, or that the model cannot take, has a sentence instead of scores; the others
    are not touched by it. Critical findings and judgement are those of every ECG.

    Raises:
        ModelError: the model is an autoencoder.
    """
    refusals = [_refusal(ecg) for ecg in ecgs]
    admitted = [ecg.record for ecg, refusal in zip(ecgs, refusals, strict=True) if not refusal]
    findings = iter(find_many(admitted, model))
    answers = [refusal or next(findings) for refusal in refusals]
    return [
        described(ecg, model.card, _scores(answer))
        if isinstance(answer, Findings)
        else described(ecg, model.card, sentence=str(answer))
        for ecg, answer in zip(ecgs, answers, strict=True)
    ]


def _scores(findings: Findings) -> tuple[LabelScore, ...]:
    labels = zip(findings.rows, findings.spread.tolist(), strict=True)
    return tuple(LabelScore(row.label, row.probability, row.threshold, spread) for row, spread in labels)


def _refusal(ecg: OpenedECG) -> str:
    """The reason why the gate lets no label through, or ""."""
    judged = ecg.admission()
    return judged.reason if judged.labels_withheld else ""


def described(
    ecg: OpenedECG, card: ModelCard | None = None, scores: tuple[LabelScore, ...] = (), sentence: str = ""
) -> Outcome:
    """The outcome with everything that is found in the ECG, whether a classifier may speak or not."""
    words = quality_in_words(ecg.record, ecg.quality)
    judged = ecg.judge(scores, card, sentence)
    withheld = bool(sentence) and not ecg.admission().refused
    without_beats = any(one.source == "gate" for one in judged.of(Severity.CRITICAL))
    rate = None if without_beats else ecg.heart_rate
    return Outcome(scores, rate, words, sentence, ecg.critical(), judged.lines, withheld)


def quality_in_words(record: ECGRecord, quality: RecordQuality) -> str:
    """``RA/LA swapped?; no signal: V1, V2; clipped: II``, and what the file left open."""
    leads: dict[str, list[str]] = {}
    for lead in quality.leads:
        for fault in lead.faults:
            leads.setdefault(fault, []).append(lead.lead)
    whole = {
        f"{quality.limb_reversal} swapped?": bool(quality.limb_reversal),
        "I + III is not II": not quality.adds_up,
        "pacing spikes": bool(quality.pacing),
    }
    words = [fault for fault, present in whole.items() if present]
    words += [f"{fault}: {_listed(named, record)}" for fault, named in leads.items()]
    return "; ".join([*words, "calibration assumed"] if record.calibration_assumed else words)


def _listed(leads: Sequence[str], record: ECGRecord) -> str:
    return "all leads" if len(leads) == record.n_leads > 1 else ", ".join(leads)
