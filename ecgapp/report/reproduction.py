"""Compute a bundle's numbers again, from the same record and the same weights, and compare every bit."""

from collections.abc import Mapping
from dataclasses import replace

from ecgapp.analysis import OpenedECG, available_models, open_version
from ecgapp.analysis.judgement.judgement_document import critical_document
from ecgapp.config import Settings
from ecgapp.errors import RecordError
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.report.bundle import Bundle, figures, predictions, record_facts, relevance_of, software
from ecgapp.report.contents import gather_evidence
from ecgapp.report.finding_support import prevalences, supports
from ecgapp.storage import documents


def reproduce(bundle: Bundle, record: ECGRecord, settings: Settings) -> tuple[str, ...]:
    """A sentence for each number of the bundle that comes out differently now; none if all are equal.

    The models are those whose weights the bundle names, also where others are in use by now; but the gate and
    the rules and networks of critical findings are those in use, whose differences are listed.

    Raises:
        RecordError: this is another record.
        WeightsMismatchError: this machine has not got those weights.
        SignalError: the model cannot take the record.
    """
    ecg = OpenedECG(record, _ModelsOf(bundle, settings))
    facts = record_facts(ecg)
    if facts.samples_sha256 != bundle.record.samples_sha256:
        raise RecordError("This is not the record of the bundle: its samples differ. Choose that record.")
    differences = _differences("The record", bundle.record, replace(facts, remarks=bundle.record.remarks))
    if bundle.admission is not None:
        differences += _differences("The gate", bundle.admission, ecg.admission())
    measured = ecg.measurements() if bundle.delineator is not None else None
    if measured is not None:
        differences += _differences("The measurements", bundle.measurements, figures(measured))
    if bundle.judgement:  # critical findings had been asked for
        differences += _of_alarms(bundle, ecg)
    if bundle.model is not None:
        differences += _of_model(bundle, ecg, bundle.model)
    return (*differences, *_differences("The software", bundle.software, software())) if differences else ()


class _ModelsOf:
    """The installed models, with the delineator that the bundle names."""

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self._settings = settings
        installed = available_models(settings)
        self._cards = {name: card for name, card in installed.items() if not card.is_delineator}
        if bundle.delineator is not None:
            self._cards[bundle.delineator.name] = bundle.delineator

    def cards(self) -> Mapping[str, ModelCard]:
        """The cards by name."""
        return self._cards

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model of exactly this card.

        Raises:
            WeightsMismatchError: its weights are gone or damaged.
        """
        return open_version(card, self._settings)


def _of_alarms(bundle: Bundle, ecg: OpenedECG) -> list[str]:
    """A sentence for each difference between the bundle's critical findings and those found now."""
    now = {one.kind: one for one in map(critical_document, ecg.critical())}
    then = {one.kind: one for one in bundle.critical}
    differences = []
    for kind in then | now:
        if kind not in now or kind not in then:
            differences.append(
                f"The critical finding {kind} is {'new' if kind in now else 'no longer found'}."
            )
            continue
        differences += _differences(f"The critical finding {kind}", then[kind], now[kind])
    return differences


def _of_model(bundle: Bundle, ecg: OpenedECG, card: ModelCard) -> list[str]:
    differences = []
    examined = bundle.relevance is not None and bool(bundle.relevance.checks)
    again = gather_evidence(ecg, card, examined)
    for then, now in zip(bundle.predictions, predictions(again.findings), strict=True):
        differences += _differences(f"The class {then.label}", then, now)
    if bundle.beside:
        stands = ecg.support(card, prevalences(bundle.beside))
        for was, comes in zip(bundle.beside, supports(tuple(stands.values())), strict=True):
            differences += _differences(f"What stands beside {was.label}", was, comes)
    return differences + _differences("The relevance", bundle.relevance, relevance_of(again))


def _differences(what: str, then: object, now: object) -> list[str]:
    """A sentence for each field in which two documents of a kind differ; floats in all their digits."""
    before, after = documents.to_plain(then) or {}, documents.to_plain(now) or {}
    return [
        f"{what}: {name} was {before.get(name)}, now it is {after.get(name)}."
        for name in before | after
        if before.get(name) != after.get(name)
    ]
