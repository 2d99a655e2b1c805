"""The outcome of scoring an ECG: a classifier's scores, quality, critical findings, judgement."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.findings import Findings, find_many
from ecgapp.analysis.judgement import JudgementLine, Severity
from ecgapp.analysis.opened_ecg import OpenedECG
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import RecordQuality

SCORED, REFUSED = "scored", "refused"
WITHHELD = "labels withheld"  # readable, but the labels of the classifiers may not be shown
_LOG = logging.getLogger(__name__)
_BROKE = "Scoring it broke down for an unknown reason. Please report this."


@dataclass(frozen=True)
class LabelScore:
    """One label of one ECG; ``spread`` is the ensemble members' standard deviation in logits, 0 without."""

    label: str
    probability: float
    threshold: float
    spread: float = 0.0

    @property
    def positive(self) -> bool:
        return self.probability >= self.threshold


@dataclass(frozen=True)
class Outcome:
    """The result of scoring an ECG; ``sentence`` is the reason if there are no scores.

    ``withheld``: whether the ECG was judged without labels. ``critical`` and the lines of ``judged`` are in
    order of severity, the worst first.
    """

    scores: tuple[LabelScore, ...] = ()
    heart_rate: float | None = None  # beats per minute
    quality: str = ""  # faults of leads, in a few words
    sentence: str = ""
    critical: tuple[CriticalFinding, ...] = ()
    judged: tuple[JudgementLine, ...] = ()
    withheld: bool = False

    @property
    def state(self) -> str:
        """``SCORED``, ``WITHHELD`` or ``REFUSED``."""
        return (WITHHELD if self.withheld else REFUSED) if self.sentence else SCORED


NOT_SCORED = Outcome()
Judge = Callable[[Sequence[OpenedECG]], list[Outcome]]


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


def score_safely(ecgs: Sequence[OpenedECG], judge: Judge) -> list[Outcome]:
    """The outcomes of all ECGs together; after an error one by one, so that only its cause is refused."""
    if not ecgs:
        return []
    try:
        return judge(ecgs)
    except Exception as error:
        if len(ecgs) > 1:
            return [outcome for ecg in ecgs for outcome in score_safely([ecg], judge)]
        return [broken(error)]


def broken(error: Exception) -> Outcome:
    """The outcome of an ECG that cannot be scored; only the kind of an unexpected error is logged."""
    if isinstance(error, EcgAppError):
        return Outcome(sentence=str(error))
    _LOG.error("Scoring an ECG broke down: %s", type(error).__name__)
    return Outcome(sentence=_BROKE)


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
