"""Many records through one classifier: preprocessed together, their windows in one forward pass."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ecgapp.analysis.findings import BATCH, aggregate, calibrated, task_of
from ecgapp.errors import SignalError
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.models.ensemble import Ensemble
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals import RecordQuality, beat_list, cut_windows, preprocess, record_quality
from ecgapp.worklist.item import LabelScore, Outcome

_EDGE = 1e-6  # of a probability, so that its logit is finite

Prepared = FloatArray | SignalError  # windows (n_windows, n_leads, n_samples), or why there are none


def score(records: Sequence[ECGRecord], model: TrainedModel) -> list[Outcome]:
    """What ``model`` finds in each record, as ``analysis.find`` does one by one, to float rounding.

    A record that the model cannot take has a sentence instead; the others are not touched by it.

    Raises:
        ModelError: the model is an autoencoder.
    """
    task_of(model.card)
    prepared = _prepare(records, model.card)
    answers = _answers([windows for windows in prepared if not isinstance(windows, SignalError)], model)
    return [
        described(record, sentence=str(windows))
        if isinstance(windows, SignalError)
        else described(record, next(answers))
        for record, windows in zip(records, prepared, strict=True)
    ]


def described(record: ECGRecord, scores: tuple[LabelScore, ...] = (), sentence: str = "") -> Outcome:
    """The outcome with what the signal itself tells, whether a classifier may speak or not."""
    quality = record_quality(record)
    rate = beat_list(record, quality).rate
    return Outcome(scores, rate, quality_in_words(record, quality), sentence)


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
