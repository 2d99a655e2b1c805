"""Many records through one classifier: preprocessed together, their windows in one forward pass."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ecgapp.analysis import OpenedECG, Severity
from ecgapp.analysis.findings import BATCH, aggregate, calibrated, task_of
from ecgapp.errors import SignalError
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.models.networks.ensemble import Ensemble
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals import RecordQuality, cut_windows, preprocess
from ecgapp.worklist.item import LabelScore, Outcome

_EDGE = 1e-6  # of a probability, so that its logit is finite

Prepared = FloatArray | SignalError  # windows (n_windows, n_leads, n_samples), or why there are none


def score(ecgs: Sequence[OpenedECG], model: TrainedModel) -> list[Outcome]:
    """What ``model`` finds in each ECG, as ``analysis.find`` does one by one, to float rounding.

    An ECG that the gate refuses, or that the model cannot take, has a sentence instead of scores; the others
    are not touched by it. Critical findings and judgement are those of every ECG.

    Raises:
        ModelError: the model is an autoencoder.
    """
    task_of(model.card)
    refusals = [_refusal(ecg) for ecg in ecgs]
    prepared = iter(
        _prepare([ecg.record for ecg, no in zip(ecgs, refusals, strict=True) if not no], model.card)
    )
    windows = [no or next(prepared) for no in refusals]
    answers = _answers([one for one in windows if isinstance(one, np.ndarray)], model)
    return [
        described(ecg, model.card, next(answers))
        if isinstance(one, np.ndarray)
        else described(ecg, model.card, sentence=str(one))
        for ecg, one in zip(ecgs, windows, strict=True)
    ]


def _refusal(ecg: OpenedECG) -> str:
    """Why the gate lets no label through, or ""."""
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
    words = [said for said, holds in whole.items() if holds]
    words += [f"{fault}: {_listed(named, record)}" for fault, named in leads.items()]
    return "; ".join([*words, "calibration assumed"] if record.calibration_assumed else words)


def _listed(leads: Sequence[str], record: ECGRecord) -> str:
    return "all leads" if len(leads) == record.n_leads > 1 else ", ".join(leads)


def _prepare(records: Sequence[ECGRecord], card: ModelCard) -> list[Prepared]:
    """Each record's windows. Records of one length and rate go through the filters together."""
    groups: dict[tuple[int, float], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault((record.n_samples, record.sampling_rate), []).append(place)
    prepared: dict[int, Prepared] = {}
    for places in groups.values():
        found = _prepare_alike([records[place] for place in places], card)
        prepared.update(zip(places, found, strict=True))
    return [prepared[place] for place in range(len(records))]


def _prepare_alike(records: Sequence[ECGRecord], card: ModelCard) -> list[Prepared]:
    config = card.preprocessing
    try:
        signal = np.stack([record.select(config.leads) for record in records])
        filtered = preprocess(signal, records[0].sampling_rate, config)
        return [cut_windows(each, config).windows for each in filtered]
    except SignalError as error:
        if len(records) == 1:
            return [error]
    return [_prepare_alike([record], card)[0] for record in records]


def _answers(windows: Sequence[FloatArray], model: TrainedModel) -> Iterator[tuple[LabelScore, ...]]:
    """The scores of each record, from its windows."""
    if not windows:
        return
    by_window = _member_logits(model, np.concatenate(windows))
    ends = np.cumsum([len(each) for each in windows])
    for logits in np.split(by_window, ends[:-1], axis=1):
        yield _scores(logits, model.card)


def _member_logits(model: TrainedModel, windows: FloatArray) -> FloatArray:
    """The logits of each member of an ensemble, or of the one network: (n_members, n_windows, n_labels)."""
    network = model.network
    members = list(network.members) if isinstance(network, Ensemble) else [network]
    with torch.inference_mode():
        batches = torch.split(torch.from_numpy(np.ascontiguousarray(windows)), BATCH)
        found = [torch.stack([member(batch).float() for member in members]) for batch in batches]
        logits: FloatArray = torch.cat(found, dim=1).numpy()
    return logits


def _scores(logits: FloatArray, card: ModelCard) -> tuple[LabelScore, ...]:
    """One record's scores from its windows' logits (n_members, n_windows, n_labels)."""
    together = torch.from_numpy(logits).mean(0).numpy()
    probabilities = aggregate(calibrated(together, card), card)
    members = np.stack([aggregate(calibrated(each, card), card) for each in logits])
    inside = np.clip(members.astype(np.float64), _EDGE, 1 - _EDGE)
    spread = np.log(inside / (1 - inside)).std(axis=0)
    named = zip(task_of(card).label_names, probabilities, card.thresholds, spread, strict=True)
    return tuple(LabelScore(label, float(p), line, float(s)) for label, p, line, s in named)
