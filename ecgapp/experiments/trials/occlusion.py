"""Occlusion of leads and waves: the answers of a network without one lead, or without one kind of wave."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from ecgapp.analysis.measurement.delineation import delineate
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.experiments.trials.altered_signals import Span, gathered, without_lead, without_spans
from ecgapp.experiments.trials.trial_data import TrialData
from ecgapp.experiments.trials.trial_training import TrainedTrial
from ecgapp.models import TrainedModel, load_model
from ecgapp.records import ECGRecord, Wave
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows

WAVE_PARTS = ("P", "QRS", "ST", "T")
DELINEATOR = "delineator"  # the installed model that finds waves
_LONGEST_ST = 0.35  # s; a QRS without a T wave so soon behind it has no ST segment here

Spans = Mapping[str, dict[int, Sequence[Span]]]  # by part of the beat, then by row


def wave_spans(data: TrialData, rows: Rows, settings: Settings) -> Spans:
    """The spans of P, QRS, ST and T of each of ``rows``, s, in the lead with the most QRS complexes.

    A record in which no waves are found has none.

    Raises:
        ModelNotFoundError: no delineator is installed.
    """
    model = load_model((settings.weights, settings.shipped_weights), DELINEATOR)
    spans: dict[str, dict[int, Sequence[Span]]] = {part: {} for part in WAVE_PARTS}
    for row in rows.tolist():
        store = data.stores[data.records.store_of[row]]
        waves = _waves(store.record(int(data.records.row_of[row])), model)
        for part in WAVE_PARTS:
            spans[part][row] = _st_segments(waves) if part == "ST" else _of_kind(waves, part)
    return spans


def occluded_answers(trained: TrainedTrial, rows: Rows, spans: Spans) -> FloatArray:
    """Probabilities without each lead, then each part of the beat: (n_leads + 4, n_records, n_labels)."""
    records, everyone = gathered(trained.prepared.records, rows), np.arange(len(rows))
    return np.stack(
        [trained.probabilities(everyone, one) for one in _occluded(records, _renumbered(spans, rows))]
    )


def _occluded(records: RecordSet, spans: Spans) -> Iterator[RecordSet]:
    """The records without each lead, then without each part of the beat; one copy is in memory at a time."""
    for lead in range(len(records.preprocessing.leads)):
        yield without_lead(records, lead)
    for part in WAVE_PARTS:
        yield without_spans(records, spans[part])


def _renumbered(spans: Spans, rows: Rows) -> Spans:
    """The spans by the place of each row among ``rows``."""
    return {
        part: {place: by_row[row] for place, row in enumerate(rows.tolist()) if row in by_row}
        for part, by_row in spans.items()
    }


def _waves(record: ECGRecord, model: TrainedModel) -> tuple[Wave, ...]:
    try:
        delineation = delineate(record, model)
    except EcgAppError:  # a record that is too short or unreadable keeps all of its signal
        return ()
    by_lead = [delineation.waves(lead) for lead in delineation.leads]
    return max(by_lead, key=lambda waves: sum(wave.kind == "QRS" for wave in waves))


def _of_kind(waves: Sequence[Wave], kind: str) -> tuple[Span, ...]:
    return tuple((wave.onset, wave.offset) for wave in waves if wave.kind == kind)


def _st_segments(waves: Sequence[Wave]) -> tuple[Span, ...]:
    """The spans from the end of each QRS to the onset of the T wave behind it."""
    return tuple(
        (one.offset, two.onset)
        for one, two in pairwise(waves)
        if one.kind == "QRS" and two.kind == "T" and 0 < two.onset - one.offset < _LONGEST_ST
    )
